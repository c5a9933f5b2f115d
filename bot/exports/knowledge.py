"""Approved knowledge as a FAQ that ``kefu import`` reads; read back where it came from, it adds nothing.

A line is one answer text with the questions in its language. A question in a language that its answer has no text in,
and a text without a question in its language, get a line without ``language``, which import then tells from
the words. ``answer_key`` joins the languages of an answer; one that never had a key is known by its text.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.knowledge_tables import Answer, AnswerState, AnswerText, Question

PAGE = 200
PHRASINGS_A_LINE = 500
"""Import takes up to 1000."""


@dataclass(frozen=True)
class KnowledgePage:
    """Lines of some answers; ``left_out`` counts those that have no question in use."""

    lines: list[JsonObject]
    answers: int
    left_out: int


async def count_answers(session: AsyncSession) -> int:
    approved = select(func.count()).select_from(Answer).where(Answer.state == AnswerState.APPROVED)
    return (await session.execute(approved)).scalar_one()


async def knowledge_pages(session: AsyncSession) -> AsyncIterator[KnowledgePage]:
    """By answer id."""
    last = ""
    while answers := await _answers(session, after=last):
        last = answers[-1].id
        ids = [answer.id for answer in answers]
        texts, questions = await _texts(session, ids), await _questions(session, ids)
        lines = [
            list(_lines(answer, texts.get(answer.id, {}), questions.get(answer.id, {}))) for answer in answers
        ]
        yield KnowledgePage(
            lines=[line for of_answer in lines for line in of_answer],
            answers=len(answers),
            left_out=sum(not of_answer for of_answer in lines),
        )
        session.expunge_all()


async def _answers(session: AsyncSession, *, after: str) -> Sequence[Answer]:
    statement = select(Answer).where(Answer.state == AnswerState.APPROVED, Answer.id > after)
    return (await session.execute(statement.order_by(Answer.id).limit(PAGE))).scalars().all()


async def _texts(session: AsyncSession, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Answer id → language → text."""
    statement = select(AnswerText.answer_id, AnswerText.language, AnswerText.text)
    found: dict[str, dict[str, str]] = {}
    where = (AnswerText.answer_id.in_(ids), AnswerText.active)
    for row in await session.execute(statement.where(*where).order_by(AnswerText.language)):
        found.setdefault(row.answer_id, {})[row.language] = row.text
    return found


async def _questions(session: AsyncSession, ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Answer id → language → questions, the first one first."""
    statement = select(Question.answer_id, Question.language, Question.text)
    found: dict[str, dict[str, list[str]]] = {}
    where = (Question.answer_id.in_(ids), Question.active)
    for row in await session.execute(statement.where(*where).order_by(Question.number)):
        found.setdefault(row.answer_id, {}).setdefault(row.language, []).append(row.text)
    return found


def _lines(answer: Answer, texts: dict[str, str], questions: dict[str, list[str]]) -> Iterator[JsonObject]:
    if not (texts and questions):
        return
    for language, text in texts.items():
        if language in questions:
            yield from _split(answer, text, questions[language], language=language)
        else:
            yield from _split(answer, text, questions[min(questions)][:1], language=None)
    for language in sorted(questions.keys() - texts.keys()):
        yield from _split(answer, texts[min(texts)], questions[language], language=None)


def _split(answer: Answer, text: str, questions: list[str], *, language: str | None) -> Iterator[JsonObject]:
    for start in range(0, len(questions), PHRASINGS_A_LINE):
        first, *further = questions[start : start + PHRASINGS_A_LINE]
        line = {
            "answer_key": answer.answer_key,
            "intent": answer.intent,
            "language": language,
            "question": first,
            "phrasings": further,
            "answer": text,
            "tags": answer.tags,
            "valid_from": _moment(answer.valid_from),
            "valid_until": _moment(answer.valid_until),
        }
        yield {name: value for name, value in line.items() if value is not None}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
