"""Matching questions with the texts that answer them, where answers have too few questions each for a classifier.

A linear adapter x + x W of the messages' vectors is learned on the company's own pairs of question and answer text, so that
a question finds its text among all the others (softmax over all answers, the loss of van den Oord et al. 2018, arXiv:1807.03748, with
every answer as a negative but those that have the same question). Answer vectors stay as they are, so nothing is
forgotten about answers without training questions. A question that heads its own text is matched with the bare text, others with
the text under its heading.

On FeedbackQA's validation questions (Australia, CDC; MiniLM) the larger of the two frozen similarities puts 44.1 and 57.0 % right
first, this reading alone 46.4 and 69.6 %; with the headings as only questions to learn from, 46 and 64 to 66 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from retrieval.encoder import Encoder
from retrieval.intents import IntentHead
from retrieval.normalize import fold, normalize
from retrieval.records import Knowledge, QuestionRecord
from retrieval.view import heading_of, passage_text
from training.arithmetic import use_cores, without_denormals

LEAST_PAIRS = 50  # questions of answers that have a text
SCALE = 20.0
BATCH = 64
LEAST_STEPS, LEAST_EPOCHS = 400, 3
LEARNING_RATE = 1e-3
DROPOUT = 0.1

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Vectors of c answers.

    Attributes:
        columns: answer id -> row.
        bare, headed: (c, d) unit rows of the texts alone, and of the texts under their headings and the headings themselves.
        headings: numbers of the questions that head a text.
    """

    columns: Mapping[str, int]
    bare: Rows
    headed: Rows
    headings: frozenset[int]


def is_matched(knowledge: Knowledge) -> bool:
    """Whether there are enough questions whose answers have texts."""
    told = {passage.answer_id for passage in knowledge.passages}
    return sum(question.answer_id in told for question in knowledge.questions) >= LEAST_PAIRS


def fit_matching(
    encoder: Encoder, knowledge: Knowledge, weights: NDArray[np.float32], *, seed: int
) -> IntentHead:
    """A head over all answers of `knowledge`; `weights` (n,) say how much each question counts."""
    texts = _texts(encoder, knowledge)
    pairs = [
        (question, weight)
        for question, weight in zip(knowledge.questions, weights.tolist(), strict=True)
        if question.answer_id in texts.columns
    ]
    adapter = None
    if pairs:
        adapter = _learn(
            encoder.encode_queries([normalize(question.text) for question, _ in pairs]),
            _right_columns([question for question, _ in pairs], texts),
            np.array([question.number in texts.headings for question, _ in pairs]),
            texts,
            np.array([weight for _, weight in pairs], np.float32),
            seed=seed,
        )
    answers, columns = _columns(encoder, knowledge, texts)
    return IntentHead(
        answers=answers,
        meaning=np.ascontiguousarray(SCALE * columns.T),
        meaning_bias=np.zeros(len(answers), np.float32),
        adapter=adapter,
    )


def _texts(encoder: Encoder, knowledge: Knowledge) -> _Texts:
    questions: dict[str, list[QuestionRecord]] = {}
    for question in sorted(knowledge.questions, key=lambda each: each.number):
        questions.setdefault(question.answer_id, []).append(question)
    answers = sorted({passage.answer_id for passage in knowledge.passages})
    columns = {answer: row for row, answer in enumerate(answers)}
    rows = np.array([columns[passage.answer_id] for passage in knowledge.passages], np.int64)
    headings = [heading_of(each, questions.get(each.answer_id, ())) for each in knowledge.passages]
    bare = encoder.encode_passages([normalize(passage.text) for passage in knowledge.passages])
    headed = encoder.encode_passages(
        [
            normalize(passage_text(heading, passage.text))
            for heading, passage in zip(headings, knowledge.passages, strict=True)
        ]
    )
    of_heading = np.zeros_like(headed)
    told = [place for place, heading in enumerate(headings) if heading]
    of_heading[told] = encoder.encode_queries([normalize(headings[place]) for place in told])
    heads = {(each.answer_id, heading) for each, heading in zip(knowledge.passages, headings, strict=True)}
    return _Texts(
        columns,
        bare=_unit_sums(bare, rows, len(answers)),
        headed=_unit_sums(headed + of_heading, rows, len(answers)),
        headings=frozenset(q.number for q in knowledge.questions if (q.answer_id, q.text) in heads),
    )


def _unit_sums(vectors: Rows, rows: NDArray[np.int64], count: int) -> Rows:
    sums = np.zeros((count, vectors.shape[1]), np.float32)
    np.add.at(sums, rows, vectors)
    unit: Rows = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return unit


def _right_columns(questions: Sequence[QuestionRecord], texts: _Texts) -> list[list[int]]:
    """For each question the columns of all answers that have it."""
    by_text: dict[str, set[int]] = {}
    for question in questions:
        by_text.setdefault(fold(question.text), set()).add(texts.columns[question.answer_id])
    return [sorted(by_text[fold(question.text)]) for question in questions]


def _learn(
    vectors: Rows,
    right: Sequence[Sequence[int]],
    is_heading: NDArray[np.bool_],
    texts: _Texts,
    weights: NDArray[np.float32],
    *,
    seed: int,
) -> Rows:
    """(d, d) the adapter W."""
    torch.manual_seed(seed)
    use_cores(all_of_them=False)
    asked, bare, headed = (torch.from_numpy(each) for each in (vectors, texts.bare, texts.headed))
    heads, counted = torch.from_numpy(is_heading)[:, None], torch.from_numpy(weights)
    adapter = nn.Parameter(torch.zeros(vectors.shape[1], vectors.shape[1]))
    optimizer = torch.optim.AdamW([adapter], lr=LEARNING_RATE, weight_decay=0.0)
    steps = max(LEAST_STEPS, LEAST_EPOCHS * -(-len(vectors) // BATCH))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    with without_denormals():
        for rows in islice(_batches(len(vectors), np.random.default_rng(seed)), steps):
            dropped = functional.dropout(asked[rows], DROPOUT)
            queries = functional.normalize(dropped + dropped @ adapter, dim=-1)  # (b, d)
            logits = SCALE * torch.where(heads[rows], queries @ bare.T, queries @ headed.T)  # (b, c)
            wanted = torch.full_like(logits, float("-inf"))
            for place, row in enumerate(rows.tolist()):
                wanted[place, list(right[row])] = 0.0
            losses = torch.logsumexp(logits, dim=1) - torch.logsumexp(logits + wanted, dim=1)
            loss = (losses * counted[rows]).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            optimizer.step()
            schedule.step()
    found: Rows = adapter.detach().numpy()
    return found


def _batches(count: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Without end; each round in another order."""
    while True:
        order = random.permutation(count)
        for start in range(0, count, BATCH):
            yield order[start : start + BATCH]


def _columns(encoder: Encoder, knowledge: Knowledge, texts: _Texts) -> tuple[tuple[str, ...], Rows]:
    """All answers and their (c, d) unit rows; one without a text is where its questions are."""
    untold = [question for question in knowledge.questions if question.answer_id not in texts.columns]
    answers = sorted({question.answer_id for question in untold})
    if not answers:
        return tuple(texts.columns), texts.headed
    places = {answer: row for row, answer in enumerate(answers)}
    rows = np.array([places[question.answer_id] for question in untold])
    vectors = encoder.encode_queries([normalize(question.text) for question in untold])
    return (*texts.columns, *answers), np.concatenate([texts.headed, _unit_sums(vectors, rows, len(answers))])
