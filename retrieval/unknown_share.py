"""How large the share of unknown questions among unlabelled messages is.

Messages are a mixture of known questions and unknown ones in a proportion that differs from history's (label shift), while each
kind looks as in leave-one-out. A logistic regression of unknown against known on one number x gives the ratio
r(x) = p(x | unknown) / p(x | known); the share s maximises sum ln(s r(x) + 1 - s), found by the EM iteration of Saerens,
Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities: a simple procedure"
(equation 2.9), on a concave function.

Customers don't ask about everything as often as a company has written questions about it, and known questions are the surer the
more their answer has. So messages are told apart by the number of questions of the answer they come nearest to: in each of up to three
strata the share is found by itself. On twelve mock companies (`benchmark companies`), half of whose messages are unknown, the mean error of the
share went from .11 to .08; on those that have written 3 to 40 questions of each intent from .14 to .07.

One number at a time, since all the evidence together looks different in traffic than in leave-one-out: with half of the
answers of stackfaq left out, true shares of 0.1, 0.3, 0.5, 0.7 came out as 0.09, 0.26, 0.45, 0.64, with all the evidence as
0.22, 0.44, 0.64, 0.80; on banking77_oos (dev) as 0.18, 0.41, 0.60, 0.80, with all as 0.17, 0.37, 0.56, 0.77.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.logistic import fit_logistic

ASSUMED_UNKNOWN_SHARE = 0.2
"""Of messages, while no traffic tells; see docs/decisions/0005."""
LEAST_ROWS = 50  # of known, of unknown and of messages
# What is said more often than this part of all different messages counts as that often: a program that says "ping" each minute must
# not decide how careful the bot is with customers.
MOST_SAID = 0.1
MOST_STRATA, LEAST_IN_STRATUM = 3, 20  # known and unknown ones
# Standard deviations by which the known ones lie above the unknown ones at least, for anything to be told by them. Where they lie alike, a slope
# by chance makes everything known or everything unknown.
LEAST_GAP = 0.25
LEAST_SHARE, MOST_SHARE = 0.02, 0.98
# What is believed beforehand, an even share give or take this, counts against a share of large standard error.
EVEN_SHARE, BELIEVED_DEVIATION = 0.5, 0.25
MOST_DEVIATION = 1.0  # beyond it nothing was measured
MOST_STEPS = 10_000
TOLERANCE = 1e-7
PRIOR_DEVIATION = 3.0  # of the regression's weights: weak, but finite where the two kinds part cleanly

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of n utterances.

    Attributes:
        values: (n,) the higher, the likelier known: a standing, or the logit of a confidence.
        questions: (n,) of the answer that each comes nearest to.
        times: (n,) how often each was said.
    """

    values: Floats
    questions: Floats
    times: Floats

    @classmethod
    def once(cls, values: Floats, questions: Floats) -> Evidence:
        return cls(values, questions, np.ones(len(values)))

    def __len__(self) -> int:
        return len(self.values)

    def only(self, rows: NDArray[np.bool_]) -> Evidence:
        return Evidence(self.values[rows], self.questions[rows], self.times[rows])


def estimate_unknown_share(
    messages: Evidence, *, known: Evidence, unknown: Evidence, error: float = 0.0
) -> float | None:
    """Share of unknown questions among `messages`, within 0.02 and 0.98; labels are not needed.

    A message counts as often as it was said (`MOST_SAID` at most), though what is said ten times is one piece of evidence.

    Args:
        known, unknown: of questions whose answer was there and was not.
        error: what part of itself an estimate may be off, however many messages there are (`error_of_folds`).

    Returns:
        None where it cannot be told: too few rows, or known and unknown ones look alike.
    """
    if min(len(messages), len(known), len(unknown)) < LEAST_ROWS:
        return None
    if not _part(known, unknown):
        return None
    times = np.minimum(messages.times, max(1.0, MOST_SAID * len(messages)))
    share, variance = _share_and_variance(replace(messages, times=times), known, unknown)
    if variance > MOST_DEVIATION**2:
        return None
    variance += (error * share) ** 2
    trust = BELIEVED_DEVIATION**2 / (BELIEVED_DEVIATION**2 + variance)
    return float(np.clip(trust * share + (1 - trust) * EVEN_SHARE, LEAST_SHARE, MOST_SHARE))


