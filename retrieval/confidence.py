"""Fits the confidence on the company's own questions: weights by leave-one-out, cut-offs by learn-then-test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.confidence_model import (
    PRIOR,
    SURROUNDINGS_PRIOR,
    ConfidenceModel,
    Cutoffs,
    Forecast,
    choices_worth_offering,
    default_confidence,
    default_cutoffs,
    settled,
    surrounded,
    surroundings_features,
)
from retrieval.cutoffs import Judged, choose_cutoffs
from retrieval.errors import RetrievalError
from retrieval.evidence import FEATURES, NEVER_NEGATIVE, RANKS, RIVALS
from retrieval.example_table import ExampleTable
from retrieval.fusion import Fusion
from retrieval.fusion_fit import fit_fusion
from retrieval.leave_one_out import Example, leave_one_out
from retrieval.logistic import fit_logistic, sigmoid, without_negatives
from retrieval.retriever import Retriever

__all__ = [
    "ConfidenceModel",
    "CrossFitted",
    "Cutoffs",
    "cross_fitted",
    "cross_fitted_confidences",
    "cutoffs_by_language",
    "default_confidence",
    "example_weights",
    "fit_confidence",
    "fit_examples",
]

FOLDS = 5
# Examples with an answer. With fewer, the unknown ones would say that nothing is ever right.
LEAST_KNOWN = 20
LEAST_EXAMPLES = 60  # of one language, for cut-offs of its own
FORECAST_ERRORS = (0.05, 0.10, 0.15, 0.20, 0.30)  # tolerated errors that somebody may choose among later

Progress = Callable[[int, int], None]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """Examples, each judged by a model that was fitted without its answer.

    Attributes:
        surroundings: weights of the second step, fitted on all of them; None where traffic was not known to all.
        confidences: (n, RANKS) of the best candidates, falling.
        order: (n, c) the places of all candidates, the best first, absent ones last.
    """

    judged: Judged
    confidences: Floats
    order: NDArray[np.intp]
    surroundings: Floats | None = None


def fit_confidence(
    retriever: Retriever,
    *,
    target_error: float = 0.10,
    unknown_share: float = 0.5,
    out_of_scope: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    sample: int = 2000,
    progress: Progress | None = None,
) -> ConfidenceModel:
    """Fits weights and cut-offs on the retriever's own questions by leave-one-out.

    Args:
        target_error: tolerated share of wrong ones among the answers given.
        unknown_share: expected share of questions that have no answer.
        out_of_scope: (text, language) of questions known to have none.
        sample: at most so many questions are used.
        progress: gets (questions done, questions in all).
    """
    examples = leave_one_out(
        retriever, sample=sample, seed=seed, out_of_scope=out_of_scope, progress=progress
    )
    return fit_examples(examples, target_error=target_error, unknown_share=unknown_share, seed=seed)


def fit_examples(
    examples: Sequence[Example], *, target_error: float, unknown_share: float, seed: int
) -> ConfidenceModel:
    """As `fit_confidence`, from examples already searched; cheap, so it can be repeated for other shares.

    Raises:
        RetrievalError: `target_error` is not above 0 and below 1, or `unknown_share` not from 0 to below 1.
    """
    if not 0 < target_error < 1:
        raise RetrievalError(f"The tolerated error {target_error} is not between 0 and 1; 0.10 is usual")
    if not 0 <= unknown_share < 1:
        raise RetrievalError(
            f"The share of unknown questions {unknown_share} is not from 0 to below 1; 0.5 is usual"
        )
    model = default_confidence(target_error=target_error, unknown_share=unknown_share)
    if not examples:
        return model
    table = ExampleTable.of(examples)
    counts = {"known": int(table.known.sum()), "unknown": int((~table.known).sum())}
    if counts["known"] < LEAST_KNOWN:
        return replace(model, fitted_on=counts)
    weights = example_weights(table.known, unknown_share)
    crossed = _cross_fitted(table, unknown_share)
    judged = crossed.judged
    fusion, beta = _fit(table, weights)
    random = np.random.default_rng(seed)
    made = table.stands_for == 0
    mixed = np.zeros(len(table), bool)
    mixed[made] = _mixture(table.known[made], unknown_share, random)
    drawn = _alike(table.stands_for, random)
    cutoffs = cutoffs_by_language(table.languages, judged, mixed, target_error, drawn=drawn)
    return replace(
        model,
        weights=dict(zip(FEATURES, beta.tolist(), strict=True)),
        fusion=fusion,
        cutoffs={language: found for language, found in cutoffs.items() if language},
        default_cutoffs=cutoffs[""],
        forecasts=forecasts_by_language(table.languages, judged, mixed, drawn=drawn),
        fitted_on=counts,
        surroundings=None if crossed.surroundings is None else _named(crossed.surroundings),
    )


def _named(weights: Floats) -> dict[str, float]:
    return dict(zip(SURROUNDINGS_PRIOR, weights.tolist(), strict=True))


def cross_fitted_confidences(examples: Sequence[Example], *, unknown_share: float) -> Floats:
    """(n,) confidence of each example's best candidate, by a model that was fitted without its answer."""
    return cross_fitted(examples, unknown_share=unknown_share).judged.confidence


