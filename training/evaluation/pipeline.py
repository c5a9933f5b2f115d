"""The serving pipeline on many messages: fit on knowledge, reply in bulk, time single messages.

Replies are those of `Engine.respond`; only the encoding is done for all messages together.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from retrieval.candidates import Retrieved
from retrieval.confidence import ConfidenceModel, fit_examples
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
from retrieval.traffic import Traffic, without_traffic
from training.fitting import Fitted, fit
from training.surroundings import levelled, newest_question, sampled
from training.traffic_sample import TrafficSample
from training.traffic_share import estimate_share

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

    `serving_encoder` is the tuned encoder with one thread, None where nothing was tuned. `alone` is what was found before the other messages
    were looked at.
    """

    engine: Engine
    fitted: Fitted
    found: tuple[Retrieved, ...]
    alone: tuple[Retrieved, ...]
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
    trust: Mapping[int, float] | None = None,
    sources: Mapping[int, str] | None = None,
    drawn: TrafficSample | None = None,
    backbone: Backbone | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Fits on `knowledge` and replies to every message.

    Of the messages nothing but the texts is known: they are the traffic (`retrieval.traffic`), in which no message meets itself, and tell
    the share of unknown ones. `trust` says by question number how much one counts; without, all count alike.
    `sources` says who said so, `drawn` are those of the
    questions, and of what is out of scope, that were drawn at random from traffic.
    """
    started = perf_counter()
    asked = [(message.utterance, message.language) for message in messages]
    sample = sampled(asked, seed=settings.seed)
    fitted = fit(
        encoder,
        knowledge,
        backbone=backbone,
        out_of_scope=[(message.utterance, message.language) for message in out_of_scope],
        traffic=sample,
        trust=trust,
        sources=sources,
        drawn=drawn,
        seed=settings.seed,
        progress=progress,
    )
    retriever, examples = fitted.retriever, (*fitted.examples, *fitted.drawn)
    serving = None
    if backbone is not None and fitted.top is not None:
        bulk, serving = _tuned(backbone, fitted.top)
        retriever = Retriever(bulk, retriever.view)
    model = _fitted(examples, settings, UNESTIMATED_SHARE)
    trained = perf_counter() - started
    alone = Engine(retriever, model, fitted.head).retrieve_all(
        asked, limit=RANKS_GIVEN, progress=_stage(progress, "messages")
    )
    started = perf_counter()
    heard, said = dict(zip(asked, alone, strict=True)), Counter(asked)
    traffic = None
    if fitted.judge is not None:
        known = [reordered(heard[message], fitted.judge.fusion) for message in sample]
        traffic = Traffic.of(known, fitted.judge, newest_question=newest_question(retriever.view))
    estimate = settings.unknown_share
    if estimate is None:
        estimate = estimate_share(fitted, list(heard.values()), times=[said[message] for message in heard])
    share = UNESTIMATED_SHARE if estimate is None else estimate
    model = _fitted(examples, settings, share)
    found = alone if traffic is None else traffic.surround(alone, model.fusion)
    engine = Engine(retriever, levelled(model, found, labelled=fitted.out_of_scope), fitted.head, traffic)
    trained += perf_counter() - started
    return Trial(
        engine=engine,
        fitted=fitted,
        found=tuple(found),
        alone=tuple(alone),
        replies=tuple(_reply(engine, *pair) for pair in zip(messages, found, strict=True)),
        unknown_share=share,
        serving_encoder=serving,
        share_is_estimated=settings.unknown_share is None and estimate is not None,
        seconds_to_train=trained,
    )


def replies_without_traffic(
    trial: Trial, messages: Sequence[Message], *, settings: FitSettings
) -> tuple[Reply, ...]:
    """What the same installation replies when it looks at each message alone."""
    examples = tuple(
        replace(example, retrieved=without_traffic(example.retrieved)) for example in trial.fitted.examples
    )
    model = _fitted(examples, settings, trial.unknown_share)
    found = [reordered(each, model.fusion) for each in trial.alone]
    engine = Engine(trial.engine.retriever, model, trial.fitted.head)
    return tuple(_reply(engine, *pair) for pair in zip(messages, found, strict=True))


def replies_at(trial: Trial, messages: Sequence[Message], *, settings: FitSettings) -> tuple[Reply, ...]:
    """What the trial's engine replies to its messages with the cut-offs of these settings, the share of unknown ones as it was."""
    model = _fitted((*trial.fitted.examples, *trial.fitted.drawn), settings, trial.unknown_share)
    model = levelled(model, trial.found, labelled=trial.fitted.out_of_scope)
    engine = Engine(trial.engine.retriever, model, trial.fitted.head, trial.engine.traffic)
    return tuple(_reply(engine, *pair) for pair in zip(messages, trial.found, strict=True))


def milliseconds_a_message(engine: Engine, messages: Sequence[Message], *, encoder: Encoder) -> float:
    """Median over single messages, spread over all of them, each encoded, searched and decided by itself.

    `encoder` is the engine's as it serves: with one thread, since a service answers several messages at once.
    """
    serving = replace(engine, retriever=Retriever(encoder, engine.retriever.view))
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


def _reply(engine: Engine, message: Message, found: Retrieved) -> Reply:
    answers = tuple(candidate.answer_id for candidate in found.candidates)
    if not message.utterance:  # the service refuses an empty message
        return Reply(answers, (0.0,) * len(answers), Outcome.HANDED_OFF)
    decision = engine.decide(found, asks_for_person=asks_for_person(message.utterance))
    return Reply(answers, tuple(item.confidence for item in decision.scored), decision.outcome)


def _stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(stage, done, total)
