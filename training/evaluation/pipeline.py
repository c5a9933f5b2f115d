"""The serving pipeline on many messages: fit on knowledge, reply in bulk, time single messages.

Replies are those of `Engine.respond`; only the encoding is done for all messages together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.confidence import ConfidenceModel, cross_fitted_confidences, fit_examples
from retrieval.decision import Outcome
from retrieval.encoder import Encoder
from retrieval.engine import Engine
from retrieval.fusion import reordered
from retrieval.language import detect_language
from retrieval.leave_one_out import Example
from retrieval.masking import mask
from retrieval.normalize import normalize
from retrieval.person_request import asks_for_person
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.unknown_share import LEAST_ROWS, estimate_unknown_share
from training.fitting import Fitted, fit

if TYPE_CHECKING:
    from training.backbones import Backbone
    from training.encoder_tuning import TunedTop

RANKS_GIVEN = 10
TIMED_MESSAGES = 200
UNESTIMATED_SHARE = 0.5

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """`unknown_share` None means: estimate it from the messages."""

    target_error: float = 0.10
    unknown_share: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A customer's text as the service sees it: normalised, masked, its language told by script."""

    utterance: str
    language: str

    @classmethod
    def of(cls, text: str) -> Message:
        utterance = mask(normalize(text)).text
        return cls(utterance, detect_language(utterance))


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers by falling relevance, the confidence of each, and what the bot does."""

    answers: tuple[str, ...]
    confidences: tuple[float, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Trial:
    """A fitted engine, its replies to the messages, and what that took.

    `serving_encoder` is the tuned encoder with one thread, None where nothing was tuned.
    """

    engine: Engine
    fitted: Fitted
    found: tuple[Retrieved, ...]
    replies: tuple[Reply, ...]
    unknown_share: float
    share_is_estimated: bool
    serving_encoder: Encoder | None
    seconds_to_train: float


def run_trial(
    encoder: Encoder,
    knowledge: Knowledge,
    messages: Sequence[Message],
    *,
    settings: FitSettings,
    out_of_scope: Sequence[Message] = (),
    backbone: Backbone | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Fits on `knowledge` alone (the messages' texts serve the unknown share only) and replies to every message."""
    started = perf_counter()
    fitted = fit(
        encoder,
        knowledge,
        backbone=backbone,
        out_of_scope=[(message.utterance, message.language) for message in out_of_scope],
        seed=settings.seed,
        progress=progress,
    )
    retriever, examples = fitted.retriever, fitted.examples
    serving = None
    if backbone is not None and fitted.top is not None:
        bulk, serving = _tuned(backbone, fitted.top)
        retriever = Retriever(bulk, retriever.view)
    model = _fitted(examples, settings, UNESTIMATED_SHARE)
    trained = perf_counter() - started
    found = Engine(retriever, model, fitted.head).retrieve_all(
        [(message.utterance, message.language) for message in messages],
        limit=RANKS_GIVEN,
        progress=_stage(progress, "messages"),
    )
    started = perf_counter()
    estimate = settings.unknown_share
    if estimate is None:
        bare = [example for mock in fitted.mocks for example in mock.bare]
        estimate = _estimated_share(examples, bare, found, model, labelled=len(out_of_scope))
    share = UNESTIMATED_SHARE if estimate is None else estimate
    engine = Engine(retriever, _fitted(examples, settings, share), fitted.head)
    trained += perf_counter() - started
    return Trial(
        engine=engine,
        fitted=fitted,
        found=tuple(found),
        replies=tuple(_reply(engine, *pair) for pair in zip(messages, found, strict=True)),
        unknown_share=share,
        serving_encoder=serving,
        share_is_estimated=settings.unknown_share is None and estimate is not None,
        seconds_to_train=trained,
    )


