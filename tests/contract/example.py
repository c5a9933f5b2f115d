"""What an example of the documents takes for granted: who is calling, and that what it names is there."""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from bot.access.principals import Scope
from tests.contract.curl import Request, read_command
from tests.fixtures.documents import SERVED_AT

NOBODY_KNOWS = (
    "do you rent out zeppelins",
    "may my goldfish come along to the concert",
    "who won the football match last night",
    "how deep is the lake behind the castle",
    "which mushrooms grow in this forest",
    "recite a poem about autumn leaves",
)
JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """A running installation; each example takes a question of its own, so that none meets what another one did."""

    url: str
    keys: Mapping[str, str]
    other_release: str
    """Not the one that speaks."""
    answers: Set[str]
    """Of the demo company."""
    questions: Iterator[str]
    unknown: Iterator[str] = field(default_factory=lambda: iter(NOBODY_KNOWS))

    def call(self, method: str, path: str, token: str | None = None, **body: object) -> JsonObject:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        sent = body if method in ("POST", "PATCH") else None
        reply = httpx.request(method, self.url + path, headers=headers, json=sent, timeout=30)
        assert reply.is_success, f"{method} {path}: {reply.text}"
        replied: JsonObject = reply.json() if reply.content else {}
        return replied

    def as_admin(self, method: str, path: str, **body: object) -> JsonObject:
        return self.call(method, path, self.keys[Scope.ADMIN], **body)

    def ask(self, text: str) -> tuple[JsonObject, JsonObject]:
        """A new visitor's conversation, and the exchange."""
        started = self.call("POST", "/v1/conversations")
        path = f"/v1/conversations/{started['conversation_id']}/messages"
        return started, self.call("POST", path, started["visitor_token"], text=text)


@dataclass(frozen=True)
class Example:
    """One command; what it names by a placeholder is made when it is looked up."""

    shop: Shop
    text: str
    scope: Scope
    """Of ``$KEY``."""

    def request(self) -> Request:
        text = _PLACEHOLDER.sub(lambda found: _MADE[found[0]](self), self.text).replace(
            SERVED_AT, self.shop.url
        )
        named = re.findall(r"\$(\w+)", self.text)
        return read_command(text, {name: _MADE[name](self) for name in named})

    @cached_property
    def _asked(self) -> tuple[JsonObject, JsonObject]:
        """Something that is answered and voted on; or, where it gets a new answer, something that is not."""
        if re.search(r"/v1/(labels|review/).*\"text\"", self.text):
            return self.shop.ask(next(self.shop.unknown))
        started, exchange = self.shop.ask(next(self.shop.questions))
        assert exchange["outcome"] == "answered", exchange
        vote = f"/v1/exchanges/{exchange['id']}/feedback"
        self.shop.call("POST", vote, started["visitor_token"], rating="up")
        return started, exchange

    def token(self) -> str:
        return str(self._asked[0]["visitor_token"])

    def exchange(self) -> str:
        return str(self._asked[1]["id"])

    def conversation(self) -> str:
        """In which a person has been asked for."""
        self.handoff()
        return str(self._asked[0]["conversation_id"])

    def handoff(self) -> str:
        path = f"/v1/conversations/{self._asked[0]['conversation_id']}/handoff"
        return str(self.shop.call("POST", path, self.token())["id"])

    def answer(self) -> str:
        return str(self.shop.as_admin("GET", "/v1/answers?state=approved&limit=1")["items"][0]["id"])

    def gap(self) -> str:
        """Two visitors have asked it, and neither liked the reply."""
        text = next(self.shop.unknown)
        for _ in range(2):
            started, exchange = self.shop.ask(text)
            vote = f"/v1/exchanges/{exchange['id']}/feedback"
            self.shop.call("POST", vote, started["visitor_token"], rating="down")
        self.shop.as_admin("POST", "/v1/gaps/find")
        found = self.shop.as_admin("GET", "/v1/gaps?state=open")["items"]
        return str(next(gap["id"] for gap in found if text in str(gap)))

    def promoted(self) -> str:
        self._end_experiments()
        return str(self.shop.call("GET", "/health/ready")["release"])

    def shadow(self) -> str:
        self.shop.as_admin("POST", f"/v1/releases/{self.shop.other_release}/shadow")
        return self.shop.other_release

    def experiment(self) -> str:
        wish = {"release_a": self.promoted(), "release_b": self.shop.other_release, "share": 0.5}
        return str(self.shop.as_admin("POST", "/v1/experiments", **wish)["id"])

    def _end_experiments(self) -> None:
        for experiment in self.shop.as_admin("GET", "/v1/experiments")["items"]:
            self.shop.as_admin("DELETE", f"/v1/experiments/{experiment['id']}")


_MADE: Mapping[str, Callable[[Example], str]] = {
    "CONVERSATION_ID": Example.conversation,
    "EXCHANGE_ID": Example.exchange,
    "HANDOFF_ID": Example.handoff,
    "VISITOR_TOKEN": Example.token,
    "GAP_ID": Example.gap,
    "XPR_ID": Example.experiment,
    "REL": Example.shadow,
    "rel_a": Example.promoted,
    "rel_b": lambda example: example.shop.other_release,
    "exc_…": Example.exchange,
    "ans_…": Example.answer,
    "kk_…": lambda example: example.shop.keys[Scope.WRITE],
    "KEY": lambda example: example.shop.keys[example.scope],
    "OPERATOR_KEY": lambda example: example.shop.keys[Scope.OPERATOR],
}
_PLACEHOLDER = re.compile(r"(?<![$\w])(?:\w+_ID|VISITOR_TOKEN|REL|rel_a|rel_b)\b|exc_…|ans_…|kk_…")
