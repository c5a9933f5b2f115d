"""The least a candidate must do: no worse than always giving one answer or searching for words, and not by chance."""

from __future__ import annotations

from collections import Counter

import numpy as np

from retrieval.lexical import tokenize_lexical
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.view import passage_key, question_key
from training.gate.asking import Flags, Replies, samples
from training.gate.checks import Check, passed, percent, refused
from training.gate.rows import Rows
from training.gate.statistics import LEVEL, chance_of_agreement, chance_of_loss

LEAST_ROWS = 10
LEAST_OTHERS = 5  # rows of other answers than the most frequent; with fewer, even a perfect candidate may look like chance
WORDS_LOOKED_AT = 30


def check_baselines(
    replies: Replies, retriever: Retriever, rows: Rows, knowledge: Knowledge, *, random: np.random.Generator
) -> Check:
    """Accuracy on the known rows beside the most frequent answer and BM25 (McNemar's exact test).

    Where one answer has nearly all rows, a perfect candidate has next to none to win from always giving that one. So it has
    to be no worse, and its answers have to depend on what is asked.
    """
    asked = replies.only(replies.known)
    count = len(asked.asked)
    answers = Counter(question.answer_id for question in knowledge.questions)
    if count < LEAST_ROWS or len(answers) < 2:
        return passed("baselines", f"{count} rows are too few to compare with simple methods.", rows=count)
    right = asked.right
    frequent = np.array([answers.most_common(1)[0][0] in row.right for row in asked.asked], bool)
    words = _found_by_words(asked, retriever, rows)
    figures = {
        "rows": count,
        "candidate": float(right.mean()),
        "most_frequent": float(frequent.mean()),
        "bm25": float(words.mean()),
    }
    shares = f"{percent(figures['candidate'])} of {count} rows are right first"
    if _is_better(frequent, right):
        reason = f"{shares}; always giving the most frequent answer is right in {percent(figures['most_frequent'])}."
        return refused("baselines", f"The candidate is worse than a single answer: {reason}", **figures)
    if (~frequent).sum() >= LEAST_OTHERS and _agreement_by_chance(asked, random) >= LEVEL:
        reason = f"{shares}, no more than if its answers were given to other rows."
        return refused("baselines", f"The candidate has learned nothing: {reason}", **figures)
    if _is_better(words, right):
        reason = f"{shares}; searching for words alone finds {percent(figures['bm25'])}."
        return refused("baselines", f"The candidate is worse than a word search: {reason}", **figures)
    reason = f"{shares}, {percent(figures['bm25'])} with a word search alone."
    return passed("baselines", reason, **figures)


def _is_better(one: Flags, other: Flags) -> bool:
    won, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return chance_of_loss(won, lost) < LEVEL


def _agreement_by_chance(asked: Replies, random: np.random.Generator) -> float:
    wanted = [row.answer for row in asked.asked]
    _, numbers = np.unique([*asked.given, *wanted], return_inverse=True)  # (2n,)
    return chance_of_agreement(numbers[: len(wanted)], numbers[len(wanted) :], random)


def _found_by_words(asked: Replies, retriever: Retriever, rows: Rows) -> Flags:
    """Whether the text with the most words in common leads to the answer, the row's own questions left out."""
    view = retriever.view
    owners = {question_key(n): q.answer_id for n, q in view.questions.items()}
    owners |= {passage_key(n): p.answer_id for n, p in view.passages.items()}
    copies = {item.question.number: item.copies for item in samples(view, rows.questions)}
    found = []
    for row in asked.asked:
        barred = [question_key(number) for number in copies[row.number]]
        hits = view.lexical.search(tokenize_lexical(row.text), WORDS_LOOKED_AT, exclude=barred)
        found.append(len(hits.keys) > 0 and owners[int(hits.keys[0])] in row.right)
    return np.array(found, bool)
