"""Mines question-answer pairs from past dialogues.

Dialogues are read turn by turn (:mod:`bot.imports.mining_exchanges`), agents' replies of one kind are grouped
(:mod:`bot.imports.mining_groups`) on their text without varying parts (:mod:`bot.imports.mining_slots`), groups that state
different facts are split again, what agents said in other words is joined (:mod:`bot.imports.mining_merging`), and each
draft is worded and weighed. Deterministic for the same dialogues and encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.imports.mining_drafts import (
    Draft,
    MinedQuestion,
    draft_answers,
    has_open_slots,
    merged_drafts,
    questions_of,
)
from bot.imports.mining_evidence import AskedQuestions, agreement_of_answers
from bot.imports.mining_exchanges import AgentReply, DialogueReader, Exchange, SourceTurn
from bot.imports.mining_groups import GroupingItem, group_texts
from bot.imports.mining_levels import SimilarityScale
from bot.imports.mining_merging import MergingLevels, drafts_to_merge
from bot.imports.mining_slots import slot_names, template_of
from bot.imports.records import Dialogue
from retrieval.encoder import Encoder
from retrieval.language import detect_language
from retrieval.masking import mask
from retrieval.normalize import fold, normalize

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MinedAnswer:
    """A draft answer with everything it rests on.

    `slots` names what a person has to fill in or cut before the text can be used for everybody; without slots it
    stands for itself. `agreement` in (0, 1) is the chance that a similar question asked in another dialogue got this
    answer too (see :func:`bot.imports.mining_evidence.agreement_of_answers`); 0.5 means no evidence. `outcome` in
    (0, 1] is the mean weight of its exchanges, by what the customers did next. `sources` are the merged replies.
    """

    text: str
    language: str
    slots: tuple[str, ...]
    questions: tuple[MinedQuestion, ...]
    sources: tuple[SourceTurn, ...]
    dialogues: int
    outcome: float
    agreement: float


@dataclass(frozen=True, slots=True)
class MiningReport:
    """The mined answers, best founded first, and how many turns or groups were passed over, by reason."""

    answers: tuple[MinedAnswer, ...]
    skipped: Mapping[str, int]
    dialogues: int
    turns: int


# Similarities between 0 (as close as unrelated sentences) and 1 (the same), see :func:`bot.imports.mining_levels`.
# The first was chosen on one half of the STAR dialogues (docs/benchmarks.md), the others by reading neighbours.
SAME_REPLY = 0.85
SIMILAR_QUESTION = 0.6
OTHER_WORDS_REPLY, OTHER_WORDS_QUESTION, OTHER_WORDS_TOGETHER = 0.62, 0.5, 1.3
QUESTIONS_WEIGHED_PER_ANSWER = 24
LEAST_OUTCOME_OF_ONE = 0.5
"""A reply given in one dialogue only becomes a draft when the customer's next move spoke for it."""


def mine_answers(
    dialogues: Iterable[Dialogue],
    *,
    encoder: Encoder,
    languages: Sequence[str],
    progress: Progress | None = None,
) -> MiningReport:
    """Finds the questions of past dialogues and the answers that resolved them, merged into drafts.

    Args:
        dialogues: Past conversations; read once, so a generator will do.
        encoder: Turns texts into vectors.
        languages: Codes to tell texts apart by.
        progress: Called with (texts encoded, texts to encode), for replies and then for questions.
    """
    exchanges, skipped, read_dialogues, turns = _read(dialogues)
    replies = [exchange.reply for exchange in exchanges]
    grouped = group_replies(replies, encoder=encoder, languages=languages, progress=progress)
    drafts = draft_answers(exchanges, grouped.groups, grouped.languages, grouped.vectors)
    level = SimilarityScale.of(encoder)
    asked = _encode_questions(drafts, encoder=encoder, progress=progress)
    drafts, asked = _merge(drafts, asked, level)
    kept = [i for i, draft in enumerate(drafts) if _worth_reading(draft)]
    skipped.update(["answer_given_once"] * (len(drafts) - len(kept)))
    drafts, asked = [drafts[i] for i in kept], [asked[i] for i in kept]
    agreements = agreement_of_answers(asked, least_similarity=level.cosine_at(SIMILAR_QUESTION))
    answers = [_answer(draft, agreement) for draft, agreement in zip(drafts, agreements, strict=True)]
    answers.sort(key=_founded, reverse=True)
    return MiningReport(tuple(answers), dict(sorted(skipped.items())), read_dialogues, turns)


def _founded(answer: MinedAnswer) -> tuple[bool, float, str]:
    return (not answer.slots, answer.agreement * answer.outcome * answer.dialogues, answer.text)


def _worth_reading(draft: Draft) -> bool:
    if len(draft.conversations) > 1:
        return True
    return draft.outcome >= LEAST_OUTCOME_OF_ONE and not has_open_slots(draft.text)


