"""Before an answer is published: which of last week's questions would be answered otherwise.

The release that serves decides twice on each of them, with its knowledge as it is and with the change: on a copy of its
index, on a thread that lets customers go first. Nothing is stored.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.answering.given_answers import GAVE_ANSWER
from bot.answering.knowledge_lookup import servable_answers
from bot.answering.retrievals import Retrievals
from bot.db.base import now
from bot.dependencies import Parts
from bot.review.repository import asked_since
from retrieval.candidates import Retrieved
from retrieval.engine import Engine
from retrieval.person_request import asks_for_person
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever

WINDOW = timedelta(days=7)
LOOKED_AT = 3_000
"""Newest messages of the week, of which the most frequent are tried."""

TRIED = 100
NICENESS = 10
NEW = "ans_tried"
"""The id of an answer that is not stored yet."""


@dataclass(frozen=True)
class Trial:
    """An answer as it would be: ``texts`` and new questions by language; not ``given`` is a draft, retired, or not valid now."""

    answer_id: str
    texts: Mapping[str, str]
    questions: Sequence[tuple[str, str]]
    given: bool


@dataclass(frozen=True)
class Said:
    outcome: str
    answer_id: str | None
    confidence: float


@dataclass(frozen=True)
class OtherReply:
    """An utterance that would get another reply; ``count`` is how often it came."""

    utterance: str
    language: str
    count: int
    before: Said
    after: Said


@dataclass(frozen=True)
class TrialResult:
    """``tried`` different utterances; ``changed`` by falling frequency."""

    tried: int
    changed: Sequence[OtherReply]


async def try_change(parts: Parts, trial: Trial) -> TrialResult:
    """Raises NoReleaseError while nothing is served."""
    engine = parts.follower.take().engine
    async with parts.database.read() as session:
        asked = await asked_since(session, now() - WINDOW, limit=LOOKED_AT)
    counts: dict[tuple[str, str], int] = {}
    for row in asked:
        counts[row.utterance, row.language] = counts.get((row.utterance, row.language), 0) + 1
    chosen = sorted(counts, key=lambda key: (-counts[key], key))[:TRIED]
    changed_engine = await asyncio.to_thread(_with_change, engine, trial)
    before = await _retrieved(engine, chosen)
    after = await _retrieved(changed_engine, chosen)
    ids = sorted({c.answer_id for found in (*before, *after) for c in found.candidates})
    servable = await parts.database.quick.read(lambda connection: servable_answers(connection, ids))
    givable = set(servable)
    with_change = givable | {trial.answer_id} if trial.given else givable - {trial.answer_id}
    replies = [
        OtherReply(
            utterance,
            language,
            counts[utterance, language],
            _decided(engine, utterance, one, givable),
            _decided(changed_engine, utterance, other, with_change),
        )
        for (utterance, language), one, other in zip(chosen, before, after, strict=True)
    ]
    differing = [reply for reply in replies if _differ(reply.before, reply.after)]
    return TrialResult(len(chosen), sorted(differing, key=lambda reply: -reply.count))


def _with_change(engine: Engine, trial: Trial) -> Engine:
    """The same engine with the change, on a view of its own."""
    view = engine.retriever.view
    retriever = Retriever(engine.retriever.encoder, view)
    own = {view.passages[n].language: n for n in view.passage_numbers.get(trial.answer_id, ())}
    if not trial.given:
        retriever.apply(
            remove_questions=view.question_numbers.get(trial.answer_id, ()), remove_passages=own.values()
        )
        return replace(engine, retriever=retriever)
    next_passage, next_question = max(view.passages, default=0) + 1, max(view.questions, default=0) + 1
    passages = [
        PassageRecord(own.get(language, next_passage + place), trial.answer_id, text, language)
        for place, (language, text) in enumerate(trial.texts.items())
    ]
    questions = [
        QuestionRecord(next_question + place, trial.answer_id, text, language)
        for place, (text, language) in enumerate(trial.questions)
    ]
    retriever.apply(upsert=Knowledge(questions, passages))
    return replace(engine, retriever=retriever)


async def _retrieved(engine: Engine, asked: Sequence[tuple[str, str]]) -> list[Retrieved]:
    retrievals = Retrievals(1, niceness=NICENESS)
    try:
        waiting = [retrievals.submit(engine, utterance, language=language) for utterance, language in asked]
        return list(await asyncio.gather(*map(asyncio.wrap_future, waiting)))
    finally:
        retrievals.close()


def _decided(engine: Engine, utterance: str, retrieved: Retrieved, givable: set[str]) -> Said:
    kept = tuple(c for c in retrieved.candidates if c.answer_id in givable)
    decision = engine.decide(replace(retrieved, candidates=kept), asks_for_person=asks_for_person(utterance))
    gave = decision.outcome.value in GAVE_ANSWER
    answer_id = decision.answers[0].candidate.answer_id if gave and decision.answers else None
    return Said(decision.outcome.value, answer_id, decision.confidence)


def _differ(before: Said, after: Said) -> bool:
    return (before.outcome, before.answer_id) != (after.outcome, after.answer_id)
