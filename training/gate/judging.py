"""All checks in order. What cannot even be loaded, or does not hold what it should, is not asked anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.errors import RetrievalError
from retrieval.training_export import TrainingExport
from training.errors import GateInputError
from training.gate.anchors import anchor_questions, check_anchors
from training.gate.asking import Replies, aligned, ask, ask_plainly
from training.gate.baselines import check_baselines
from training.gate.checks import Check
from training.gate.comparison import Comparison, check_comparison, compare
from training.gate.confidence_checks import check_calibration, check_coverage, check_promise
from training.gate.contents import check_knowledge, check_recall, check_vectors
from training.gate.folders import (
    LoadedRelease,
    ReleaseFolders,
    check_manifests,
    check_tokenizer,
    load_candidate,
    load_serving,
)
from training.gate.heads import check_head
from training.gate.replay import Logged, Replay, replayed
from training.gate.rows import Rows, choose_rows
from training.gate.speed import check_speed
from training.gate.weights import check_weights

Stage = Callable[[str], None]

ALONE = (
    "The serving release cannot be loaded, so the candidate was judged as a first release is: accuracy, languages and topics are "
    "left out; calibration, coverage, anchors and speed looked at it alone. "
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What both releases replied to the same rows, and what follows.

    `serving` and `comparison` are None where there is no release to compare with, `comparison` also where no row has an answer.
    """

    rows: Rows
    candidate: Replies
    serving: Replies | None
    comparison: Comparison | None
    replay: Replay


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict: passed where every check is. `asked` is None where the candidate is too damaged to be asked.

    `not_compared` says what was not compared, and why, where a release serves that cannot be loaded.
    """

    checks: tuple[Check, ...]
    candidate: LoadedRelease | None
    serving: LoadedRelease | None
    asked: Asked | None
    not_compared: str | None = None

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


def _unheard(stage: str) -> None:
    """For callers that want no stages."""


def judge_release(
    candidate: ReleaseFolders,
    serving: ReleaseFolders | None,
    export: TrainingExport,
    *,
    models_dir: Path,
    logged: Sequence[Logged] = (),
    seed: int = 0,
    told: Stage = _unheard,
) -> Judgement:
    """Judges by the export that the candidate was made of; the serving release gets its changes first.

    Raises:
        GateInputError: the serving release cannot be read at the moment, or the backbone cannot be used.
    """
    told("folders")
    checks = [check_manifests(candidate)]
    if not checks[0].passed:
        return Judgement(tuple(checks), None, None, None)
    loading, loaded = load_candidate(candidate)
    checks.append(loading)
    if loaded is None:
        return Judgement(tuple(checks), None, None, None)
    told("contents")
    random = np.random.default_rng(seed)
    checks += _of_contents(loaded, export, models_dir, random)
    beside, not_compared = _serving(serving, export)
    if not all(check.passed for check in checks):
        return Judgement(tuple(checks), loaded, beside, None)
    asked = _asked(loaded, beside, export, logged, told)
    told("comparing")
    checks += _of_replies(loaded, beside, asked, export, random)
    return Judgement(tuple(checks), loaded, beside, asked, not_compared)


def _of_contents(
    loaded: LoadedRelease, export: TrainingExport, models_dir: Path, random: np.random.Generator
) -> Iterator[Check]:
    try:
        yield check_tokenizer(loaded, models_dir=models_dir)
    except RetrievalError as error:
        raise GateInputError(f"The backbone to compare with cannot be used: {error}") from error
    weights = check_weights(loaded)
    yield weights
    knowledge = check_knowledge(loaded, export.knowledge)
    yield knowledge
    if weights.passed and loaded.engine.retriever.view.questions:
        yield check_vectors(loaded.engine.retriever)
        yield check_recall(loaded.engine.retriever)
        if head := check_head(loaded.checkpoint, export.knowledge, random=random):
            yield head


def _serving(
    folders: ReleaseFolders | None, export: TrainingExport
) -> tuple[LoadedRelease | None, str | None]:
    """And why there is none, where one serves: what is broken must not keep out what would replace it."""
    if folders is None:
        return None, None
    found = load_serving(folders)
    if isinstance(found, str):
        return None, f"{ALONE}{found}"
    found.catch_up(export.knowledge)
    return found, None


def _asked(
    loaded: LoadedRelease,
    beside: LoadedRelease | None,
    export: TrainingExport,
    logged: Sequence[Logged],
    told: Stage,
) -> Asked:
    releases = [loaded, *([beside] if beside else [])]
    rows = choose_rows(export, [release.checkpoint for release in releases])
    told(f"asking {len(rows.questions)} questions")
    candidate, serving = ask(loaded.engine, rows), None
    if beside is not None:
        candidate, serving = aligned(candidate, ask(beside.engine, rows))
    comparison = None if serving is None else compare(candidate, serving, export.knowledge)
    if logged:
        told("replaying logged messages")
    replay = replayed(loaded.engine, beside.engine if beside else None, logged)
    return Asked(rows, candidate, serving, comparison, replay)


def _of_replies(
    loaded: LoadedRelease,
    beside: LoadedRelease | None,
    asked: Asked,
    export: TrainingExport,
    random: np.random.Generator,
) -> Iterator[Check]:
    model = loaded.checkpoint.confidence
    serving_model = beside.checkpoint.confidence if beside else None
    retriever = loaded.engine.retriever
    yield check_baselines(asked.candidate, retriever, asked.rows, export.knowledge, random=random)
    if asked.comparison is not None:
        yield from check_comparison(asked.comparison)
    yield check_calibration(asked.candidate, asked.serving, model, random=random)
    yield check_promise(asked.candidate, model)
    yield check_coverage(asked.candidate, asked.serving, model, serving_model)
    anchors = anchor_questions(asked.rows.anchors)
    if anchors:
        before = ask_plainly(beside.engine, anchors) if beside else None
        yield check_anchors(ask_plainly(loaded.engine, anchors), before)
    timed = asked.candidate.asked or tuple(anchors)
    yield check_speed(loaded.engine, beside.engine if beside else None, timed)
