"""Questions of the demo company that its release was not taught, each after others about something else.

They stand alone, but neither model nor index has seen them, as is usual for what customers write; with pairs that were written for the purpose alone,
the gate would think too well of the plain search.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from retrieval.engine import Engine
from retrieval.near_duplicates import near_duplicate_key
from training.context.pairs import FOLLOW_UP, Answers, BothWays, Pair, ask_both_ways
from training.fence import key_digest

UNTAUGHT = "untaught"
FIRSTS = 6
"""First questions for each."""


def ask_untaught(
    engine: Engine, answers: Answers, pairs: Sequence[Pair], *, withheld: Collection[str], held_out: bool
) -> list[BothWays]:
    """Of one half of the answers. They are taken out of the index and stay out.

    Args:
        pairs: whose first questions are asked before.
        withheld: digests of what the release was not taught (`training.fence.withheld_keys`).
    """
    questions = [
        each
        for each in engine.retriever.view.questions.values()
        if key_digest(near_duplicate_key(each.text)) in withheld and each.answer_id in answers.keys
    ]
    engine.retriever.apply(remove_questions=[each.number for each in questions])
    asked = []
    for place, each in enumerate(sorted(questions, key=lambda question: question.number)):
        key = answers.keys[each.answer_id]
        others = _firsts_elsewhere(pairs, each.language, key)
        firsts = [others[(7 * place + number) % len(others)] for number in range(FIRSTS)]
        asked += [Pair(first, each.text, each.language, UNTAUGHT, key) for first in firsts]
    return [ask_both_ways(engine, pair) for pair in asked if pair.held_out == held_out]


def _firsts_elsewhere(pairs: Sequence[Pair], language: str, answer_key: str) -> list[str]:
    return [
        pair.first
        for pair in pairs
        if pair.kind == FOLLOW_UP and pair.language == language and pair.answer_key != answer_key
    ]
