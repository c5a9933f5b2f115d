"""Who is held out, decided by hashes, so that what is held out once stays so when data is added.

Questions that differ in word order, endings, numbers, case or punctuation alone are near-duplicates: they share a
`near_duplicate_key` and with it their side of every split.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, QuestionRecord

FOLDS = 4


def share_of(key: str, *, salt: str) -> float:
    """A number from 0 to below 1 that depends on nothing but `key` and `salt`."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{key}".encode()).digest()[:8], "big") / 2**64


@dataclass(frozen=True, slots=True)
class Fold:
    """A mock installation, and what its customers ask.

    Attributes:
        knowledge: what it knows: some answers, some of their questions.
        known: held-out questions of those answers.
        unknown: questions of the answers that it does not have.
        bare: held-out questions of answers that have kept their texts alone.
    """

    knowledge: Knowledge
    known: tuple[QuestionRecord, ...]
    unknown: tuple[QuestionRecord, ...]
    bare: tuple[QuestionRecord, ...]


def fold_of(knowledge: Knowledge, number: int, *, seed: int) -> Fold:
    """The fold `number` of FOLDS: a quarter of the answers unknown, a quarter of the other questions asked.

    Near-duplicates are asked, or unknown, together. An answer of which nothing would be kept is asked nothing.
    """
    unknown_answers = _left_out(knowledge, number, seed)
    unknown = [q for q in knowledge.questions if q.answer_id in unknown_answers]
    gone = {near_duplicate_key(question.text) for question in unknown}
    asked: list[QuestionRecord] = []
    kept: list[QuestionRecord] = []
    for question in knowledge.questions:
        if question.answer_id in unknown_answers:
            continue
        key = near_duplicate_key(question.text)
        if key in gone:
            continue  # asked of another answer, too: neither known nor unknown
        place = int(share_of(key, salt=f"questions {seed}") * FOLDS)
        (asked if place == number else kept).append(question)
    left = {question.answer_id for question in kept}
    passages = [passage for passage in knowledge.passages if passage.answer_id not in unknown_answers]
    told = {passage.answer_id for passage in passages} - left
    return Fold(
        Knowledge(kept, passages),
        known=tuple(question for question in asked if question.answer_id in left),
        unknown=tuple(unknown),
        bare=tuple(question for question in asked if question.answer_id in told),
    )


def _left_out(knowledge: Knowledge, number: int, seed: int) -> set[str]:
    families = families_of(knowledge)
    order = sorted(set(families.values()), key=lambda family: share_of(family, salt=f"answers {seed}"))
    chosen = set(order[number::FOLDS])
    return {answer for answer, family in families.items() if family in chosen}


def families_of(knowledge: Knowledge) -> dict[str, str]:
    """Answer id -> the first id of its family: answers that share at least half of the questions of one of them.

    They are left out together, since the one left answers the questions of the other.
    """
    keys: dict[str, set[str]] = {passage.answer_id: set() for passage in knowledge.passages}
    owners: dict[str, set[str]] = {}
    for question in knowledge.questions:
        key = near_duplicate_key(question.text)
        keys.setdefault(question.answer_id, set()).add(key)
        owners.setdefault(key, set()).add(question.answer_id)
    shared = Counter(pair for each in owners.values() for pair in combinations(sorted(each), 2))
    families = {answer: answer for answer in keys}

    def first_of(answer: str) -> str:
        while families[answer] != answer:
            answer = families[answer]
        return answer

    for (one, other), count in sorted(shared.items()):
        if 2 * count >= min(len(keys[one]), len(keys[other])):
            low, high = sorted((first_of(one), first_of(other)))
            families[high] = low
    return {answer: first_of(answer) for answer in families}


def spread(rows: Sequence[QuestionRecord], most: int, *, seed: int) -> list[QuestionRecord]:
    """At most `most` of the rows, chosen by hash."""
    chosen: Iterable[QuestionRecord] = sorted(
        rows, key=lambda row: share_of(f"{row.number} {row.text}", salt=f"sample {seed}")
    )
    return sorted(list(chosen)[:most], key=lambda row: row.number)


def capped(questions: Sequence[QuestionRecord], most: int, *, seed: int) -> list[QuestionRecord]:
    """At most `most` questions, or one for each answer where there are more answers: the largest answers lose first."""
    by_answer: dict[str, list[QuestionRecord]] = {}
    for question in questions:
        by_answer.setdefault(question.answer_id, []).append(question)
    sizes = sorted(len(own) for own in by_answer.values())
    cap = sizes[-1] if sizes else 0
    while cap > 1 and sum(min(size, cap) for size in sizes) > most:
        cap -= 1
    kept = [
        row for own in by_answer.values() for row in (own if len(own) <= cap else spread(own, cap, seed=seed))
    ]
    return sorted(kept, key=lambda row: row.number)
