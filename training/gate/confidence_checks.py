"""Whether the candidate's confidence is a probability, its promise is kept, and it still answers.

Unknown rows count as often as the candidate assumes unknown questions to come.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from retrieval.artifacts import JsonValue
from retrieval.confidence import LEAST_EXAMPLES
from retrieval.confidence_model import ConfidenceModel
from retrieval.decision import Outcome
from training.gate.asking import Flags, Floats, Replies
from training.gate.checks import Check, passed, percent, refused
from training.gate.statistics import LEVEL, chance_of_loss, error_at_least
from training.report.curves import BINS
from training.report.verdicts import shares
from training.splits import share_of

LEAST_ROWS = 40
DRAWS = 400
WORST_EXCESS = 0.15
"""Calibration error beyond what true confidences would show on so few rows. Mock companies with little to fit on have up to 0.13."""
MARGIN = 0.03  # more calibration error than the serving release
OF_A_LANGUAGE = 0.03
"""By so much more than tolerated a language alone may err. What the gate asks is harder than what comes: of demo releases that err in 4 % of their
answers as they are served, 13 to 17 % of its rows are wrong, up to 21 % in a language."""
COLLAPSED = 0.7  # of what the serving release answers
COLLAPSED_THOUGH_CAREFUL = 0.3
"""The same where the candidate was told to be more careful: that explains fewer answers, but not next to none."""
MORE_UNKNOWN = 0.05
"""From this rise of the unknown share on, fewer answers are to be expected. Estimates of it move by less from training to training."""


def check_calibration(
    candidate: Replies, serving: Replies | None, model: ConfidenceModel, *, random: np.random.Generator
) -> Check:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599), alone and beside the serving release.

    Alone it is freed of what chance adds, by drawing outcomes from the confidences themselves (Bröcker and Smith 2007, "Increasing
    the reliability of reliability diagrams"); beside, the rows are drawn again together (paired bootstrap).
    """
    count = len(candidate.asked)
    if count < LEAST_ROWS:
        return passed(
            "calibration", f"{count} rows are too few to tell whether the confidence is true.", rows=count
        )
    weights = shares(candidate.known, model.unknown_share)
    error = _error(candidate.confidence, candidate.right, weights)
    excess = error - _error_by_chance(candidate.confidence, weights, random)
    figures = {"rows": count, "candidate": error, "excess": excess}
    if excess > WORST_EXCESS:
        reason = f"Confidences are off by {error:.3f} on average, {excess:.3f} more than chance explains; {WORST_EXCESS} is the limit."
        return refused("calibration", reason, **figures)
    if serving is None:
        return passed("calibration", f"Confidences are off by {error:.3f} on average.", **figures)
    old = _error(serving.confidence, serving.right, weights)
    low = _difference_at_least(candidate, serving, weights, random)
    figures |= {"serving": old, "difference_at_least": low}
    beside = f"Confidences are off by {error:.3f} on average, by {old:.3f} with the serving release"
    if error - old > MARGIN and low > 0:
        return refused("calibration", f"{beside}: more than {MARGIN} worse, and not by chance.", **figures)
    return passed("calibration", f"{beside}.", **figures)


def check_promise(candidate: Replies, model: ConfidenceModel) -> Check:
    """Of what is answered at the candidate's own cut-offs, no more is wrong than tolerated, as far as so many rows can tell.

    In all languages together, and in each that has rows enough for cut-offs of its own; LEVEL is shared by these tests.
    """
    parts = {"": candidate} | _by_language(candidate)
    counted = {language: _counted(part, model, level=LEVEL / len(parts)) for language, part in parts.items()}
    own = {language: figures for language, figures in counted.items() if language}
    figures: dict[str, JsonValue] = counted[""] | ({"languages": own} if own else {})
    tolerated = f"{percent(model.target_error)} are tolerated."
    broken = [
        f"{_words(each, language)}, so at least {percent(each['error_at_least'])}"
        for language, each in counted.items()
        if each["error_at_least"] > model.target_error + (OF_A_LANGUAGE if language else 0.0)
    ]
    if broken:
        return refused(
            "promise", f"The promised error is broken: {'; '.join(broken)}; {tolerated}", **figures
        )
    return passed("promise", f"{_words(counted[''])}; {tolerated}", **figures)


def _counted(replies: Replies, model: ConfidenceModel, *, level: float) -> dict[str, float]:
    rows = replies.only(_mixture(replies, model.unknown_share))
    answered = int(rows.answered.sum())
    wrong = int((rows.answered & ~rows.right).sum())
    least = error_at_least(wrong, answered, level=level)
    return {"rows": len(rows.asked), "answered": answered, "wrong": wrong, "error_at_least": least}


def _words(counted: Mapping[str, float], language: str = "") -> str:
    of = f" in {language}" if language else ""
    return f"{counted['wrong']} of {counted['answered']} answers{of} are wrong"


