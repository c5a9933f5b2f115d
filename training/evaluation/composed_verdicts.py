"""What people's verdicts on composed replies change for those that come later, played with labelled questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.composition_confidence import MOST_JUDGED, JudgedComposition
from training.evaluation.composed import Tried
from training.evaluation.composed_report import is_given

DRAWS = 20


@dataclass(frozen=True, slots=True)
class AfterVerdicts:
    """What people's verdicts on composed replies change for one company; means over draws of the order of questions.

    Attributes:
        given, wrong: of the earlier questions, each composed reply judged before the next question comes.
        later_given, later_wrong: of the later ones, by the cut-off that was left.
        without, wrong_without: of the earlier ones, had nobody judged.
    """

    name: str
    given: float
    wrong: float
    later_given: float
    later_wrong: float
    without: int
    wrong_without: int


def after_verdicts(
    name: str, earlier: Sequence[Tried], later: Sequence[Tried], *, target_error: float, draws: int = DRAWS
) -> AfterVerdicts:
    """`earlier` come in a drawn order; a verdict is what the labels say."""
    first, last = ([each for each in rows if each.company == name] for rows in (earlier, later))
    counts: list[tuple[int, int, int, int]] = []
    for seed in range(draws):
        judged: tuple[JudgedComposition, ...] = ()
        told: list[bool] = []
        for place in np.random.default_rng(seed).permutation(len(first)).tolist():
            each = first[place]
            if is_given(each, target_error, judged):
                told.append(each.right)
                verdict = JudgedComposition(each.composition.confidence, each.right)
                judged = (*judged, verdict)[-MOST_JUDGED:]
        afterwards = [each.right for each in last if is_given(each, target_error, judged)]
        counts.append((len(told), told.count(False), len(afterwards), afterwards.count(False)))
    unjudged = [each.right for each in first if is_given(each, target_error)]
    given, wrong, later_given, later_wrong = np.mean(counts, axis=0).tolist()
    return AfterVerdicts(name, given, wrong, later_given, later_wrong, len(unjudged), unjudged.count(False))


def verdicts_table(found: Sequence[AfterVerdicts], *, split: str) -> str:
    lines = [f"Each composed reply to a training question judged, in {DRAWS} orders; then {split} questions"]
    for each in found:
        lines += [
            f"{each.name}:",
            f"  training questions  {each.given:.0f} composed, {each.wrong:.0f} of them wrong; "
            f"without verdicts {each.without}, {each.wrong_without} of them wrong",
            f"  {split} questions      {each.later_given:.1f} composed, {each.later_wrong:.1f} of them wrong",
        ]
    return "\n".join(lines)