def cross_fitted(examples: Sequence[Example], *, unknown_share: float) -> CrossFitted:
    """Every example as a model judges it that was fitted without its answer; the shipped one, where that serves."""
    return _cross_fitted(ExampleTable.of(examples), unknown_share)


def _fit(examples: ExampleTable, weights: Floats) -> tuple[Fusion, Floats]:
    """Fusion weights and (f,) confidence weights, which count every candidate of an example alike."""
    fusion = fit_fusion(examples)
    ranked = examples.ranked(fusion)
    features, targets = ranked.features[ranked.present], ranked.right[ranked.present].astype(np.float64)
    rows = np.broadcast_to(weights[:, None], ranked.present.shape)[ranked.present]
    mean, deviation = np.array([PRIOR[name] for name in FEATURES]).T
    beta = without_negatives(
        lambda used: fit_logistic(
            features[:, used],
            targets,
            weights=rows,
            prior_mean=mean[used],
            prior_deviation=deviation[used],
        ),
        signed=np.array([name not in NEVER_NEGATIVE for name in FEATURES]),
    )
    return fusion, beta


def _cross_fitted(examples: ExampleTable, unknown_share: float) -> CrossFitted:
    count = len(examples)
    weights = example_weights(examples.known, unknown_share)
    shipped = default_confidence(unknown_share=unknown_share) if examples.known.sum() < LEAST_KNOWN else None
    chances, right = np.zeros((count, RANKS)), np.zeros((count, RANKS), bool)
    order = np.zeros((count, RIVALS), np.intp)
    # Examples of one group, that is of one answer, are in the same fold.
    folds = np.unique(examples.groups, return_inverse=True)[1] % FOLDS
    for fold in np.unique(folds):
        held = folds == fold
        if shipped is not None:
            fusion, beta = shipped.fusion, np.array([shipped.weights[name] for name in FEATURES])
        else:
            fusion, beta = _fit(examples.only(~held), weights[~held])
        ranked = examples.only(held).ranked(fusion)
        chances[held] = sigmoid(ranked.features @ beta) * ranked.present
        right[held], order[held] = ranked.right, ranked.order
    second = None
    if shipped is None and not np.isnan(examples.surroundings).any():
        second, chances = _second_step(chances, right, examples.surroundings, weights, folds)
    return _settled(chances, right, order, second)


