"""The fence: questions that no model is taught, so that the gate can ask them of any model.

What lies behind the fence is decided by hashes of the question's near-duplicate key, or of the conversation it came from: it
stays there when questions are added. What shares a key or a conversation with a fenced question is not taught either. A
checkpoint says in its manifest what was kept from it, since a fence can move where questions are taken away.

Fenced questions are in the index like all others; the gate leaves them out when it asks them. Why the model that the gate
judges is the one that serves: docs/decisions/0016-a-fence-that-stays-up.md.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from retrieval.artifacts import JsonValue
from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, QuestionRecord
from retrieval.training_export import TrainingExport
from training.splits import share_of

SHARE = 0.10
MOST_FENCED = 3000  # where a tenth would be more, the share falls: a smaller fence lies within the larger one
LEAST_KEYS = 8  # different questions of an answer, below which it gives none of them away
LEAST_ROWS = 40  # fewer could not tell a good model from a bad one: then nothing is fenced
TRUSTED = frozenset({"operator", "import", "agent_reply", ""})
"""Sources whose labels the gate believes; "" where nobody kept the source. Visitors and mining are not among them."""

_SALT = "fence 1"
_DIGITS = 12  # hexadecimal ones of each key's hash in a manifest


@dataclass(frozen=True, slots=True)
class Fence:
    """Numbers of questions: `judged` may be asked, `withheld`, which holds them, must not be taught."""

    judged: frozenset[int]
    withheld: frozenset[int]
    keys: frozenset[str]

    def to_json(self) -> Mapping[str, JsonValue]:
        """For a manifest; no text can be read from it."""
        return {"version": 1, "keys": "".join(sorted(self.keys))}


NO_FENCE = Fence(frozenset(), frozenset(), frozenset())


def draw_fence(export: TrainingExport) -> Fence:
    """The fence through an export; the same whatever else is in it."""
    questions = export.knowledge.questions
    keys = {question.number: near_duplicate_key(question.text) for question in questions}
    share = min(SHARE, MOST_FENCED / max(len(questions), 1))
    large = _large_answers(questions, keys)
    judged = {
        question.number
        for question in questions
        if question.answer_id in large
        and is_trusted(export.sources, question)
        and share_of(_unit(export, question, keys), salt=_SALT) < share
    }
    if len({keys[number] for number in judged}) < LEAST_ROWS:
        return NO_FENCE
    fenced_keys = {keys[number] for number in judged}
    talks = {export.conversations[number] for number in judged if number in export.conversations}
    withheld = {
        number
        for number, key in keys.items()
        if key in fenced_keys or export.conversations.get(number) in talks
    }
    return Fence(
        frozenset(judged), frozenset(withheld), frozenset(key_digest(keys[number]) for number in withheld)
    )


def taught_part(export: TrainingExport, fence: Fence) -> TrainingExport:
    """The export without what is withheld."""
    kept = [question for question in export.knowledge.questions if question.number not in fence.withheld]
    return replace(export, knowledge=Knowledge(kept, export.knowledge.passages))


def is_trusted(sources: Mapping[int, str], question: QuestionRecord) -> bool:
    return sources.get(question.number, "") in TRUSTED


def key_digest(key: str) -> str:
    return hashlib.sha256(f"{_SALT}\0{key}".encode()).hexdigest()[:_DIGITS]


def withheld_keys(meta: Mapping[str, Any]) -> frozenset[str]:
    """Digests of the keys that a checkpoint with this manifest was not taught; none where it does not say."""
    keys = str(meta.get("fence", {}).get("keys", ""))
    return frozenset(keys[start : start + _DIGITS] for start in range(0, len(keys), _DIGITS))


def _unit(export: TrainingExport, question: QuestionRecord, keys: Mapping[int, str]) -> str:
    return export.conversations.get(question.number) or keys[question.number]


def _large_answers(questions: Collection[QuestionRecord], keys: Mapping[int, str]) -> set[str]:
    own: defaultdict[str, set[str]] = defaultdict(set)
    for question in questions:
        own[question.answer_id].add(keys[question.number])
    return {answer for answer, held in own.items() if len(held) >= LEAST_KEYS}
