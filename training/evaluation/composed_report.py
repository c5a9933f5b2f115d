"""Figures of composed replies, and replies to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

import numpy as np

from retrieval.composition_confidence import JudgedComposition, composed_at
from training.evaluation.composed import Company, Tried, rank_fusion_recall
from training.evaluation.metrics import auroc

Z = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with its 95 % interval (Wilson 1927)."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        return self.hits / self.count if self.count else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        if not self.count:
            return 0.0, 1.0
        n, p = self.count, self.value
        middle, reach = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return (middle - reach) / (1 + Z * Z / n), (middle + reach) / (1 + Z * Z / n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] ({self.hits} of {self.count})"


@dataclass(frozen=True, slots=True)
class CompanyFigures:
    """Of one company's questions.

    Attributes:
        fusion_recall, recall: R@1 of plain rank fusion and of section search.
        holds: known questions whose composition has a key sentence, whatever its confidence.
        composed: replies above the cut-off, of all questions, half of them unknown.
        wrong: those of them without a key sentence.
        from_right: mean share of the sentences of known composed replies that stand in the right section.
        contains, contains_by_words: known composed replies with a key sentence by either measure.
        auroc: of the confidence, right against wrong over all.
    """

    name: str
    fusion_recall: float
    recall: Share
    holds: Share
    composed: Share
    wrong: Share
    from_right: float
    contains: Share
    contains_by_words: Share
    auroc: float
    search_ms: float
    compose_ms: float


def figures_of(company: Company, tried: Sequence[Tried], *, target_error: float) -> CompanyFigures:
    rows = [each for each in tried if each.company == company.documents.name]
    known = [each for each in rows if each.known]
    given = [each for each in rows if is_given(each, target_error)]
    sure = [each for each in given if each.known]
    return CompanyFigures(
        name=company.documents.name,
        fusion_recall=rank_fusion_recall(company),
        recall=Share(sum(each.first for each in known), len(known)),
        holds=Share(sum(each.right for each in known), len(known)),
        composed=Share(len(given), len(rows)),
        wrong=Share(sum(not each.right for each in given), len(given)),
        from_right=fmean(each.from_right for each in sure) if sure else float("nan"),
        contains=Share(sum(each.right for each in sure), len(sure)),
        contains_by_words=Share(sum(each.right_by_words for each in sure), len(sure)),
        auroc=auroc([each.composition.confidence for each in rows], [each.right for each in rows]),
        search_ms=median(each.search_ms for each in rows),
        compose_ms=median(each.compose_ms for each in rows),
    )


def is_given(tried: Tried, target_error: float, judged: tuple[JudgedComposition, ...] = ()) -> bool:
    return tried.composition.confidence >= composed_at(target_error, judged)


def table(figures: Sequence[CompanyFigures], *, split: str, target_error: float) -> str:
    lines = [f"Composed replies, FeedbackQA, {split} questions, {target_error:.0%} tolerated"]
    for each in figures:
        lines += [
            f"{each.name}:",
            f"  right section first            {each.recall}; plain rank fusion {each.fusion_recall:.3f}",
            f"  composition has a key sentence {each.holds}, known questions, whatever the confidence",
            f"  composed                       {each.composed}, half of the questions unknown",
            f"  wrong of these                 {each.wrong}",
            f"  of those to known questions    {each.contains} have a key sentence by meaning, "
            f"{each.contains_by_words} by words; "
            f"{each.from_right:.3f} of their sentences stand in the right section",
            f"  AUROC of the confidence        {each.auroc:.3f}",
            f"  milliseconds, p50              {each.search_ms:.1f} section search, {each.compose_ms:.1f} composing",
        ]
    return "\n".join(lines)


def drawn_replies(
    companies: Sequence[Company], tried: Sequence[Tried], *, target_error: float, count: int, seed: int
) -> Iterator[str]:
    """Composed replies drawn by lot, with the question and the section that is labelled right."""
    given = [each for each in tried if is_given(each, target_error)]
    drawn = np.random.default_rng(seed).permutation(len(given))[:count]
    named = {company.documents.name: company for company in companies}
    for each in (given[place] for place in drawn.tolist()):
        company = named[each.company]
        right = company.sources.sections[each.number].record
        yield "\n".join(
            [
                f"\nQ {each.question} ({'known' if each.known else 'unknown'}, "
                f"{each.composition.confidence:.3f}, {'right' if each.right else 'counted as wrong'})",
                *(f"  {sentence.text}  [{sentence.heading}]" for sentence in each.composition.sentences),
                f"  labelled: {right.heading}",
            ]
        )
