"""One set measured: the serving pipeline and every baseline, on the same texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from retrieval.encoder import Encoder
from training.checkpoints import backbone_to_tune
from training.evaluation import baselines
from training.evaluation.baselines import Corpus, Ranking
from training.evaluation.pipeline import (
    FitSettings,
    Message,
    Progress,
    Reply,
    Trial,
    milliseconds_a_message,
    replies_without_traffic,
    run_trial,
)
from training.evaluation.records import Measurement
from training.evaluation.scoring import Figures, ranking_figures, reply_figures
from training.evaluation.sets import LabelledSet

PIPELINE, UNTUNED, ALONE = "Kefu", "Kefu, encoder not tuned", "Kefu, each message alone"


def measure_set(
    chosen: LabelledSet,
    encoder: Encoder,
    *,
    settings: FitSettings,
    commit: str,
    serving_encoder: Encoder,
    tune: bool = True,
    progress: Progress | None = None,
) -> list[Measurement]:
    """One measurement per method and group of `chosen`; `serving_encoder` is `encoder` with one thread."""
    messages = [Message.of(text) for text in chosen.texts]
    trial = run_trial(
        encoder,
        chosen.training.knowledge,
        messages,
        settings=settings,
        out_of_scope=chosen.training.out_of_scope,
        backbone=backbone_to_tune(encoder.name, chosen.training.knowledge, tune=tune),
        progress=progress,
    )
    costs = {
        "unknown_share_assumed": trial.unknown_share,
        "seconds_to_train": trial.seconds_to_train,
        "ms_a_message": milliseconds_a_message(
            trial.engine, messages, encoder=trial.serving_encoder or serving_encoder
        ),
    }
    rows = [(PIPELINE if tune else UNTUNED, _pipeline_figures(chosen, trial.replies, settings, costs))]
    if trial.engine.traffic is not None:
        alone = replies_without_traffic(trial, messages, settings=settings)
        rows.append((ALONE, _pipeline_figures(chosen, alone, settings, {})))
    for ranking in _rankings(chosen, trial, messages, seed=settings.seed):
        if progress is not None:
            progress(ranking.name, 1, 1)
        rows.append((ranking.name, _baseline_figures(chosen, ranking, settings)))
    return [
        Measurement(
            set=chosen.name,
            group=group,
            method=method,
            commit=commit,
            seed=settings.seed,
            backbone=encoder.name,
            target_error=settings.target_error,
            figures=figures,
        )
        for method, by_group in rows
        for group, figures in by_group.items()
    ]


def _pipeline_figures(
    chosen: LabelledSet, replies: Sequence[Reply], settings: FitSettings, costs: Figures
) -> dict[str, Figures]:
    return {
        group: reply_figures(
            [replies[place] for place in places],
            [chosen.right[place] for place in places],
            target_error=settings.target_error,
            single_label=not chosen.is_faq,
        )
        | costs
        for group, places in chosen.groups.items()
    }


def _baseline_figures(chosen: LabelledSet, ranking: Ranking, settings: FitSettings) -> dict[str, Figures]:
    return {
        group: ranking_figures(
            [ranking.answers[place] for place in places],
            [ranking.sureness[place] for place in places],
            [chosen.right[place] for place in places],
            target_error=settings.target_error,
            single_label=not chosen.is_faq,
        )
        | {"seconds_to_train": ranking.seconds}
        for group, places in chosen.groups.items()
    }


def _rankings(
    chosen: LabelledSet, trial: Trial, messages: Sequence[Message], *, seed: int
) -> Iterator[Ranking]:
    texts = [message.utterance for message in messages]
    vectors = np.stack([found.vector for found in trial.found])
    knowledge, retriever = chosen.training.knowledge, trial.engine.retriever
    questions = Corpus(
        [question.text for question in knowledge.questions],
        [question.answer_id for question in knowledge.questions],
        chosen.chinese,
    )
    yield baselines.tfidf_nearest(questions, texts)
    yield baselines.bm25(questions, texts, name="BM25 over questions")
    yield baselines.frozen_nearest(retriever, vectors)
    if chosen.is_faq:
        yield baselines.bm25(_question_and_answer(chosen), texts, name="BM25 over question + answer")
        yield baselines.frozen_nearest_passage(retriever, vectors)
        yield baselines.frozen_larger(retriever, vectors)
    else:
        yield baselines.linear_svc(questions, texts)
        yield baselines.frozen_logistic(retriever, vectors, seed=seed)


def _question_and_answer(chosen: LabelledSet) -> Corpus:
    knowledge = chosen.training.knowledge
    parts: dict[str, list[str]] = {}
    for question in knowledge.questions:
        parts.setdefault(question.answer_id, []).append(question.text)
    for passage in knowledge.passages:
        parts.setdefault(passage.answer_id, []).append(passage.text)
    return Corpus([" ".join(texts) for texts in parts.values()], list(parts), chosen.chinese)
