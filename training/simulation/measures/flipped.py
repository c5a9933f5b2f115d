"""What wrong labels cost that the rules of trust have let through, with the defence of training and without.

Five rows of each intent are an operator's. The others are labels from visitors' choices, of which a share names another intent:
any, or the one whose operator's rows are nearest, as a visitor errs who chooses between two that look alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.normalize import normalize
from retrieval.records import Knowledge, QuestionRecord
from retrieval.trust import Trust
from training.evaluation.inputs import named_passages
from training.evaluation.pipeline import FitSettings, Trial, run_trial
from training.evaluation.scoring import reply_figures
from training.label_weights import OPERATOR
from training.remembering import Remembering
from training.simulation.measures.paired import hits_of, paired_figures
from training.simulation.plan import Plan, Row

SHARES = (0.1, 0.2)
CLEAN = "no label flipped"


class Aim(StrEnum):
    ANY = "to any other answer"
    NEAREST = "to the nearest other answer"


@dataclass(frozen=True, slots=True)
class Labels:
    """What is taught: (row, intent) from an operator, and from visitors."""

    operator: tuple[tuple[Row, str], ...]
    visitors: tuple[tuple[Row, str], ...]


def measure_flipped(
    plan: Plan, encoder: Encoder, *, settings: FitSettings, aims: Sequence[Aim] = tuple(Aim)
) -> dict[str, dict[str, float]]:
    """Figures by what was flipped; `difference` is against the same bot without flipped labels."""
    remembering = Remembering(encoder)
    right = [frozenset({row.intent}) for row in plan.test]
    operator = tuple((row, row.intent) for row in plan.start)
    found: dict[str, dict[str, float]] = {}
    for undefended in (False, True):
        clean: list[bool] = []
        for name, visitors in _conditions(plan, remembering, aims, seed=settings.seed):
            trial = _trained(remembering, Labels(operator, visitors), plan, settings, undefended=undefended)
            figures = reply_figures(
                trial.replies, right, target_error=settings.target_error, single_label=True
            )
            hits = hits_of(trial.replies, right)
            clean = clean or hits
            kept = {each: figures[each] for each in ("right_first", "coverage", "selective_error", "ece")}
            found[f"{name}, undefended" if undefended else name] = kept | (
                paired_figures(clean, hits) if name != CLEAN else {}
            )
    return found


def _conditions(
    plan: Plan, encoder: Encoder, aims: Sequence[Aim], *, seed: int
) -> Iterator[tuple[str, tuple[tuple[Row, str], ...]]]:
    yield CLEAN, tuple((row, row.intent) for row in plan.traffic)
    for aim in aims:
        others = nearest_others(plan.start, encoder) if aim is Aim.NEAREST else None
        for share in SHARES:
            yield (
                f"{share:.0%} flipped {aim}",
                tuple(flipped(plan.traffic, share=share, nearest=others, seed=seed)),
            )


def flipped(
    rows: Sequence[Row], *, share: float, nearest: Mapping[str, str] | None, seed: int
) -> list[tuple[Row, str]]:
    """The rows with their intents, of which exactly this share, drawn at random, is another one."""
    random = np.random.default_rng([seed, round(1000 * share)])
    intents = sorted({row.intent for row in rows})
    chosen = set(random.permutation(len(rows))[: round(share * len(rows))].tolist())
    labels = []
    for place, row in enumerate(rows):
        intent = row.intent
        if place in chosen:
            others = [each for each in intents if each != row.intent]
            intent = nearest[row.intent] if nearest else str(random.choice(others))
        labels.append((row, intent))
    return labels


def nearest_others(rows: Sequence[Row], encoder: Encoder) -> dict[str, str]:
    """For each intent the one whose mean vector is nearest."""
    intents = sorted({row.intent for row in rows})
    vectors = encoder.encode_queries([normalize(row.message.utterance) for row in rows])
    own = np.array([intents.index(row.intent) for row in rows])
    means: NDArray[np.float32] = np.stack([vectors[own == place].mean(0) for place in range(len(intents))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    similarities = means @ means.T
    np.fill_diagonal(similarities, -np.inf)
    return {
        intent: intents[place] for intent, place in zip(intents, similarities.argmax(1).tolist(), strict=True)
    }


def _trained(
    encoder: Encoder, labels: Labels, plan: Plan, settings: FitSettings, *, undefended: bool
) -> Trial:
    """Undefended, every label counts as an operator's, whatever it looks like."""
    taught = [*labels.operator, *labels.visitors]
    questions = [
        QuestionRecord(row.number, intent, row.message.utterance, row.message.language)
        for row, intent in sorted(taught, key=lambda pair: pair[0].number)
    ]
    visitors = Trust.VISITOR_CHOICE.source.value
    sources = {row.number: OPERATOR for row, _ in labels.operator}
    sources |= {row.number: OPERATOR if undefended else visitors for row, _ in labels.visitors}
    return run_trial(
        encoder,
        Knowledge(questions, named_passages(sorted({question.answer_id for question in questions}))),
        [row.message for row in plan.test],
        settings=settings,
        sources=sources,
    )
