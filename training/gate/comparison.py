"""Whether the candidate answers as rightly as the release that serves, on the same rows: overall, by language, by answer.

Two rules. Harm: nothing may be shown to be worse (McNemar's exact test, one-sided), over all groups together with Holm's
correction, so that a candidate that is nowhere worse is refused with a chance of 5 % at most. Non-inferiority: where MANY
rows are there, it must be shown that the candidate is less than MARGIN worse (lower bound of Tango's interval). All of these have to
hold at once, which needs no correction (Berger, Technometrics 24, 1982: intersection-union tests).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.records import Knowledge
from training.gate.asking import Flags, Replies
from training.gate.checks import Check, passed, percent, refused
from training.gate.statistics import LEVEL, chance_of_loss, difference_interval, holm, least_difference

MARGIN = 0.05
MANY = 400  # rows; with fewer, an equally good candidate often fails to show it: figures in decision 16
MOST_TOPICS = 20
LEAST_ROWS = 5  # of a language or an answer: with all five lost, chance alone has 1 in 32


@dataclass(frozen=True, slots=True)
class Paired:
    """A group of known rows: how many both releases have right, and how they differ.

    Attributes:
        name: "" for everything, a language, or an answer's id.
        chance: of so many lost rows or more, were both equally good; adjusted for all groups.
        low, high: 95 % interval of candidate minus serving accuracy.
    """

    name: str
    rows: int
    candidate: float
    serving: float
    lost: int
    won: int
    chance: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        return self.chance < LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything, each language where there are several, and the largest answers."""

    overall: Paired
    languages: tuple[Paired, ...]
    topics: tuple[Paired, ...]


def compare(candidate: Replies, serving: Replies, knowledge: Knowledge) -> Comparison | None:
    """None where no row has an answer. Chances are adjusted over all groups together."""
    known = candidate.known
    if not known.any():
        return None
    languages = np.array([row.language for row in candidate.asked])
    answers = np.array([row.answer for row in candidate.asked])
    groups: list[tuple[str, str, Flags]] = [("overall", "", known)]
    spoken = sorted(set(languages[known].tolist()))
    for language in spoken if len(spoken) > 1 else ():
        groups.append(("language", language, known & (languages == language)))
    for answer in _largest(knowledge):
        groups.append(("topic", answer, known & (answers == answer)))
    least = {"overall": 1, "language": LEAST_ROWS, "topic": LEAST_ROWS}
    kept = [(kind, name, rows) for kind, name, rows in groups if rows.sum() >= least[kind]]
    counts = [_lost_and_won(candidate, serving, rows) for _, _, rows in kept]
    chances = holm([chance_of_loss(lost, won) for lost, won in counts])
    paired = [
        (kind, _paired(name, candidate, serving, rows, chance))
        for (kind, name, rows), chance in zip(kept, chances, strict=True)
    ]
    of_kind = {wanted: tuple(each for kind, each in paired if kind == wanted) for wanted in least}
    return Comparison(of_kind["overall"][0], of_kind["language"], of_kind["topic"])


def check_comparison(found: Comparison) -> list[Check]:
    """The checks "accuracy", "languages" and "topics"."""
    checks = [_of_group("accuracy", "Over all rows", found.overall)]
    languages = [_of_group("languages", f"In {each.name}", each) for each in found.languages]
    if languages:
        checks.append(
            _together("languages", languages, "No language is answered worse than by the serving release.")
        )
    topics = [_of_topic(each) for each in found.topics]
    if topics:
        said = f"None of the {len(topics)} largest answers with enough rows is found worse than by the serving release."
        checks.append(_together("topics", topics, said))
    return checks


def _largest(knowledge: Knowledge) -> list[str]:
    counts = Counter(question.answer_id for question in knowledge.questions)
    return sorted(counts, key=lambda answer: (-counts[answer], answer))[:MOST_TOPICS]


def _lost_and_won(candidate: Replies, serving: Replies, rows: Flags) -> tuple[int, int]:
    new, old = candidate.right & rows, serving.right & rows
    return int((old & ~new).sum()), int((new & ~old).sum())


def _paired(name: str, candidate: Replies, serving: Replies, rows: Flags, chance: float) -> Paired:
    count = int(rows.sum())
    lost, won = _lost_and_won(candidate, serving, rows)
    low, high = difference_interval(lost, won, count)
    shares = [float(each.right[rows].mean()) for each in (candidate, serving)]
    return Paired(name, count, shares[0], shares[1], lost, won, chance, low, high)


def _of_group(name: str, where: str, group: Paired) -> Check:
    counts = f"{group.lost} of {group.rows} lost, {group.won} won"
    shares = f"{percent(group.candidate)} are right first, {percent(group.serving)} with the serving release"
    figures = _figures(group)
    if group.is_worse:
        reason = f"{where} the candidate is worse: {shares} ({counts}, p = {group.chance:.2g})."
        return refused(name, reason, **figures)
    least = least_difference(group.lost, group.won, group.rows)
    if group.rows >= MANY and least <= -MARGIN:
        reason = f"{where} a loss of {percent(MARGIN)} can't be ruled out: {shares} ({counts}, at worst {percent(least)})."
        return refused(name, reason, **figures)
    return passed(name, f"{where} {shares} ({counts}).", **figures)


def _of_topic(topic: Paired) -> Check:
    counts = f"{topic.lost} of {topic.rows} lost, {topic.won} won, p = {topic.chance:.2g}"
    if topic.is_worse:
        return refused("topics", f"Questions of {topic.name} are found worse ({counts}).", **_figures(topic))
    return passed("topics", "", **_figures(topic))


def _together(name: str, checks: Sequence[Check], said: str) -> Check:
    wrong = [check for check in checks if not check.passed]
    rows = [dict(check.figures) for check in checks]
    if not wrong:
        return passed(name, said, groups=rows)
    return refused(name, " ".join(check.reason for check in wrong), groups=rows)


def _figures(group: Paired) -> Mapping[str, str | int | float]:
    return {
        "group": group.name,
        "rows": group.rows,
        "candidate": group.candidate,
        "serving": group.serving,
        "lost": group.lost,
        "won": group.won,
        "p": group.chance,
        "low": group.low,
        "high": group.high,
    }
