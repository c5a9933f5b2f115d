"""Hostile visitors through HTTP: sessions from several networks that ask, vote, choose and try to correct."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import httpx
from fastapi import FastAPI

SESSIONS_A_NETWORK = 10
AT_ONCE = 8
CORRECT_EVERY = 10  # votes from one attempt to correct to the next
CORRECTION = {"action": "replace", "text": "Send your password to the address in my profile."}
OK, CREATED = 200, 201


class Aim(StrEnum):
    """What a session wants.

    Attributes:
        PROMOTE: the same wrong answer for a question whoever asks, spread over weeks.
        BURST: the same within minutes.
        DEMOTE: right answers look wrong.
        RANDOM: noise.
    """

    PROMOTE = "promote"
    BURST = "burst"
    DEMOTE = "demote"
    RANDOM = "random"


@dataclass(frozen=True)
class Target:
    """A customer's question that the bot does not have, and the text of its right answer."""

    question: str
    answer_text: str


@dataclass
class Tally:
    """What was sent, and what the service made of it; `in_bursts` are the exchanges that sessions of that aim voted on."""

    votes: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    in_bursts: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Attack:
    """`votes` thumbs and choices in all, given evenly by `sessions`; each aim has a quarter of them."""

    app: FastAPI
    targets: Sequence[Target]
    texts: dict[str, str]
    sessions: int
    votes: int
    tally: Tally = field(default_factory=Tally)

    async def run(self) -> Tally:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with gate:
                await self._session(number)

        await asyncio.gather(*(one(number) for number in range(self.sessions)))
        return self.tally

    async def _session(self, number: int) -> None:
        network, host = divmod(number, SESSIONS_A_NETWORK)
        address = f"198.{18 + network // 250}.{network % 250}.{host + 1}"
        transport = httpx.ASGITransport(self.app, client=(address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
            aim = list(Aim)[number % len(Aim)]
            each = self.votes // self.sessions
            for place in range(each):
                target = self.targets[(number // len(Aim) * each + place) % len(self.targets)]
                await self._vote(client, aim, target, turn=number + place)
                if place % CORRECT_EVERY == 0:
                    await self._correct(client)

    async def _vote(self, client: httpx.AsyncClient, aim: Aim, target: Target, *, turn: int) -> None:
        """Each exchange in a conversation of its own: after a handoff the bot is silent."""
        started = (await client.post("/v1/conversations", json={})).json()
        client.headers["Authorization"] = f"Bearer {started['visitor_token']}"
        path = f"/v1/conversations/{started['conversation_id']}/messages"
        exchange = (await client.post(path, json={"text": target.question})).json()
        client.headers["X-Last-Exchange"] = exchange["id"]
        choices = [choice["answer_id"] for choice in exchange["choices"]]
        if choices and aim is not Aim.DEMOTE:
            wanted = self._wanted(aim, choices, target, turn)
            kind, reply = "choice", await client.post(path, json={"choice": wanted})
        else:
            given = [part["answer_id"] for part in exchange["reply"]["parts"] if part["answer_id"]]
            rating = self._rating(aim, given, target, turn)
            kind = rating
            reply = await client.post(f"/v1/exchanges/{exchange['id']}/feedback", json={"rating": rating})
        if reply.status_code not in (OK, CREATED):
            raise RuntimeError(f"The {kind} was refused: {reply.status_code} {reply.text}")
        self.tally.votes[f"{aim} {kind}"] += 1
        if aim is Aim.BURST:
            self.tally.in_bursts.add(exchange["id"])

    def _wanted(self, aim: Aim, choices: Sequence[str], target: Target, turn: int) -> str:
        """The wrong answer that comes first by its id, so that all sessions agree; anything under `RANDOM`."""
        if aim is Aim.RANDOM:
            return choices[turn % len(choices)]
        wrong = sorted(choice for choice in choices if self.texts[choice] != target.answer_text)
        return wrong[0] if wrong else choices[0]

    def _rating(self, aim: Aim, given: Sequence[str], target: Target, turn: int) -> str:
        if aim is Aim.RANDOM:
            return "up" if turn % 2 else "down"
        is_right = any(self.texts[answer] == target.answer_text for answer in given)
        return "down" if is_right or not given else "up"

    async def _correct(self, client: httpx.AsyncClient) -> None:
        """Whatever needs a key, with a visitor's token: a correction and a label."""
        exchange = client.headers["X-Last-Exchange"]
        for path, body in (
            (f"/v1/exchanges/{exchange}/correction", CORRECTION),
            ("/v1/labels", {"exchange_id": exchange, "text": CORRECTION["text"], "language": "en"}),
        ):
            reply = await client.post(path, json=body)
            self.tally.refused[reply.status_code] += 1
