"""Reads what people said about utterances lately, as ``bot.feedback.trust`` wants it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import GAVE_ANSWER
from bot.db.base import JsonObject
from bot.db.conversation_tables import Conversation, Exchange, Feedback
from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.feedback.repository import COUNTS
from bot.feedback.trust import Decided, Kind, Surroundings, Trust, Voice, crowds
from bot.knowledge.folding import folded_hash
from retrieval.decision import Outcome

PAGE = 1000
_KINDS = {"up": Kind.UP, "down": Kind.DOWN}


@dataclass
class Heard:
    """What was said about utterances of one form; the words are those of the newest."""

    folded: str
    utterance: str
    language: str
    exchange_id: str | None
    candidates: list[JsonObject]
    voices: list[Voice] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    def surroundings(self, shown_to: Mapping[str, int]) -> Surroundings:
        neighbours = {row["answer_id"]: float(row.get("support", 0.0)) for row in self.candidates}
        return Surroundings(shown_to=shown_to, neighbours=neighbours)


async def hear(session: AsyncSession, *, since: datetime) -> list[Heard]:
    """All utterances that visitors said something about since then, with the labels that people gave to them."""
    heard: dict[str, Heard] = {}
    said = [*await _choices(session, since), *await _votes(session, since)]
    for newest in sorted(said, key=lambda each: each.voices[0].at):
        known = heard.get(newest.folded)
        if known is not None:
            known.voices += newest.voices
            newest.voices = known.voices
        heard[newest.folded] = newest
    _count_crowds(heard.values())
    for folded, decided in await _decided(session, heard):
        heard[folded].decided.append(decided)
    return sorted(heard.values(), key=lambda h: h.folded)


async def shown_to(session: AsyncSession, answers: Collection[str], *, since: datetime) -> dict[str, int]:
    """How many visitors got each of the answers, or had it among the choices."""
    seen: dict[str, set[str]] = {answer_id: set() for answer_id in answers}
    given = Exchange.reply["parts"][0]["answer_id"].as_string()
    gave = (Exchange.outcome.in_(GAVE_ANSWER), given.in_(answers))
    for answer_id, visitor_id in await session.execute(_by_visitor(given, *gave, since=since).distinct()):
        seen[answer_id].add(visitor_id)
    last = ""
    while page := await _offered(session, after=last, since=since):
        last = page[-1].id
        for row in page:
            for choice in row.choices:
                if choice["answer_id"] in seen:
                    seen[choice["answer_id"]].add(row.visitor_id)
    return {answer_id: len(visitors) for answer_id, visitors in seen.items()}


async def _offered(session: AsyncSession, *, after: str, since: datetime) -> Sequence[Row[Any]]:
    asked_back = Exchange.outcome == Outcome.CLARIFIED.value
    offered = _by_visitor(Exchange.choices, asked_back, Exchange.id > after, since=since)
    page = offered.add_columns(Exchange.id).order_by(Exchange.id).limit(PAGE)
    return (await session.execute(page)).all()


def _by_visitor(column: Any, *where: ColumnElement[bool], since: datetime) -> Select[Any]:
    return (
        select(column, Conversation.visitor_id)
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .where(*where, Exchange.created_at >= since, Conversation.visitor_id.is_not(None))
    )


async def _choices(session: AsyncSession, since: datetime) -> list[Heard]:
    waiting = (Label.state == LabelState.CANDIDATE, Label.withdrawn_at.is_(None), Label.created_at >= since)
    statement = (
        select(Label, Exchange.candidates)
        .join(Exchange, Exchange.id == Label.exchange_id)
        .where(Label.source == LabelSource.VISITOR_CHOICE, *waiting)
        .order_by(Label.id)
    )
    found = []
    for label, candidates in await session.execute(statement):
        if label.answer_id is None:
            continue
        voice = Voice(
            label.id, Kind.CHOICE, label.answer_id, label.given_by, label.address_block, label.created_at
        )
        words = (label.utterance, label.language, label.exchange_id, candidates)
        found.append(Heard(label.folded, *words, [voice]))
    return found


async def _votes(session: AsyncSession, since: datetime) -> list[Heard]:
    """Votes on answers that the bot chose by itself; one on a visitor's own choice says nothing about their question."""
    answer_id = Exchange.reply["parts"][0]["answer_id"].as_string().label("answer_id")
    asked = (
        Exchange.id.label("asked_in"),
        Exchange.question.label("utterance"),
        Exchange.language,
        Exchange.candidates,
    )
    given = (Feedback.id, Feedback.rating, Feedback.given_by, Feedback.address_block, Feedback.created_at)
    # Not by the index on outcomes: there are far more answers than votes.
    gave_answer = func.coalesce(Exchange.outcome, "").in_(GAVE_ANSWER)
    statement = (
        select(answer_id, *asked, *given)
        .join(Exchange, Exchange.id == Feedback.exchange_id)
        .where(COUNTS, Feedback.created_at >= since, Exchange.rule != LabelSource.VISITOR_CHOICE)
        .where(gave_answer, answer_id.is_not(None))
        .order_by(Feedback.id)
    )
    return [_vote(row) for row in await session.execute(statement)]


def _vote(row: Row[Any]) -> Heard:
    kind = _KINDS[row.rating]
    voice = Voice(row.id, kind, row.answer_id, row.given_by, row.address_block, row.created_at)
    folded = folded_hash(row.utterance)
    return Heard(folded, row.utterance, row.language, row.asked_in, row.candidates, [voice])


async def _decided(session: AsyncSession, folds: Iterable[str]) -> list[tuple[str, Decided]]:
    """Labels in force that a person with a key gave or accepted, on utterances of these forms."""
    statement = select(Label).where(Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None))
    by_people = statement.where(
        Label.source.in_([LabelSource.OPERATOR, LabelSource.AGENT_REPLY]) | Label.decided_by.is_not(None)
    )
    wanted, found = sorted(folds), []
    for start in range(0, len(wanted), PAGE):
        page = by_people.where(Label.folded.in_(wanted[start : start + PAGE])).order_by(Label.id)
        for label in (await session.execute(page)).scalars():
            trust = Trust.AGENT_REPLY if label.source == LabelSource.AGENT_REPLY else Trust.OPERATOR
            found.append((label.folded, Decided(label.id, trust, label.answer_id, label.created_at)))
    return found


def _count_crowds(all_heard: Iterable[Heard]) -> None:
    """Over all utterances: a crowd that sets on an answer may come by many questions."""
    by_answer: dict[str, list[tuple[Heard, int]]] = {}
    for heard in all_heard:
        for place, voice in enumerate(heard.voices):
            by_answer.setdefault(voice.answer_id, []).append((heard, place))
    for places in by_answer.values():
        counts = crowds([heard.voices[place].at for heard, place in places])
        for (heard, place), count in zip(places, counts, strict=True):
            heard.voices[place] = replace(heard.voices[place], crowd=count)