def _by_language(replies: Replies) -> dict[str, Replies]:
    """The rows of each language with LEAST_EXAMPLES or more, where there is another language as well."""
    of = np.array([row.language for row in replies.asked])
    parts = {language: replies.only(of == language) for language in sorted(set(of.tolist()))}
    return {name: part for name, part in parts.items() if LEAST_EXAMPLES <= len(part.asked) < len(of)}


def check_coverage(
    candidate: Replies, serving: Replies | None, model: ConfidenceModel, serving_model: ConfidenceModel | None
) -> Check:
    """The candidate still answers: something at all, and not far less than the serving release."""
    known = candidate.known
    count = int(known.sum())
    new = _share(candidate.answered[known])
    figures: dict[str, float] = {"rows": count, "candidate": new}
    if count >= LEAST_ROWS and not _helps(candidate).any():
        return refused("coverage", f"None of {count} questions is answered or asked back.", **figures)
    if serving is None or serving_model is None or not count:
        return passed(
            "coverage", f"{percent(new)} of {count} known questions are answered at once.", **figures
        )
    old = _share(serving.answered[known])
    figures |= {"serving": old}
    beside = f"{percent(new)} of {count} known questions are answered at once, {percent(old)} by the serving release"
    if not check_promise(serving, serving_model).passed:
        return passed("coverage", f"{beside}, which breaks its promise.", **figures)
    careful = _is_more_careful(model, serving_model)
    lost = int((serving.answered & ~candidate.answered & known).sum())
    won = int((candidate.answered & ~serving.answered & known).sum())
    least = COLLAPSED_THOUGH_CAREFUL if careful else COLLAPSED
    if new < least * old and chance_of_loss(lost, won) < LEVEL:
        return refused("coverage", f"The candidate answers far less: {beside}.", **figures)
    told = "; the candidate was told to be more careful" if careful else ""
    return passed("coverage", f"{beside}{told}.", **figures)


def _is_more_careful(model: ConfidenceModel, serving: ConfidenceModel) -> bool:
    rise = round(model.unknown_share - serving.unknown_share, 9)
    return model.target_error < serving.target_error or rise >= MORE_UNKNOWN


def _helps(replies: Replies) -> Flags:
    return np.array([outcome is not Outcome.HANDED_OFF for outcome in replies.outcomes], bool)


def _share(flags: Flags) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _mixture(replies: Replies, unknown_share: float) -> Flags:
    """Rows in which unknown questions have the assumed share, as many as there can be, chosen by hashes of their words."""
    hashed = sorted(
        range(len(replies.asked)), key=lambda place: share_of(replies.asked[place].text, salt="promise")
    )
    known = [place for place in hashed if replies.asked[place].right]
    unknown = [place for place in hashed if not replies.asked[place].right]
    odds = unknown_share / (1 - unknown_share)
    unknowns = min(len(unknown), round(len(known) * odds)) if known else len(unknown)
    knowns = min(len(known), round(unknowns / odds)) if odds and unknowns else len(known)
    chosen = np.zeros(len(replies.asked), bool)
    chosen[known[:knowns] + unknown[:unknowns]] = True
    return chosen


def _error(confidence: Floats, right: Flags, weights: Floats) -> float:
    return float(_errors(confidence[None], right[None].astype(float), weights[None])[0])


def _error_by_chance(confidence: Floats, weights: Floats, random: np.random.Generator) -> float:
    """Mean calibration error were the confidences true."""
    right = random.random((DRAWS, len(confidence))) < confidence
    shape = right.shape
    return float(
        _errors(
            np.broadcast_to(confidence, shape), right.astype(float), np.broadcast_to(weights, shape)
        ).mean()
    )


def _difference_at_least(
    candidate: Replies, serving: Replies, weights: Floats, random: np.random.Generator
) -> float:
    """The candidate's calibration error minus the serving one's: 5 % quantile over rows drawn again."""
    drawn = random.integers(0, len(weights), (DRAWS, len(weights)))  # (draws, n)
    share = weights[drawn]
    share = share / share.sum(axis=1, keepdims=True)
    new, old = (
        _errors(each.confidence[drawn], each.right[drawn].astype(float), share)
        for each in (candidate, serving)
    )
    return float(np.quantile(new - old, LEVEL))


def _errors(confidence: Floats, right: Floats, weights: Floats) -> NDArray[np.float64]:
    """(k,) calibration errors of k sets of n rows, all (k, n)."""
    places = np.clip(np.ceil(np.round(confidence * BINS, 9)).astype(np.intp) - 1, 0, BINS - 1)
    places = places + np.arange(len(confidence))[:, None] * BINS  # (k, n)
    gaps = np.bincount(
        places.ravel(), (weights * (confidence - right)).ravel(), minlength=len(confidence) * BINS
    )
    errors: NDArray[np.float64] = np.abs(gaps.reshape(len(confidence), BINS)).sum(axis=1)
    return errors
