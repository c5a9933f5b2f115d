"""From knowledge to everything a checkpoint holds: tuned layers, intent head, and examples to fit the confidence on.

The examples come from mock installations (:mod:`training.splits`): a quarter of the answers is left out and a quarter
of the other questions, a head is trained on the rest, and what was left out is asked. So every number that the confidence is
fitted on comes from a head that had not seen the question, and unknown questions meet one that has never seen
their answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.confidence_model import ConfidenceModel
from retrieval.encoder import Encoder
from retrieval.intents import IntentHead
from retrieval.knowledge_shape import is_headed
from retrieval.leave_one_out import Example, leave_one_out
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from training.label_errors import LabelIssue
from training.label_weights import fair_to_ask
from training.matching import is_matched
from training.remembering import Remembering
from training.school import Measured, MockInstallation, Progress, School, label_issues, staged
from training.splits import FOLDS, Fold, capped, fold_of
from training.surroundings import judge_of, surround
from training.traffic_sample import TrafficSample, ask_drawn

if TYPE_CHECKING:
    from training.backbones import Backbone
    from training.encoder_tuning import Trunk, TunedTop
    from training.work_folder import WorkFolder

MOST_TAUGHT = 20_000  # questions that a head learns from: their states take 25 kB each
# Questions that are tuned on. On two cores without bfloat16 10,003 of BANKING77 took 17 minutes with half of the folds, and would have taken some 28 with all.
MOST_FOR_ALL_FOLDS, MOST_WITHOUT_BFLOAT16 = 12_000, 6_000
# Held-out questions of each kind, over all folds. BANKING77-OOS, validation rows, tuned: 1,500 of each certified what answered 51 and 24 % of the messages (a third and a
# half of them unknown; 64 and 44 possible), 3,000 of each 58 and 38 %, 6.5 and 7.5 % wrong at 10 tolerated. It takes half a minute.
MOST_ASKED = 3000


@dataclass(frozen=True, slots=True)
class Fitted:
    """What training found.

    Attributes:
        top: the tuned layers, None where nothing was tuned.
        examples: those of all mock installations, or of leaving one question out.
        label_issues: questions that probably belong to another answer, most doubtful first.
        drawn: what was drawn at random from traffic, asked of an installation that knows all but these questions.
        mocks: none without a head.
        losses: of the head, the mean of each epoch.
        judge: what tells how likely candidates are right before traffic is looked at; None without mock installations.
    """

    retriever: Retriever
    head: IntentHead | None
    top: TunedTop | None
    examples: tuple[Example, ...]
    label_issues: tuple[LabelIssue, ...]
    drawn: tuple[Example, ...] = ()
    mocks: tuple[MockInstallation, ...] = ()
    losses: tuple[float, ...] = ()
    judge: ConfidenceModel | None = None

    @property
    def out_of_scope(self) -> int:
        """How many of the examples are unknown by label."""
        return sum(example.is_out_of_scope for example in self.examples)


def fit(
    encoder: Encoder,
    knowledge: Knowledge,
    *,
    backbone: Backbone | None,
    out_of_scope: Sequence[tuple[str, str]] = (),
    traffic: Sequence[tuple[str, str]] = (),
    sources: Mapping[int, str] | None = None,
    trust: Mapping[int, float] | None = None,
    seed: int = 0,
    drawn: TrafficSample | None = None,
    sample: int = 2000,
    work: WorkFolder | None = None,
    progress: Progress | None = None,
    measured: Measured | None = None,
) -> Fitted:
    """Trains on `knowledge`, as far as it carries a head; `backbone` None leaves the encoder as it is.

    Args:
        encoder: the frozen backbone as it serves.
        out_of_scope: (text, language) of questions known to have no answer.
        traffic: (text, language) of messages of which nobody said what is right (`retrieval.traffic`).
        sources: question number -> who said that it belongs to its answer (`training.label_weights`).
        trust: question number -> how much that counts; without, what its source counts.
        drawn: which of the questions, and of what is out of scope, were drawn at random from traffic.
        work: what an interrupted run of the same inputs has kept, and where this one keeps its own.
    """
    retriever = Retriever.build(encoder, knowledge, progress=staged(progress, "index"))
    taught = Knowledge(capped(knowledge.questions, MOST_TAUGHT, seed=seed), knowledge.passages)
    encoder = Remembering.of(retriever, taught.questions)
    issues = label_issues(encoder, taught.questions, seed)
    headed = is_headed(knowledge)
    folds: Mapping[int, Fold] = {}
    if headed or is_matched(knowledge):
        folds = _folds(taught, headed=headed, tuned=headed and backbone is not None, seed=seed)
    if not folds:
        found = leave_one_out(
            retriever,
            sample=sample,
            seed=seed,
            out_of_scope=out_of_scope,
            progress=staged(progress, "leave one out"),
        )
        return Fitted(retriever, None, None, tuple(found), issues)
    school = School(
        encoder,
        _trunk(encoder, backbone) if headed else None,
        taught,
        sources=sources or {},
        trust=trust or {},
        # What was drawn has been judged by a person, and without the doubtful ones it would be no fair sample.
        fair=fair_to_ask(taught.questions, issues, sources or {})
        | (drawn.questions.keys() if drawn else set()),
        seed=seed,
        work=work,
        progress=progress,
        measured=measured,
    )
    mocks = _mock_installations(school, folds, out_of_scope=out_of_scope, traffic=traffic)
    judge = judge_of([example for mock in mocks for example in mock.examples])
    mocks = surround(mocks, judge)
    on_traffic = (
        ask_drawn(school, taught, drawn, number=len(mocks), traffic=traffic, judge=judge) if drawn else ()
    )
    head, top = school.teach(taught, issues, stage="training")
    return Fitted(
        retriever,
        head,
        top if headed and backbone is not None else None,
        tuple(example for mock in mocks for example in mock.examples),
        issues,
        on_traffic,
        mocks,
        top.losses if top is not None else (),
        judge,
    )


def _folds(taught: Knowledge, *, headed: bool, tuned: bool, seed: int) -> dict[int, Fold]:
    """By number, those that leave at least two answers to tell apart.

    Where nearly all questions belong to one answer, or differ by a number alone, a fold may leave nothing to teach.
    """
    found = {
        number: fold_of(taught, number, seed=seed)
        for number in range(folds_to_run(len(taught.questions), tuned=tuned))
    }
    return {number: fold for number, fold in found.items() if _can_be_taught(fold, headed=headed)}


def _can_be_taught(fold: Fold, *, headed: bool) -> bool:
    questions, passages = fold.knowledge.questions, fold.knowledge.passages
    told = {each.answer_id for each in (questions if headed else passages)}
    return len(told) > 1 and bool(questions)


def _mock_installations(
    school: School,
    folds: Mapping[int, Fold],
    *,
    out_of_scope: Sequence[tuple[str, str]],
    traffic: Sequence[tuple[str, str]],
) -> tuple[MockInstallation, ...]:
    """One a fold; the last one is asked what is out of scope, too."""
    return tuple(
        school.ask(
            fold,
            number=number,
            most=-(-MOST_ASKED // len(folds)),
            out_of_scope=out_of_scope if number == max(folds) else (),
            traffic=traffic,
            stage=f"calibration {place} of {len(folds)}",
        )
        for place, (number, fold) in enumerate(folds.items(), start=1)
    )


def _trunk(encoder: Encoder, backbone: Backbone | None) -> Trunk:
    from training.encoder_tuning import FrozenTrunk, LayeredTrunk

    return FrozenTrunk(encoder) if backbone is None else LayeredTrunk(backbone)


def folds_to_run(questions: int, *, tuned: bool) -> int:
    """All, so that every answer plays the unknown one once; fewer only where tuning for them would take too long.

    One quarter of the answers can be nearer or farther than the others: on BANKING77-OOS (validation rows, share of unknown
    questions .33) single folds led to shares of .30 to .47, an ECE of .02 to .09 and 1 to 51 % answered; all four together to .33,
    .02 and 52 % (54 % possible).
    """
    if not tuned:
        return FOLDS
    from training.arithmetic import has_fast_products

    most = MOST_FOR_ALL_FOLDS if has_fast_products() else MOST_WITHOUT_BFLOAT16
    return FOLDS if questions <= most else FOLDS // 2
