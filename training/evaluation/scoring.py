"""From replies and rankings to the figures of one table row."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.decision import Outcome
from training.evaluation.metrics import (
    auroc,
    brier,
    coverage_at_error,
    ece,
    macro_f1,
    mrr,
    recall_at_1,
    selective,
)
from training.evaluation.pipeline import Reply

Figures = dict[str, float]


def ranking_figures(
    answers: Sequence[Sequence[str]],
    sureness: Sequence[float],
    right: Sequence[frozenset[str]],
    *,
    target_error: float,
    single_label: bool,
) -> Figures:
    """Figures that anything that ranks has: order over the known messages, sureness over all of them."""
    known = [place for place, wanted in enumerate(right) if wanted]
    ranked, wanted = [answers[place] for place in known], [right[place] for place in known]
    hits = first_is_right(answers, right)
    figures = {
        "messages": len(right),
        "unknown": len(right) - len(known),
        "right_first": recall_at_1(ranked, wanted),
        "mrr": mrr(ranked, wanted),
        "coverage_in_hindsight": coverage_at_error(sureness, hits, target_error),
    }
    if single_label:
        figures["macro_f1"] = macro_f1([row[0] for row in ranked], [min(labels) for labels in wanted])
    if len(known) < len(right):
        figures["auroc_known"] = auroc(sureness, [bool(labels) for labels in right])
    return figures


def reply_figures(
    replies: Sequence[Reply], right: Sequence[frozenset[str]], *, target_error: float, single_label: bool
) -> Figures:
    """As `ranking_figures`, and whether the confidence is a probability and what the chosen cut-off gave."""
    answers = [reply.answers for reply in replies]
    confidences = [reply.confidences[0] if reply.confidences else 0.0 for reply in replies]
    hits = first_is_right(answers, right)
    chosen = selective([reply.outcome is Outcome.ANSWERED for reply in replies], hits)
    figures = ranking_figures(
        answers, confidences, right, target_error=target_error, single_label=single_label
    )
    figures |= {
        "ece": ece(confidences, hits),
        "brier": brier(confidences, hits),
        "coverage": chosen.coverage,
        "selective_error": chosen.error,
        "clarified": _share(replies, Outcome.CLARIFIED),
        "handed_off": _share(replies, Outcome.HANDED_OFF),
    }
    unknown = [reply for reply, wanted in zip(replies, right, strict=True) if not wanted]
    if unknown:
        figures["unknown_not_answered"] = 1 - _share(unknown, Outcome.ANSWERED)
        figures["unknown_handed_off"] = _share(unknown, Outcome.HANDED_OFF)
    return figures


def first_is_right(answers: Sequence[Sequence[str]], right: Sequence[frozenset[str]]) -> list[bool]:
    return [bool(row) and row[0] in wanted for row, wanted in zip(answers, right, strict=True)]


def _share(replies: Sequence[Reply], outcome: Outcome) -> float:
    return sum(reply.outcome is outcome for reply in replies) / len(replies)
