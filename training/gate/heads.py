"""Whether the intent head knows what it was taught: each reading by itself, on questions whose answer is approved.

Only what is no better than a guess is refused. How good the head is, the rows tell; but a good index can hide a head whose columns
are mixed up or that learned wrong labels, as long as the index is good.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from retrieval.checkpoint import Checkpoint
from retrieval.normalize import normalize
from retrieval.records import Knowledge
from training.gate.asking import Flags
from training.gate.checks import Check, passed, percent, refused
from training.gate.statistics import LEVEL, chance_of_loss
from training.splits import share_of

READ = 100
LEAST_READ = 20


def check_head(checkpoint: Checkpoint, knowledge: Knowledge) -> Check | None:
    """None without a head. Compares with always giving the most frequent answer (McNemar's exact test)."""
    head = checkpoint.head
    if head is None:
        return None
    known = [question for question in knowledge.questions if question.answer_id in head.columns]
    chosen = sorted(known, key=lambda each: share_of(str(each.number), salt="head"))[:READ]
    if len(chosen) < LEAST_READ:
        return passed("head", f"{len(chosen)} questions are too few to tell what the head knows.")
    tuned = checkpoint.encoder.encode_messages([normalize(question.text) for question in chosen]).tuned
    readings = [head.read(row, question.text) for row, question in zip(tuned, chosen, strict=True)]
    wanted = np.array([head.columns[question.answer_id] for question in chosen])
    commonest = Counter(wanted.tolist()).most_common(1)[0][0]
    guess: Flags = wanted == commonest
    shares: dict[str, float] = {"guess": float(guess.mean())}
    for name in ("meaning", "wording"):
        numbers = np.stack([getattr(reading, name) for reading in readings])
        if not numbers.any():
            continue
        right: Flags = numbers.argmax(axis=1) == wanted
        shares[name] = float(right.mean())
        if chance_of_loss(int((right & ~guess).sum()), int((guess & ~right).sum())) >= LEVEL:
            reason = (
                f"The intent head's {name} puts {percent(shares[name])} of {len(chosen)} approved questions with their answer, "
                f"no more than a guess ({percent(shares['guess'])}): it was taught other labels. Train again."
            )
            return refused("head", reason, **shares)
    told = ", ".join(f"{percent(shares[name])} by {name}" for name in shares if name != "guess")
    return passed("head", f"The intent head puts approved questions with their answers: {told}.", **shares)
