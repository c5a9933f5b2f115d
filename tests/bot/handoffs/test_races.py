"""Two at once: workers with connections of their own to one database, many times over, on both kinds.

The steps are the very functions that endpoints and console call, each in its transaction.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, select

from bot.access.principals import VisitorPrincipal
from bot.answering.understanding import Understood, understand
from bot.conversations.service import answer_text, hand_over_unanswered
from bot.db.base import new_id, now
from bot.db.conversation_tables import Conversation, Handoff, Message
from bot.db.engine import Database
from bot.errors import HandoffStateError
from bot.handoffs import service
from bot.handoffs.schemas import AgentReplyIn
from bot.handoffs.texts import handoff_texts
from bot.handoffs.waiting import attend_to_waiting
from bot.settings import HandoffSettings, Settings

ROUNDS = 8
HANDOFFS = HandoffSettings()
VISITOR = VisitorPrincipal("vis_1", "ste_default")
QUESTION, ANSWER = "Can I return something?", "You can send it back within thirty days."
EN = handoff_texts("en")
Work = Callable[[Connection], Any]


@dataclass(frozen=True)
class Agent:
    id: str

    @property
    def name(self) -> str:
        return f"key:{self.id}"


ANA, BO = Agent("ana"), Agent("bo")


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[list[Database]]:
    """Two processes' worth of connections; the fixture ``database`` is a third."""
    opened = [Database.open(database_url) for _ in range(2)]
    yield opened
    for each in opened:
        await each.close()


@pytest.fixture
async def understood(app: FastAPI) -> Understood:
    """What the bot was about to reply to when a person took over."""
    return await understand(
        QUESTION, follower=app.state.parts.follower, languages=("en", "zh"), conversation_language="en"
    )


async def started(database: Database) -> str:
    id = new_id("cnv")
    async with database.write() as session:
        session.add(
            Conversation(
                id=id, site_id="ste_default", channel="widget", state="bot", language="en", details={}
            )
        )
    return id


async def asked(database: Database) -> tuple[str, str]:
    """A conversation that waits for a person, and its handoff."""
    id = await started(database)
    handoff = await database.quick.write(
        lambda c: service.ask_for_person(c, id, reason="test", asked_by=VISITOR, settings=Settings())
    )
    return id, handoff.id


async def both(workers: list[Database], *works: Work) -> list[Any]:
    """Each on a worker of its own, at once; what it returned, or how it was refused."""
    writes = [worker.quick.write(work) for worker, work in zip(workers, works, strict=True)]
    return await asyncio.gather(*writes, return_exceptions=True)


async def said(database: Database, id: str) -> list[tuple[str, str]]:
    async with database.read() as session:
        rows = await session.execute(
            select(Message.role, Message.text).where(Message.conversation_id == id).order_by(Message.position)
        )
        return [(role, text) for role, text in rows]


async def state_of(database: Database, id: str) -> tuple[str, list[str]]:
    async with database.read() as session:
        state = (await session.execute(select(Conversation.state).where(Conversation.id == id))).scalar_one()
        handoffs = select(Handoff.state).where(Handoff.conversation_id == id).order_by(Handoff.id)
        return state, list((await session.execute(handoffs)).scalars())


def take(handoff_id: str, agent: Agent) -> Work:
    return lambda c: service.take(c, handoff_id, agent=agent, settings=HANDOFFS)


def answer(id: str, understood: Understood) -> Work:
    return lambda c: answer_text(c, id, understood, said_by=VISITOR, settings=HANDOFFS)


def reply(id: str, agent: Agent = ANA) -> Work:
    return lambda c: service.reply_as_agent(c, id, AgentReplyIn(text="Hello, this is Ana."), agent=agent)


async def test_of_two_operators_exactly_one_takes_it(database: Database, workers: list[Database]) -> None:
    winners: Counter[str] = Counter()
    for _ in range(ROUNDS):
        id, handoff_id = await asked(database)
        ended = await both(workers, take(handoff_id, ANA), take(handoff_id, BO))

        refused = [each for each in ended if isinstance(each, HandoffStateError)]
        assert len(refused) == 1, ended
        holder = ANA if isinstance(ended[1], HandoffStateError) else BO
        assert refused[0].errors == [{"state": "person", "held_by": holder.name}]
        assert [text for _, text in await said(database, id)].count(EN.taken) == 1
        winners[holder.name] += 1
    assert sum(winners.values()) == ROUNDS


async def test_message_and_takeover_at_once_leave_a_reply_before_it_or_none(
    database: Database, workers: list[Database], understood: Understood
) -> None:
    for _ in range(ROUNDS):
        id, handoff_id = await asked(database)
        row, taken = await both(workers, answer(id, understood), take(handoff_id, ANA))

        assert taken.state == "person"
        transcript = await said(database, id)
        roles = [role for role, _ in transcript]
        assert ("customer", QUESTION) in transcript, "the message is kept whoever comes first"
        if row["rule"] == "person_is_here":
            assert "bot" not in roles
            assert row["reply"]["text"] == ""
        else:
            assert transcript[1:] == [("customer", QUESTION), ("bot", ANSWER), ("system", EN.taken)]


