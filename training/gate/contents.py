"""Whether a release holds what it should: the export's records under their own ids, and vectors that are theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.checkpoint import Checkpoint
from retrieval.near_duplicates import near_duplicate_key
from retrieval.normalize import normalize
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from retrieval.snapshot import PASSAGES, QUESTIONS, record_rows
from retrieval.view import View, passage_text
from training.fence import key_digest, withheld_keys
from training.gate.checks import Check, passed, percent, refused, some
from training.splits import share_of

if TYPE_CHECKING:
    from training.gate.folders import LoadedRelease

Record = QuestionRecord | PassageRecord
Vectors = NDArray[np.float32]

ENCODED_AGAIN = 100  # questions; of answer texts, which are longer, a quarter
LOOKED_FOR = 200
LEAST_COSINE = 0.99  # of a stored vector and the one encoded now: fp32 and int8 by rows stay above 0.999
LONGEST_OFF = 1e-3  # of a vector's length from 1
NEIGHBOURS, LEAST_RECALL = 10, 0.99
_AGAIN = "Build the snapshot again: kefu train."


def same_records(one: Record | None, other: Record) -> bool:
    return one == other


def check_knowledge(release: LoadedRelease, knowledge: Knowledge) -> Check:
    """The snapshot's ids lead to the export's texts and answers: all of them, once, and no others."""
    if not release.engine.retriever.view.questions:
        return refused("knowledge", f"The index is empty. {_AGAIN}", questions=0)
    pairs: tuple[tuple[str, str, Sequence[Record]], ...] = (
        ("question", QUESTIONS, knowledge.questions),
        ("answer text", PASSAGES, knowledge.passages),
    )
    for kind, file, wanted in pairs:
        rows = [row[:4] for row in record_rows(release.folders.snapshot / file)]
        if problem := _difference(kind, rows, wanted):
            return refused("knowledge", f"{problem} {_AGAIN}")
    if problem := _head_problem(release.checkpoint, knowledge):
        return refused("knowledge", problem)
    counts = len(knowledge.questions), len(knowledge.passages)
    reason = f"All {counts[0]} questions and {counts[1]} answer texts lie under their ids with their answers."
    return passed("knowledge", reason, questions=counts[0], passages=counts[1])


def _difference(kind: str, rows: Sequence[Sequence[object]], wanted: Sequence[Record]) -> str:
    """The first thing that is wrong, "" where nothing is."""
    numbers = [int(str(row[0])) for row in rows]
    found = dict(zip(numbers, rows, strict=True))
    expected = {record.number: record for record in wanted}
    if twice := [number for number, count in Counter(numbers).items() if count > 1]:
        return f"{len(twice)} {kind} numbers are there twice ({some(twice)})."
    if missing := sorted(expected.keys() - found.keys()):
        return f"{len(missing)} of {len(expected)} {kind}s are missing from the index ({some(missing)})."
    if more := sorted(found.keys() - expected.keys()):
        return f"{len(more)} {kind}s are in the index and not approved ({some(more)})."
    if numbers != sorted(numbers):
        return f"The {kind}s are not in the order of their numbers, which the index relies on."
    elsewhere = [number for number, row in found.items() if row[1] != expected[number].answer_id]
    if elsewhere:
        return f"{len(elsewhere)} {kind}s lead to another answer than approved ({some(elsewhere)})."
    other = [
        number
        for number, row in found.items()
        if (row[2], row[3]) != (expected[number].text, expected[number].language)
    ]
    return f"{len(other)} {kind}s have another text than approved ({some(other)})." if other else ""


def _head_problem(checkpoint: Checkpoint, knowledge: Knowledge) -> str:
    head, kept_back = checkpoint.head, withheld_keys(checkpoint.manifest.meta)
    if head is None:
        return ""
    if twice := [answer for answer, count in Counter(head.answers).items() if count > 1]:
        return f"The intent head has two columns for {some(twice)}; train again."
    asked = {question.answer_id for question in knowledge.questions}
    known = asked | {passage.answer_id for passage in knowledge.passages}
    if strange := sorted(set(head.answers) - known):
        return f"The intent head knows {len(strange)} answers that are not approved ({some(strange)}); train again."
    lacking = [q for q in knowledge.questions if q.answer_id in asked - set(head.answers)]
    taught = [q for q in lacking if key_digest(near_duplicate_key(q.text)) not in kept_back]
    if missing := sorted({question.answer_id for question in taught}):
        return f"The intent head has no column for {len(missing)} answers ({some(missing)}); train again."
    return ""


def check_vectors(retriever: Retriever) -> Check:
    """Stored vectors are unit rows, and a sample of texts, encoded again, gives the stored ones."""
    view = retriever.view
    for index in (view.question_index, view.passage_index):
        lengths = np.linalg.norm(index.vectors(index.numbers()), axis=1) if len(index) else np.ones(1)
        off = np.abs(lengths - 1)
        if off.max() > LONGEST_OFF:
            numbers = index.numbers()[off > LONGEST_OFF].tolist()
            reason = f"{len(numbers)} vectors do not have length 1 ({some(numbers)}). {_AGAIN}"
            return refused("vectors", reason, farthest_from_one=float(off.max()))
    least = 1.0
    for kind, numbers, fresh, stored in _samples(retriever, view):
        cosines = np.einsum("nd,nd->n", fresh, stored)
        least = min(least, float(cosines.min(initial=1.0)))
        wrong = [number for number, cosine in zip(numbers, cosines, strict=True) if cosine < LEAST_COSINE]
        if wrong:
            off = _one_off(view, wrong, fresh[cosines < LEAST_COSINE]) if kind == "question" else ""
            reason = (
                f"The vectors of {len(wrong)} of {len(numbers)} {kind}s are not those of their texts "
                f"({some(wrong)}){off}. {_AGAIN}"
            )
            return refused("vectors", reason, least_cosine=least, wrong=len(wrong), encoded=len(numbers))
    reason = f"Vectors have length 1; texts encoded again give them with a cosine of {least:.4f} or more."
    return passed("vectors", reason, least_cosine=least)


def _samples(retriever: Retriever, view: View) -> list[tuple[str, list[int], Vectors, Vectors]]:
    """Kind, numbers, vectors made now and vectors stored, of some questions and some passages."""
    samples = []
    if chosen := _chosen(view.questions, ENCODED_AGAIN):
        texts = [normalize(view.questions[number].text) for number in chosen]
        stored = view.question_index.vectors(chosen)
        samples.append(("question", chosen, retriever.encoder.encode_queries(texts), stored))
    if chosen := _chosen(view.passages, ENCODED_AGAIN // 4):
        texts = [normalize(passage_text(view.headings[n], view.passages[n].text)) for n in chosen]
        stored = view.passage_index.vectors(chosen)
        samples.append(("answer text", chosen, retriever.encoder.encode_passages(texts), stored))
    return samples


def _chosen(numbers: Iterable[int], most: int) -> list[int]:
    return sorted(sorted(numbers, key=lambda each: share_of(str(each), salt="vectors"))[:most])


def _one_off(view: View, numbers: Sequence[int], fresh: Vectors) -> str:
    """Says so where most of the wrong vectors are those of the next or the previous row."""
    order = view.question_index.numbers()
    stored = view.question_index.vectors(order)
    places = np.searchsorted(order, numbers)
    for step, name in ((1, "next"), (-1, "previous")):
        beside = stored[(places + step) % len(order)]
        if np.mean(np.einsum("nd,nd->n", fresh, beside) >= LEAST_COSINE) > 0.5:
            return f": they lie one row off, under the {name} question"
    return ""


def check_recall(retriever: Retriever) -> Check:
    """The index finds what comparing with every vector finds."""
    index = retriever.view.question_index
    numbers = index.numbers()
    stored = index.vectors(numbers)
    chosen = index.vectors(_chosen(retriever.view.questions, LOOKED_FOR))
    # Between two questions, so that it is no stored vector that is looked for.
    asked = chosen + 0.5 * np.roll(chosen, 1, axis=0)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    count = min(NEIGHBOURS, len(numbers))
    found = 0
    for vector in asked:
        similarities = stored @ vector
        least = float(np.partition(-similarities, count - 1)[count - 1]) * -1 - 1e-5
        # By similarity and not by number: of equal vectors any may come.
        near = index.search(vector, count).similarities
        found += int((near >= least).sum())
    recall = found / (count * len(chosen))
    if recall < LEAST_RECALL:
        reason = f"The index finds {percent(recall)} of the {count} nearest questions, {percent(LEAST_RECALL)} are wanted. {_AGAIN}"
        return refused("recall", reason, recall=recall)
    return passed(
        "recall", f"The index finds {percent(recall)} of the {count} nearest questions.", recall=recall
    )