def milliseconds_a_message(engine: Engine, messages: Sequence[Message], *, encoder: Encoder) -> float:
    """Median over single messages, spread over all of them, each encoded, searched and decided by itself.

    `encoder` is the engine's as it serves: with one thread, since a service answers several messages at once.
    """
    serving = Engine(Retriever(encoder, engine.retriever.view), engine.confidence, engine.head)
    serving.warm_up()
    step = max(1, len(messages) // TIMED_MESSAGES)
    times = []
    for message in messages[::step][:TIMED_MESSAGES]:
        started = perf_counter()
        serving.respond(message.utterance, message.language)
        times.append(perf_counter() - started)
    return float(np.median(times) * 1000)


def _tuned(backbone: Backbone, top: TunedTop) -> tuple[Encoder, Encoder]:
    """The tuned encoder as it serves, with all threads and with one."""
    from retrieval.encoder import OnnxEncoder
    from training.onnx_export import export_encoder

    with tempfile.TemporaryDirectory(prefix="kefu-") as workspace:
        folder = Path(workspace) / "encoder"
        export_encoder(backbone, folder, top=top.layers)
        return OnnxEncoder.load(folder, threads=os.cpu_count() or 1), OnnxEncoder.load(folder)


def _fitted(examples: Sequence[Example], settings: FitSettings, share: float) -> ConfidenceModel:
    return fit_examples(examples, target_error=settings.target_error, unknown_share=share, seed=settings.seed)


def _estimated_share(
    examples: Sequence[Example],
    bare: Sequence[Example],
    found: Sequence[Retrieved],
    model: ConfidenceModel,
    *,
    labelled: int,
) -> float | None:
    """The mean of what two numbers say: how near the nearest answer is, and the confidence of the best one.

    The first errs where unknown questions are nearer than left-out answers' (they come out as known), the second where
    they are farther. On 18 development sets with true shares of 0.05, 0.2, 0.5 and 0.8 the mean was off by 0.15, 0.14,
    0.11 and 0.13, nearness by 0.18, 0.18, 0.17 and 0.17, confidence by 0.13, 0.15, 0.14 and 0.15.

    Only the last `labelled` examples, which are out of scope by label, count as unknown where there are enough of them. Left-out answers
    leave questions that are closer to the knowledge than most unknown ones: on clinc150 (validation rows, true shares
    0, 0.10, 0.18, 0.30) they led to 0.16, 0.32, 0.40, 0.53, a hundred labelled rows to 0.01, 0.12, 0.18, 0.31.

    Where answers have one question each, nearness alone is asked, and `bare` examples show how near known questions are. A company's
    own wording is nearer to its texts than its customers' is, so that known messages come out as unknown: no more than
    an even share is believed.
    """
    asked = [row for row in found if row.candidates]
    kept = [example for example in examples if example.retrieved.candidates]
    unknown = np.array([not example.right for example in kept], bool)
    fitted = int((~unknown).sum()) >= LEAST_ROWS
    known = [row for row, apart in zip(kept, unknown, strict=True) if not apart] if fitted else bare
    if labelled >= LEAST_ROWS:
        unknown = np.arange(len(kept)) >= len(kept) - labelled
    estimates = [
        estimate_unknown_share(
            _standings(asked),
            known=_standings([each.retrieved for each in known]),
            unknown=_standings([row.retrieved for row, apart in zip(kept, unknown, strict=True) if apart]),
        )
    ]
    if fitted:
        sure = _logits(np.array([model.confidences(reordered(row, model.fusion))[0] for row in asked]))
        history = _logits(cross_fitted_confidences(kept, unknown_share=model.unknown_share))
        right = np.array([bool(example.right) for example in kept], bool)
        estimates.append(estimate_unknown_share(sure, known=history[right], unknown=history[unknown]))
    usable = [estimate for estimate in estimates if estimate is not None]
    if not usable:
        return None
    share = float(np.mean(usable))
    return share if fitted else min(share, UNESTIMATED_SHARE)


def _standings(found: Sequence[Retrieved]) -> NDArray[np.float64]:
    return np.array([row.best_standing for row in found if row.candidates])


def _logits(confidences: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(confidences, 1e-4, 1 - 1e-4)
    logits: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logits


def _reply(engine: Engine, message: Message, found: Retrieved) -> Reply:
    answers = tuple(candidate.answer_id for candidate in found.candidates)
    if not message.utterance:  # the service refuses an empty message
        return Reply(answers, (0.0,) * len(answers), Outcome.HANDED_OFF)
    decision = engine.decide(found, asks_for_person=asks_for_person(message.utterance))
    return Reply(answers, tuple(item.confidence for item in decision.scored), decision.outcome)


def _stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(stage, done, total)
