"""Before an answer is added or changed: does another one say this already, or answer this question already?

The index names the nearest answers (``nearest_answers``), their words are compared here; exact copies are found in the
database even while nothing is served.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, now
from bot.dependencies import Parts
from bot.errors import RivalsError
from bot.imports.mining_groups import contradict, signs_of
from bot.knowledge import repository
from bot.knowledge.folding import text_hash
from bot.knowledge.likeness import likeness
from bot.knowledge.repository import Window
from bot.knowledge.texts import Asked
from retrieval.language import detect_language

NEARLY = 0.8
"""Of the character n-grams: one word in five to seven may differ."""
LISTED = 10


@dataclass(frozen=True)
class Rival:
    """Another approved answer: its text is nearly the new one, or one of its questions nearly the one asked."""

    kind: str
    answer_id: str
    text: str
    question_id: str | None = None


async def nearest_answers(parts: Parts, texts: Iterable[str]) -> list[str]:
    """Answers that the index finds for the texts, the nearest first; none while nothing is served."""
    serving = parts.follower.serving
    found: dict[str, None] = {}
    for text in texts if serving else ():
        assert serving is not None, "the loop is empty otherwise"
        language = detect_language(text, languages=parts.settings.languages)
        retrieved = await parts.follower.retrieve(serving, text, language=language)
        found |= {candidate.answer_id: None for candidate in retrieved.candidates}
    return list(found)


async def refuse_rivals(
    session: AsyncSession,
    *,
    text: str | None,
    question: Asked | None,
    near: Sequence[str],
    text_of: Collection[str] = (),
    question_of: Collection[str] = (),
) -> None:
    """``text_of`` and ``question_of`` are the answers that may have this text, or this question.

    Raises:
        RivalsError: there are rivals; it lists them.
    """
    rivals = await find_rivals(
        session, text=text, question=question, near=near, text_of=text_of, question_of=question_of
    )
    if rivals:
        raise RivalsError(_in_words(rivals[0]), errors=[_as_json(rival) for rival in rivals[:LISTED]])


async def find_rivals(
    session: AsyncSession,
    *,
    text: str | None,
    question: Asked | None,
    near: Sequence[str],
    text_of: Collection[str] = (),
    question_of: Collection[str] = (),
) -> list[Rival]:
    """As ``refuse_rivals``, for whoever only wants to know."""
    rivals = []
    if text is not None:
        rivals += [rival for rival in await _texts(session, text, near) if rival.answer_id not in text_of]
    if question is not None:
        found = await _questions(session, question, near)
        rivals += [rival for rival in found if rival.answer_id not in question_of]
    return rivals


async def _texts(session: AsyncSession, text: str, near: Sequence[str]) -> list[Rival]:
    stored = await repository.approved_texts(session, answer_ids=near, hashed=text_hash(text))
    alike = [(likeness(text, said), Rival("text", answer_id, said)) for answer_id, said in stored]
    return _nearest_first(alike)


async def _questions(session: AsyncSession, question: Asked, near: Sequence[str]) -> list[Rival]:
    same = await repository.rivals_of(session, [question.folded], Window(now(), None), other_than="")
    signs = signs_of(question.text)
    others = await repository.approved_questions(session, answer_ids=near)
    alike = [
        (
            likeness(question.text, other.text),
            Rival("question", other.answer_id, other.text, other.question_id),
        )
        for other in others
        if not contradict(signs, signs_of(other.text)) and _numbers(other.text) == _numbers(question.text)
    ]
    exact = [(1.0, Rival("question", other.answer_id, other.text, other.question_id)) for other in same]
    return list(dict.fromkeys(_nearest_first([*exact, *alike])))


def _nearest_first(alike: list[tuple[float, Rival]]) -> list[Rival]:
    near = [(-share, rival) for share, rival in alike if share >= NEARLY]
    return [rival for _, rival in sorted(near, key=lambda pair: (pair[0], pair[1].answer_id, pair[1].text))]


def _numbers(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _in_words(rival: Rival) -> str:
    does = "says nearly this already" if rival.kind == "text" else "has nearly this question already"
    return (
        f"answer {rival.answer_id} {does}: {rival.text[:80]!r}; correct that one instead (merge, split, or its id as "
        "answer_id), or send force: true to have both"
    )


def _as_json(rival: Rival) -> JsonObject:
    return {name: value for name, value in asdict(rival).items() if value is not None}