def _answer(draft: Draft, agreement: float) -> MinedAnswer:
    return MinedAnswer(
        text=draft.text,
        language=draft.language,
        slots=tuple(slot_names(draft.text)),
        questions=tuple(questions_of(draft.exchanges)),
        sources=tuple({exchange.reply.source: None for exchange in draft.exchanges}),
        dialogues=len(draft.conversations),
        outcome=draft.outcome,
        agreement=agreement,
    )


def _read(dialogues: Iterable[Dialogue]) -> tuple[list[Exchange], Counter[str], int, int]:
    reader = DialogueReader(mask=lambda text: mask(normalize(text)).text)
    exchanges: list[Exchange] = []
    skipped: Counter[str] = Counter()
    count = turns = 0
    for dialogue in dialogues:
        read = reader.read(dialogue)
        exchanges.extend(read.exchanges)
        skipped.update(read.skipped)
        count, turns = count + 1, turns + len(dialogue.turns)
    return exchanges, skipped, count, turns


@dataclass(frozen=True, slots=True)
class GroupedReplies:
    """For each reply: its group `(n,)`, its language, and its vector, `(n, d)` float32 unit rows."""

    groups: NDArray[np.int64]
    languages: tuple[str, ...]
    vectors: NDArray[np.float32]


def group_replies(
    replies: Sequence[AgentReply],
    *,
    encoder: Encoder,
    languages: Sequence[str],
    progress: Progress | None = None,
) -> GroupedReplies:
    """Groups replies that say the same but for names, times and numbers.

    Replies of different kinds or languages are never in one group.
    """
    if not replies:
        return GroupedReplies(
            np.zeros(0, dtype=np.int64), (), np.zeros((0, encoder.dimension), dtype=np.float32)
        )
    spoken = [_language_of(reply, languages) for reply in replies]
    skeletons = [template_of(normalize(reply.reply.core)).skeleton for reply in replies]
    keys = [
        (f"{reply.reply.kind}/{language}", fold(skeleton) or skeleton)
        for reply, language, skeleton in zip(replies, spoken, skeletons, strict=True)
    ]
    counts = Counter(keys)
    order = sorted(counts, key=lambda key: (-counts[key], key))
    row = {key: i for i, key in enumerate(order)}
    texts = [""] * len(order)
    for key, skeleton in sorted(zip(keys, skeletons, strict=True), reverse=True):
        texts[row[key]] = skeleton
    vectors = encoder.encode_queries(texts, progress=progress)
    items = [GroupingItem(text=text, block=key[0]) for text, key in zip(texts, order, strict=True)]
    groups = group_texts(items, vectors, least_similarity=SimilarityScale.of(encoder).cosine_at(SAME_REPLY))
    rows = np.array([row[key] for key in keys])
    return GroupedReplies(groups[rows], tuple(spoken), vectors[rows])


def _language_of(reply: AgentReply, languages: Sequence[str]) -> str:
    """What the words are in; the dialogue's stated language where they do not tell."""
    stated = reply.dialogue_language if reply.dialogue_language in languages else None
    return detect_language(reply.reply.core, languages=languages, default=stated)


def _encode_questions(
    drafts: Sequence[Draft], *, encoder: Encoder, progress: Progress | None
) -> list[AskedQuestions]:
    """The heaviest exchanges of each draft with the vectors of their questions."""
    heaviest = [
        sorted(draft.exchanges, key=lambda e: (-e.weight, e.asked.conversation_id, e.asked.turn_index))
        for draft in drafts
    ]
    chosen = [exchanges[:QUESTIONS_WEIGHED_PER_ANSWER] for exchanges in heaviest]
    distinct = sorted({exchange.question for exchanges in chosen for exchange in exchanges})
    row = {text: i for i, text in enumerate(distinct)}
    vectors = encoder.encode_queries(distinct, progress=progress)
    return [
        AskedQuestions(
            tuple(exchanges),
            vectors[[row[e.question] for e in exchanges]],
            draft.outcome * len(draft.exchanges),
        )
        for draft, exchanges in zip(drafts, chosen, strict=True)
    ]


def _merge(
    drafts: list[Draft], asked: list[AskedQuestions], level: SimilarityScale
) -> tuple[list[Draft], list[AskedQuestions]]:
    levels = MergingLevels(
        reply=level.cosine_at(OTHER_WORDS_REPLY),
        question=level.cosine_at(OTHER_WORDS_QUESTION),
        together=level.cosine_at(OTHER_WORDS_TOGETHER / 2) * 2,
    )
    parts = drafts_to_merge(drafts, [questions.vectors for questions in asked], levels)
    return merged_drafts(drafts, parts), [AskedQuestions.joined([asked[i] for i in part]) for part in parts]
