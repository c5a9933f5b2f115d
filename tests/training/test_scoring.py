import pytest

from retrieval.decision import Outcome
from training.evaluation.pipeline import Reply
from training.evaluation.scoring import ranking_figures, reply_figures

# Right first, right second, wrong first, and two unknown ones of which one is answered.
REPLIES = [
    Reply(("a", "b"), (0.9, 0.1), Outcome.ANSWERED),
    Reply(("b", "a"), (0.6, 0.3), Outcome.CLARIFIED),
    Reply(("a", "b"), (0.8, 0.1), Outcome.ANSWERED),
    Reply(("a", "b"), (0.7, 0.1), Outcome.ANSWERED),
    Reply(("b", "a"), (0.2, 0.1), Outcome.HANDED_OFF),
]
RIGHT = [frozenset({"a"}), frozenset({"a"}), frozenset({"b"}), frozenset[str](), frozenset[str]()]


def test_reply_figures_worked_by_hand() -> None:
    figures = reply_figures(REPLIES, RIGHT, target_error=0.10, single_label=True)
    assert figures == pytest.approx(
        {
            "messages": 5,
            "unknown": 2,
            "right_first": 1 / 3,
            "mrr": (1 + 1 / 2 + 1 / 2) / 3,
            # of a: 1 of 2 guessed, of 2 labelled; of b: 0
            "macro_f1": (2 * 1 / 4 + 0) / 2,
            # known .9 .6 .8 against unknown .7 .2: 5 of 6 pairs in order
            "auroc_known": 5 / 6,
            "coverage_in_hindsight": 1 / 5,
            # each confidence alone in its bin: .1 + .6 + .8 + .7 + .2
            "ece": (0.1 + 0.6 + 0.8 + 0.7 + 0.2) / 5,
            "brier": (0.01 + 0.36 + 0.64 + 0.49 + 0.04) / 5,
            "coverage": 3 / 5,
            "selective_error": 2 / 3,
            "clarified": 1 / 5,
            "handed_off": 1 / 5,
            "unknown_not_answered": 1 / 2,
            "unknown_handed_off": 1 / 2,
        }
    )


def test_sets_without_unknown_questions_have_no_figures_for_them() -> None:
    figures = reply_figures(REPLIES[:3], RIGHT[:3], target_error=0.5, single_label=False)
    assert not {"auroc_known", "unknown_not_answered", "unknown_handed_off", "macro_f1"} & figures.keys()
    # by falling confidence: right, wrong (1/2), wrong (2/3)
    assert figures["coverage_in_hindsight"] == pytest.approx(2 / 3)


def test_ranking_figures_take_sureness_in_any_unit() -> None:
    figures = ranking_figures(
        [["a"], ["b"], ["a"]],
        [-1.0, -5.0, -9.0],
        [frozenset({"a"}), frozenset({"a"}), frozenset()],
        target_error=0.1,
        single_label=False,
    )
    assert figures == {
        "messages": 3,
        "unknown": 1,
        "right_first": 0.5,
        "mrr": 0.5,
        "coverage_in_hindsight": pytest.approx(1 / 3),
        "auroc_known": 1.0,
    }