def error_of_folds(evidence: Evidence, known: NDArray[np.bool_], folds: NDArray[np.intp]) -> float:
    """What part of the share estimates are off, root mean square: each fold's share of unknown ones as the other folds tell it; 0 with one fold.

    The unknown questions of one fold can be nearer to what is known, or farther, than those of another. Those of traffic can be, too. The
    fewer they are, the less it matters.
    """
    errors = []
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        if min(int(own.sum()), int((others & known).sum()), int((others & ~known).sum())) >= LEAST_ROWS:
            told, _ = _share_and_variance(
                evidence.only(own), evidence.only(others & known), evidence.only(others & ~known)
            )
            share = max(float((~known[own]).mean()), LEAST_SHARE)
            errors.append((told - share) / share)
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0


def _share_and_variance(messages: Evidence, known: Evidence, unknown: Evidence) -> tuple[float, float]:
    share = variance = 0.0
    for own, *kinds in _strata(messages, known, unknown):
        if len(own):
            ratios = density_ratios(own.values, known=kinds[0].values, unknown=kinds[1].values)
            part, found = own.times.sum() / messages.times.sum(), mixture_share(ratios, own.times)
            share += part * found
            variance += (part * share_deviation(ratios, own.times, found)) ** 2
    return share, variance


def _strata(messages: Evidence, known: Evidence, unknown: Evidence) -> list[tuple[Evidence, ...]]:
    """The three by number of questions: as many strata as have enough known and unknown ones that part."""
    evidence = (messages, known, unknown)
    for count in range(MOST_STRATA, 1, -1):
        edges = np.quantile(known.questions, np.arange(1, count) / count)
        places = [np.digitize(each.questions, edges) for each in evidence]
        strata = [
            tuple(each.only(place == number) for each, place in zip(evidence, places, strict=True))
            for number in range(count)
        ]
        if all(min(map(len, kinds)) >= LEAST_IN_STRATUM and _part(*kinds) for _, *kinds in strata):
            return strata
    return [evidence]


def _part(known: Evidence, unknown: Evidence) -> bool:
    deviation = np.sqrt((known.values.var() + unknown.values.var()) / 2)
    return bool(known.values.mean() - unknown.values.mean() > LEAST_GAP * deviation)


def density_ratios(messages: Floats, *, known: Floats, unknown: Floats) -> Floats:
    """(m,) p(x | unknown) / p(x | known) at each message."""
    rows = np.concatenate([known, unknown])
    counts = [len(known), len(unknown)]
    beta = fit_logistic(
        np.column_stack([np.ones(len(rows)), rows]),
        np.repeat([0.0, 1.0], counts),
        # Both kinds weigh the same in all, so that the odds are the ratio itself.
        weights=np.repeat([len(rows) / (2 * count) for count in counts], counts),
        prior_mean=np.zeros(2),
        prior_deviation=np.full(2, PRIOR_DEVIATION),
    )
    ratios: Floats = np.exp(np.clip(beta[0] + beta[1] * messages, -30.0, 30.0))
    return ratios


def mixture_share(ratios: Floats, times: Floats) -> float:
    """The share s in [0, 1] that maximises sum times * ln(s * ratio + 1 - s); both (m,)."""
    share = 0.5
    for _ in range(MOST_STEPS):
        chance = share * ratios / (share * ratios + 1 - share)  # (m,) of being unknown
        moved = float(np.average(chance, weights=times))
        if abs(moved - share) < TOLERANCE:
            return moved
        share = moved
    return share


def share_deviation(ratios: Floats, times: Floats, share: float) -> float:
    """Standard error of `share`; infinite where the ratios are all 1.

    From the observed Fisher information where each message was said once. What is said more often is drawn as one (the "sandwich" of Huber 1967,
    "The behavior of maximum likelihood estimates under nonstandard conditions").
    """
    slopes = (ratios - 1) / (share * ratios + 1 - share)
    information = float((times * np.square(slopes)).sum())
    return float("inf") if information == 0 else float(np.square(times * slopes).sum()) ** 0.5 / information
