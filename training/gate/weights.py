"""Whether every number of a release is one: no NaN, no infinity, no layer that is one constant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.confidence_model import ConfidenceModel
from retrieval.encoder import ONNX_FILE
from retrieval.intents import IntentHead
from training.gate.checks import Check, passed, refused

if TYPE_CHECKING:
    from training.gate.folders import LoadedRelease

LEAST_SIZE = 64  # numbers of a matrix, below which all may well be equal

Named = Iterator[tuple[str, NDArray[Any]]]


def check_weights(release: LoadedRelease) -> Check:
    """Of the encoder's graph, the intent head, the confidence and the stored vectors."""
    count = 0
    for name, numbers in _all_numbers(release):
        count += numbers.size
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            bad = int((~np.isfinite(numbers)).sum())
            reason = f"{name} has {bad} numbers that are NaN or infinite; train again."
            return refused("weights", reason, where=name, not_finite=bad)
        if numbers.ndim > 1 and numbers.size >= LEAST_SIZE and (numbers == numbers.flat[0]).all():
            value = float(numbers.flat[0])
            reason = f"{name} is {value:g} throughout, so a layer says nothing; train again."
            return refused("weights", reason, where=name, constant=value)
    return passed(
        "weights", f"All {count:,} weights and vectors are finite, and no layer is constant.", numbers=count
    )


def _all_numbers(release: LoadedRelease) -> Named:
    yield from _graph(release.folders.checkpoint / ONNX_FILE)
    yield from _head(release.checkpoint.head)
    yield from _confidence(release.checkpoint.confidence)
    view = release.engine.retriever.view
    for name, index in (("questions", view.question_index), ("answer texts", view.passage_index)):
        if len(index):
            yield f"The index of {name}", index.vectors(index.numbers())


def _graph(file: Path) -> Named:
    """Floats, and bytes of quantised matrices; the graph's own whole numbers are shapes and positions."""
    import onnx
    from onnx import numpy_helper

    for initializer in onnx.load(str(file)).graph.initializer:
        numbers = numpy_helper.to_array(initializer)
        if numbers.dtype.kind == "f" or numbers.dtype.itemsize == 1:
            yield f"The encoder's {initializer.name}", numbers


def _head(head: IntentHead | None) -> Named:
    if head is None:
        return
    for name in ("meaning", "meaning_bias", "rarity", "wording", "wording_bias", "adapter"):
        numbers = getattr(head, name)
        if numbers is not None:
            yield f"The intent head's {name}", numbers


def _confidence(model: ConfidenceModel) -> Named:
    yield "The confidence's weights", np.array(list(model.weights.values()), np.float64)
    fusion = [list(values) for values in model.fusion.weights.values()]
    yield "The confidence's fusion", np.array([number for row in fusion for number in row], np.float64)
    cutoffs = [model.default_cutoffs, *model.cutoffs.values()]
    bounds = [(each.answer_at, each.clarify_at, each.choices_coverage) for each in cutoffs]
    yield "The confidence's cut-offs", np.array(bounds, np.float64).ravel()
