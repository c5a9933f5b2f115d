"""Whether the intent head knows what it was taught: each reading by itself, on questions whose answer is approved.

Only a reading that agrees with the labels no more than with shuffled ones is refused. How good the head is, the rows tell; but a good
index can hide a head whose columns are mixed up or that learned wrong labels, until the index is not as good.
"""

from __future__ import annotations

import numpy as np

from retrieval.checkpoint import Checkpoint
from retrieval.normalize import normalize
from retrieval.records import Knowledge
from training.gate.checks import Check, passed, percent, refused
from training.gate.statistics import chance_of_agreement
from training.splits import share_of

READ = 200
LEAST_READ = 20
LEVEL = 0.01  # a head of shuffled labels comes through with this chance


def check_head(checkpoint: Checkpoint, knowledge: Knowledge, *, random: np.random.Generator) -> Check | None:
    """None without a head. A permutation test, so that an answer with most of the questions is no excuse."""
    head = checkpoint.head
    if head is None:
        return None
    known = [question for question in knowledge.questions if question.answer_id in head.columns]
    chosen = sorted(known, key=lambda each: share_of(str(each.number), salt="head"))[:READ]
    wanted = np.array([head.columns[question.answer_id] for question in chosen], np.intp)
    if len(chosen) < LEAST_READ or len(set(wanted.tolist())) < 2:
        return passed("head", f"{len(chosen)} questions are too few to tell what the head knows.")
    tuned = checkpoint.encoder.encode_messages([normalize(question.text) for question in chosen]).tuned
    readings = [head.read(row, question.text) for row, question in zip(tuned, chosen, strict=True)]
    shares: dict[str, float] = {}
    for name in ("meaning", "wording"):
        numbers = np.stack([getattr(reading, name) for reading in readings])  # (n, c)
        if not numbers.any():
            continue
        given = numbers.argmax(axis=1)
        shares[name] = float((given == wanted).mean())
        if chance_of_agreement(given, wanted, random) >= LEVEL:
            reason = (
                f"The intent head's {name} puts {percent(shares[name])} of {len(chosen)} approved questions with their "
                "answer, no more than with shuffled labels: it was taught other ones. Train again."
            )
            return refused("head", reason, **shares)
    told = ", ".join(f"{percent(share)} by {name}" for name, share in shares.items())
    return passed("head", f"The intent head puts approved questions with their answers: {told}.", **shares)