async def test_reply_computed_before_the_takeover_is_dropped(
    database: Database, understood: Understood
) -> None:
    id, handoff_id = await asked(database)
    await database.quick.write(take(handoff_id, ANA))

    row = await database.quick.write(answer(id, understood))

    assert (row["rule"], row["outcome"], row["candidates"]) == ("person_is_here", "handed_off", [])
    assert (await said(database, id))[-1] == ("customer", QUESTION)


async def test_many_messages_around_a_takeover_get_no_reply_after_it(
    database: Database, workers: list[Database], understood: Understood
) -> None:
    id, handoff_id = await asked(database)
    works = [answer(id, understood) for _ in range(10)]
    works.insert(5, take(handoff_id, ANA))
    await asyncio.gather(*(workers[n % 2].quick.write(work) for n, work in enumerate(works)))

    transcript = await said(database, id)
    after = transcript[transcript.index(("system", EN.taken)) :]
    assert [text for role, text in transcript if role == "customer"] == [QUESTION] * 10
    assert {role for role, _ in after} <= {"system", "customer"}


@pytest.mark.parametrize("ending", ["hand_back", "close", "withdraw"])
async def test_agents_reply_and_the_end_at_once_lose_nothing(
    database: Database, workers: list[Database], ending: str
) -> None:
    for _ in range(ROUNDS):
        id, handoff_id = await asked(database)
        await database.quick.write(take(handoff_id, ANA))
        ends: Work = partial(service.withdraw, conversation_id=id)
        if ending != "withdraw":
            step = getattr(service, ending)
            ends = partial(step, handoff_id=handoff_id, agent=ANA, settings=HANDOFFS)

        replied, ended = await both(workers, reply(id), ends)

        assert not isinstance(ended, Exception)
        state, handoffs = await state_of(database, id)
        assert (state, handoffs) == (
            ("closed", ["closed"]) if ending == "close" else ("bot", ["handed_back"])
        )
        transcript = await said(database, id)
        if isinstance(replied, HandoffStateError):
            assert "agent" not in [role for role, _ in transcript], "refused and not said"
        else:
            assert [role for role, _ in transcript][-2:] == ["agent", "system"], "said while it was theirs"


async def test_visitor_asks_twice_at_once_and_one_handoff_is_opened(
    database: Database, workers: list[Database]
) -> None:
    for _ in range(ROUNDS):
        id = await started(database)
        ask = partial(
            service.ask_for_person, conversation_id=id, reason="test", asked_by=VISITOR, settings=Settings()
        )
        first, second = await both(workers, ask, ask)

        assert first.id == second.id
        assert len(await said(database, id)) == 1


@pytest.mark.parametrize(("after", "told", "left"), [(4, "reminded", "waiting"), (16, "returned", "missed")])
async def test_clocks_of_two_workers_do_it_once(
    database: Database, workers: list[Database], after: int, told: str, left: str
) -> None:
    ids = [(await asked(database))[0] for _ in range(5)]
    at = now() + timedelta(minutes=after)

    done = await asyncio.gather(*(attend_to_waiting(worker, HANDOFFS, at=at) for worker in workers))

    assert sum(done) == len(ids), told
    for id in ids:
        assert len(await said(database, id)) == 2
        assert (await state_of(database, id))[1] == [left]


async def test_takeover_at_the_moment_of_giving_up_is_one_or_the_other(
    database: Database, workers: list[Database]
) -> None:
    for _ in range(ROUNDS):
        id, handoff_id = await asked(database)
        at = now() + timedelta(minutes=16)
        await asyncio.gather(
            workers[0].quick.write(take(handoff_id, ANA)), attend_to_waiting(workers[1], HANDOFFS, at=at)
        )

        # Whoever came second: a missed handoff can be taken, a taken one is not given up at once.
        assert await state_of(database, id) == ("person", ["person"])
        assert (await said(database, id))[-1] == ("system", EN.taken)


async def test_bot_that_fails_while_a_person_takes_over_says_nothing_after_it(
    database: Database, workers: list[Database]
) -> None:
    for _ in range(ROUNDS):
        id, handoff_id = await asked(database)
        fails = partial(
            hand_over_unanswered, conversation_id=id, utterance=QUESTION, settings=Settings(), started=0.0
        )
        row, _ = await both(workers, fails, take(handoff_id, ANA))

        assert row["rule"] in ("person_is_here", "bot_failed")
        roles = [role for role, _ in await said(database, id)]
        assert roles.count("bot") == (row["rule"] == "bot_failed")
        if row["rule"] == "person_is_here":
            assert roles == ["system", "system", "customer"]
