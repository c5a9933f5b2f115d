"""How long gaps take to find among many unanswered questions, and how much memory: ``python -m tests.bench.gaps``.

Made-up questions and vectors: topics of a few to some hundred questions each, around which vectors are drawn, and a third that are
like nothing else. What is timed is the grouping and naming of `bot.review.gap_clusters`, which runs once an hour.
"""

import argparse
import json
import resource
import time
from datetime import UTC, datetime

import numpy as np

from bot.imports.mining_levels import SimilarityScale
from bot.review.gap_clusters import Form, find_gaps
from bot.review.repository import AskedRow

DIMENSION = 384
TOPICS_PER_QUESTION = 1 / 40
STRANGE = 1 / 3
SPREAD = 0.5
WORDS = [
    a + b
    for a in ("ka", "lo", "mi", "nu", "pe", "ro", "sa", "ti", "vu", "wo")
    for b in ("ban", "del", "fis", "gor", "hum")
]


def made_questions(count: int) -> tuple[list[Form], "np.ndarray"]:
    """Forms of two visitors each, and their unit vectors (n, d)."""
    random = np.random.default_rng(0)
    topics = max(1, int(count * TOPICS_PER_QUESTION))
    centres = random.normal(size=(topics, DIMENSION)).astype(np.float32) / np.sqrt(DIMENSION)
    owner = random.zipf(1.3, size=count) % topics
    noise = random.normal(size=(count, DIMENSION)).astype(np.float32) / np.sqrt(DIMENSION)
    strange = random.random(count) < STRANGE
    vectors = np.where(strange[:, None], noise, centres[owner] + SPREAD * noise)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    forms = [_form(number, int(topic), random) for number, topic in enumerate(owner)]
    return forms, vectors.astype(np.float32)


def _form(number: int, topic: int, random: np.random.Generator) -> Form:
    words = [WORDS[topic % len(WORDS)], WORDS[topic // len(WORDS) % len(WORDS)], *random.choice(WORDS, 4)]
    row = AskedRow(
        id=f"exc_{number:06}", utterance=" ".join(words), language="en", outcome="handed_off", rule="nothing_close",
        confidence=0.1, second=0.0, answer_at=0.5, given=None, visitor=f"vis_{number}", at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    return Form(f"key {number:06}", (row,))


def measure(count: int) -> dict[str, object]:
    forms, vectors = made_questions(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin, busy = time.perf_counter(), time.process_time()
    gaps = find_gaps(forms, vectors, SimilarityScale(unrelated=0.0))
    seconds, processor = time.perf_counter() - begin, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "questions": count,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "gaps": len(gaps),
        "largest": len(gaps[0].forms) if gaps else 0,
        "more_memory_mb": round((peak - before) / 1024),
        "peak_memory_mb": round(peak / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=50_000)
    print(json.dumps(measure(parser.parse_args().questions)), flush=True)


if __name__ == "__main__":
    main()
