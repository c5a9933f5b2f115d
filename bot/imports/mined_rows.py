"""Mined answers as rows to import: mining, and which of them say what an answer in the database says already."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bot.imports.preparing import PreparedQuestion, PreparedRow, PreparedSource
from bot.imports.records import Dialogue
from bot.knowledge.folding import folded_hash, text_hash
from retrieval.encoder import Encoder
from retrieval.language import detect_language
from retrieval.normalize import fold, normalize

if TYPE_CHECKING:
    from bot.imports.mining import MinedAnswer

SAYS_THE_SAME = 0.9
"""From here on two answers with the same facts are one; 0 is as close as unrelated texts, 1 the same
(:mod:`bot.imports.mining_levels`). Stricter than among mined replies, since approved answers are concerned."""


@dataclass(frozen=True)
class StoredText:
    """An answer text in the database."""

    text: str
    text_hash: str
    language: str


@dataclass(frozen=True)
class MinedRows:
    """``same_as``: text hash of a mined answer → that of the stored one that says the same."""

    rows: Sequence[PreparedRow] = ()
    same_as: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)


def mine_rows(
    dialogues: Sequence[Dialogue],
    stored: Sequence[StoredText],
    *,
    encoder: Encoder,
    languages: tuple[str, ...],
    progress: Callable[[int, int], None] | None = None,
) -> MinedRows:
    """Mines dialogues that were masked before."""
    from bot.imports.mining import mine_answers

    report = mine_answers(dialogues, encoder=encoder, languages=languages, progress=progress)
    mined = [answer for answer in report.answers if answer.language in languages]
    rows = [row for row in (_row(answer, languages) for answer in mined) if row.questions]
    return MinedRows(rows, _near_duplicates(rows, stored, encoder=encoder), report.skipped)


def _row(answer: "MinedAnswer", languages: tuple[str, ...]) -> PreparedRow:
    text = normalize(answer.text) if "\n" not in answer.text else answer.text
    asked = [question for question in answer.questions if fold(question.text)]
    sources = dict.fromkeys(answer.sources) | {question.source: None for question in asked}
    return PreparedRow(
        text=text,
        text_hash=text_hash(text),
        language=answer.language,
        questions=tuple(
            PreparedQuestion(
                text=question.text,
                folded=folded_hash(question.text),
                language=detect_language(question.text, languages=languages, default=answer.language),
                conversation_id=question.source.conversation_id,
            )
            for question in asked
        ),
        sources=tuple(
            PreparedSource(source.conversation_id, source.turn_index, source.role, source.text)
            for source in sources
        ),
        approvable=not answer.slots,
    )


def _near_duplicates(
    rows: Sequence[PreparedRow], stored: Sequence[StoredText], *, encoder: Encoder
) -> dict[str, str]:
    """Text hash of a mined answer → that of the nearest stored one, where they say the same with the same facts."""
    from bot.imports.mining_levels import SimilarityScale
    from bot.imports.mining_slots import template_of
    from bot.imports.mining_wording import facts_of

    def facts(text: str) -> tuple[str, ...]:
        return facts_of(template_of(text))

    known = {text.text_hash for text in stored}
    candidates = [row for row in rows if row.text_hash not in known]
    by_language: dict[str, list[StoredText]] = defaultdict(list)
    for text in stored:
        by_language[text.language].append(text)
    least = SimilarityScale.of(encoder).cosine_at(SAYS_THE_SAME)
    same: dict[str, str] = {}
    for language, texts in by_language.items():
        asked = [row for row in candidates if row.language == language]
        if not asked:
            continue
        similarities = (
            encoder.encode_queries([row.text for row in asked])
            @ encoder.encode_queries([text.text for text in texts]).T
        )  # (mined, stored)
        for row, nearest, similarity in zip(
            asked, np.argmax(similarities, axis=1), np.max(similarities, axis=1), strict=True
        ):
            if similarity >= least and facts(row.text) == facts(texts[nearest].text):
                same[row.text_hash] = texts[nearest].text_hash
    return same