def _second_step(
    chances: Floats, right: Flags, around: Floats, weights: Floats, folds: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Weights by all examples, and (n, r) chances, those of each fold moved by weights that the others gave."""
    moved = np.zeros_like(chances)
    for fold in np.unique(folds):
        held, others = folds == fold, folds != fold
        own = _fit_surroundings(chances[others], right[others], around[others], weights[others])
        moved[held] = surrounded(chances[held], around[held], own)
    return _fit_surroundings(chances, right, around, weights), moved


def _fit_surroundings(chances: Floats, right: Flags, around: Floats, weights: Floats) -> Floats:
    """(4,) weights of the second step, from (n, r) chances by the first one and whether each is right."""
    mean, deviation = np.array(list(SURROUNDINGS_PRIOR.values())).T
    features = surroundings_features(chances[:, 0], around)
    return without_negatives(
        lambda used: fit_logistic(
            features[:, used],
            right[:, 0].astype(np.float64),
            weights=weights,
            prior_mean=mean[used],
            prior_deviation=deviation[used],
        ),
        signed=np.array([name == "intercept" for name in SURROUNDINGS_PRIOR]),
    )


def _settled(chances: Floats, right: Flags, order: NDArray[np.intp], second: Floats | None) -> CrossFitted:
    count = len(chances)
    judged, rows = Judged.blank(count), np.zeros((count, RANKS))
    for row in range(count):
        confidences = settled(chances[row].tolist(), RANKS)
        offered = choices_worth_offering(confidences)
        rows[row] = confidences
        judged.confidence[row] = confidences[0]
        judged.right[row] = right[row, 0]
        judged.choices[row] = sum(confidences[:offered])
        judged.among[row] = right[row, :offered].any()
    return CrossFitted(judged, rows, order, second)


def cutoffs_by_language(
    languages: NDArray[np.str_],
    judged: Judged,
    mixed: Flags,
    target_error: float,
    *,
    drawn: Flags | None = None,
) -> dict[str, Cutoffs]:
    """Cut-offs of all languages together under "", and of languages with LEAST_EXAMPLES or more that need their own.

    A language whose own examples are too few to certify a cut-off takes part in the certified one of all, unless its own would be
    higher: the promise is made in each language. With 1,500 calibrated examples in one language and 100 harder ones in another, 10 % tolerated, 15 % of what
    was answered in the second was wrong at the cut-off of all, 7 % at its own.
    """
    if mixed.sum() < LEAST_EXAMPLES:
        return {"": default_cutoffs(target_error, examples=int(mixed.sum()))}

    def chosen_on(rows: Flags, basis: str) -> Cutoffs:
        return choose_cutoffs(
            judged.only(mixed & rows),
            target_error=target_error,
            basis=basis,
            drawn=None if drawn is None else judged.only(drawn & rows),
        )

    shared = chosen_on(np.ones(len(mixed), bool), "all")
    found = {"": shared}
    for language in sorted(set(languages.tolist())):
        own = languages == language
        if (mixed & own).sum() >= LEAST_EXAMPLES:
            chosen = chosen_on(own, "language")
            if chosen.basis == "language" or shared.basis != "all" or chosen.answer_at > shared.answer_at:
                found[language] = chosen
    return found


def forecasts_by_language(
    languages: NDArray[np.str_], judged: Judged, mixed: Flags, *, drawn: Flags | None = None
) -> dict[str, tuple[Forecast, ...]]:
    """What each of FORECAST_ERRORS would give, for all languages together under "" and for those with enough examples.

    What keeps a smaller error keeps a larger one, so that tolerating more never answers less, however the certificates fall.
    """
    found: dict[str, tuple[Forecast, ...]] = {}
    for error in FORECAST_ERRORS:
        cutoffs = cutoffs_by_language(languages, judged, mixed, error, drawn=drawn)
        for language in ("", *sorted(set(languages.tolist()))):
            rows = mixed & (languages == language) if language else mixed
            if rows.sum() < LEAST_EXAMPLES:
                continue
            chosen = cutoffs.get(language, cutoffs[""])
            answered = float((judged.confidence[rows] >= chosen.answer_at).mean())
            smaller = found.get(language, ())
            if smaller and smaller[-1].answered > answered:
                answered, chosen = smaller[-1].answered, smaller[-1].cutoffs
            found[language] = (*smaller, Forecast(error, answered, chosen))
    return found


def example_weights(known: Flags, unknown_share: float) -> Floats:
    """(n,) so that unknown questions count `unknown_share` of all and the sum stays n."""
    total, count = len(known), int(known.sum())
    return np.where(
        known,
        (1 - unknown_share) * total / max(count, 1),
        unknown_share * total / max(total - count, 1),
    )


def _alike(stands_for: Floats, random: np.random.Generator) -> Flags:
    """(n,) rows drawn from traffic, of which as many are dropped as makes the chance to be there the same for all messages."""
    share = stands_for / max(float(stands_for.max(initial=0.0)), 1.0)
    return np.asarray(random.random(len(share)) < share)


def _mixture(known: Flags, unknown_share: float, random: np.random.Generator) -> Flags:
    """(n,) rows in which unknown questions have the wanted share, as many as there can be."""
    known_rows, unknown_rows = np.flatnonzero(known), np.flatnonzero(~known)
    odds = unknown_share / (1 - unknown_share)
    unknowns = min(len(unknown_rows), round(len(known_rows) * odds))
    knowns = min(len(known_rows), round(unknowns / odds)) if odds else len(known_rows)
    rows = np.zeros(len(known), bool)
    rows[random.permutation(known_rows)[:knowns]] = True
    rows[random.permutation(unknown_rows)[:unknowns]] = True
    return rows
