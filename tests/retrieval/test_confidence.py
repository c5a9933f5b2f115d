"""Fitting on leave-one-out examples; the arithmetic beneath is tested in test_logistic and test_cutoffs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from retrieval.candidates import Candidate, Retrieved
from retrieval.confidence import (
    FORECAST_ERRORS,
    LEAST_KNOWN,
    cross_fitted,
    cutoffs_by_language,
    default_confidence,
    fit_confidence,
    fit_examples,
)
from retrieval.confidence_model import PRIOR, ConfidenceModel
from retrieval.cutoffs import Judged
from retrieval.errors import RetrievalError
from retrieval.evidence import FEATURES, evidence
from retrieval.example_table import ExampleTable
from retrieval.fusion import ACROSS_WEIGHTS, PRIOR_WEIGHTS, Fusion, parts_of, reordered
from retrieval.fusion_fit import fit_fusion
from retrieval.leave_one_out import Example
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

BASE = Candidate(
    answer_id="a",
    question="q",
    question_number=1,
    similarity=0.5,
    question_similarity=0.5,
    passage_similarity=0.4,
    question_standing=2.0,
    passage_standing=1.0,
    question_lexical=0.3,
    passage_lexical=0.1,
    answer_lexical=0.35,
    meaning=0.0,
    wording=0.0,
    support=0.6,
    exact=False,
    relevance=1.0,
)


def retrieved(*candidates: Candidate, language: str = "en") -> Retrieved:
    return Retrieved(np.zeros(2, np.float32), candidates, language, 3)


def test_evidence_of_a_candidate() -> None:
    """Rivals have relevance 0 and 0, so that the margin is 1 - ln 2; ln(1 + 3) for three terms."""
    found = retrieved(
        BASE,
        replace(BASE, answer_id="b", relevance=0.0, answer_lexical=0.2),
        replace(BASE, answer_id="c", relevance=0.0, answer_lexical=0.4),
    )
    assert dict(zip(FEATURES, evidence(found, 0).tolist(), strict=True)) == pytest.approx(
        {
            "intercept": 1.0,
            "standing": 2.0,
            "passage": 1.0,
            "margin": 1 - np.log(2),
            "lexical": 0.35,
            "support": 0.6,
            "meaning": 0.0,
            "wording": 0.0,
            "intent": 0.0,
            "agreement": 0.0,
            "length": np.log(4),
            "chinese": 0.0,
            "second": 0.0,
            "third": 0.0,
        }
    )
    third = dict(zip(FEATURES, evidence(found, 2).tolist(), strict=True))
    assert (third["agreement"], third["third"]) == (1.0, 1.0)
    assert third["margin"] == pytest.approx(-np.log(1 + np.e))


def test_only_answer_has_a_neutral_margin() -> None:
    assert evidence(retrieved(BASE), 0)[FEATURES.index("margin")] == 1.0


def test_shipped_weights_serve_without_examples() -> None:
    fitted = fit_examples([], target_error=0.1, unknown_share=0.5, seed=0)
    assert fitted == default_confidence()
    assert fitted.weights == {name: mean for name, (mean, _) in PRIOR.items()}
    assert (fitted.default_cutoffs.basis, fitted.default_cutoffs.answer_at) == ("default", 0.9)


def fitted_fusion(examples: list[Example]) -> Fusion:
    return fit_fusion(ExampleTable.of(examples))


def test_fusion_follows_the_part_that_tells_the_right_answer() -> None:
    """The right one of two always has more words in common, by questions, and all else equal."""
    right = replace(BASE, answer_id="r", question_lexical=0.6)
    examples = [Example(retrieved(right, BASE), frozenset({"r"}), f"g{n}") for n in range(200)]
    weights = fitted_fusion(examples).weights["en"]
    assert weights[3] > PRIOR_WEIGHTS[3] + 2
    assert weights[0] == pytest.approx(PRIOR_WEIGHTS[0])


def test_language_that_no_question_is_in_is_weighed_as_one_language_asked_of_the_other() -> None:
    examples = [Example(retrieved(BASE), frozenset({BASE.answer_id}), f"g{n}") for n in range(40)]
    weights = fitted_fusion(examples).weights
    assert weights.keys() == {"en", "zh"}
    assert weights["zh"] == ACROSS_WEIGHTS != weights["en"]
    assert len(ACROSS_WEIGHTS) == len(PRIOR_WEIGHTS)


def test_fusion_weight_falls_silent_where_a_part_misleads() -> None:
    """The right one always has fewer words in common."""
    right = replace(BASE, answer_id="r", question_lexical=0.0, question_standing=3.0)
    examples = [Example(retrieved(right, BASE), frozenset({"r"}), f"g{n}") for n in range(500)]
    assert fitted_fusion(examples).weights["en"][3] == 0.0


def test_fusion_learns_nothing_from_answers_that_lost_their_only_question() -> None:
    bare = replace(BASE, answer_id="r", question_number=0, question="")
    examples = [Example(retrieved(BASE, bare), frozenset({"r"}), f"g{n}") for n in range(200)]
    assert fitted_fusion(examples).weights == {}


def test_parts_are_those_of_the_weights() -> None:
    assert parts_of(BASE) == pytest.approx((2.0, 1.0, np.log(0.61), 0.3, 0.1, 0.35, 0.0, 0.0, 0.0))
    assert parts_of(replace(BASE, echo=0.5))[-1] == pytest.approx(np.log(11.0))
    assert len(parts_of(BASE)) == len(PRIOR_WEIGHTS)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_impossible_share_is_refused(share: float) -> None:
    with pytest.raises(RetrievalError, match=str(share)):
        fit_examples([], target_error=0.1, unknown_share=share, seed=0)


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_impossible_error_is_refused(error: float) -> None:
    with pytest.raises(RetrievalError, match=str(error)):
        fit_examples([], target_error=error, unknown_share=0.5, seed=0)


def test_model_survives_json() -> None:
    model = fit_examples(synthetic(300, seed=1), target_error=0.1, unknown_share=0.5, seed=0)
    assert ConfidenceModel.from_json(model.to_json()) == model


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weights": {}}', "null"])
def test_unreadable_model_is_refused(text: str) -> None:
    with pytest.raises(RetrievalError, match="make the checkpoint anew"):
        ConfidenceModel.from_json(text)


def test_model_with_other_features_is_refused() -> None:
    text = default_confidence().to_json().replace('"margin"', '"gap"')
    with pytest.raises(RetrievalError, match="gap"):
        ConfidenceModel.from_json(text)


def test_model_with_other_fusion_parts_is_refused() -> None:
    model = replace(default_confidence(), fusion=Fusion({"en": (1.0, 2.0)}))
    with pytest.raises(RetrievalError, match="does not weigh standing"):
        ConfidenceModel.from_json(model.to_json())


def pair(standing: float, language: str = "en") -> Retrieved:
    """Two candidates three deviations apart."""
    best = replace(BASE, question_standing=standing, passage_standing=standing)
    second = replace(
        BASE, answer_id="b", question_standing=standing - 3, passage_standing=standing - 3, relevance=0.0
    )
    return retrieved(best, second, language=language)


def confidence(model: ConfidenceModel, found: Retrieved) -> float:
    """Of the best candidate, in the order in which the model's own search would give them."""
    return model.confidences(reordered(found, model.fusion))[0]


def truth(standing: float) -> float:
    return float(1 / (1 + np.exp(2.0 - standing)))


def synthetic(count: int, *, seed: int, language: str = "en") -> list[Example]:
    """The best candidate is right with probability `truth(standing)`; otherwise nothing is."""
    random = np.random.default_rng(seed)
    examples = []
    for place in range(count):
        standing = float(random.normal(2.0, 2.0))
        right = frozenset({"a"}) if random.random() < truth(standing) else frozenset[str]()
        examples.append(Example(pair(standing, language), right, f"g{place}"))
    return examples


def share_of_unknown(examples: list[Example]) -> float:
    return float(np.mean([not example.right for example in examples]))


def test_confidence_is_the_true_probability_on_synthetic_questions() -> None:
    """Fitted on 1,500 examples with unknown ones weighing as many as they are."""
    examples = synthetic(1500, seed=2)
    model = fit_examples(examples, target_error=0.1, unknown_share=share_of_unknown(examples), seed=0)
    errors = [
        abs(confidence(model, pair(standing)) - truth(standing))
        for standing in np.random.default_rng(8).normal(2.0, 2.0, 300).tolist()
    ]
    assert float(np.mean(errors)) < 0.03


def test_cutoffs_are_certified_per_language_where_there_are_enough() -> None:
    examples = synthetic(1200, seed=3) + synthetic(40, seed=4, language="zh")
    model = fit_examples(examples, target_error=0.1, unknown_share=0.5, seed=0)
    assert set(model.cutoffs) == {"en"}
    assert model.cutoffs["en"].basis == "language"
    assert model.cutoffs_for("zh").basis == "all"


def test_a_harder_language_with_few_examples_answers_by_its_own_cutoff_not_by_that_of_all() -> None:
    """Calibrated, with more doubtful ones in Chinese, where too few are sure for a certificate."""
    random = np.random.default_rng(0)
    languages = np.array(["en"] * 1500 + ["zh"] * 400)
    chances = 1 / (
        1 + np.exp(-np.where(languages == "zh", random.normal(-1, 2, 1900), random.normal(2.5, 2, 1900)))
    )
    right = random.random(1900) < chances
    judged = Judged(chances, right, chances, right)

    found = cutoffs_by_language(languages, judged, np.ones(1900, bool), 0.1)

    def wrong(cutoff: float) -> float:
        return float((1 - chances[(languages == "zh") & (chances >= cutoff)]).mean())

    assert (found[""].basis, found["zh"].basis) == ("all", "expected")
    assert found["zh"].answer_at > found[""].answer_at
    assert wrong(found[""].answer_at) > 0.13
    assert wrong(found["zh"].answer_at) < 0.1


def test_an_easier_language_with_few_examples_shares_the_certified_cutoff() -> None:
    random = np.random.default_rng(0)
    languages = np.array(["en"] * 1500 + ["zh"] * 60)
    chances = 1 / (
        1 + np.exp(-np.where(languages == "zh", random.normal(4, 2, 1560), random.normal(2, 2, 1560)))
    )
    right = random.random(1560) < chances

    found = cutoffs_by_language(languages, Judged(chances, right, chances, right), np.ones(1560, bool), 0.1)

    assert {name: cutoffs.basis for name, cutoffs in found.items()} == {"": "all", "en": "language"}


def test_forecasts_tell_what_other_errors_would_give() -> None:
    """Half of what is asked later has no answer, as in the examples; Chinese has too few of them for its own."""
    examples = synthetic(1200, seed=3) + synthetic(40, seed=4, language="zh")
    model = fit_examples(examples, target_error=0.1, unknown_share=share_of_unknown(examples), seed=0)

    assert set(model.forecasts) == {"", "en"}
    assert model.forecasts_for("zh") == model.forecasts[""]
    rows = model.forecasts_for("en")
    assert tuple(row.target_error for row in rows) == FORECAST_ERRORS
    assert [row.answered for row in rows] == sorted(row.answered for row in rows)
    assert rows[0].answered < rows[-1].answered
    assert rows[1].cutoffs == model.cutoffs["en"], "that of the error it was fitted for"
    standings = np.random.default_rng(98).normal(2.0, 2.0, 1500).tolist()
    for row in rows:
        met = [x for x in standings if confidence(model, pair(x)) >= row.cutoffs.answer_at]
        assert len(met) / len(standings) == pytest.approx(row.answered, abs=0.05)
        if met:
            assert 1 - float(np.mean([truth(x) for x in met])) <= row.target_error


def test_chosen_error_brings_its_cutoffs_where_there_is_a_forecast_for_it() -> None:
    examples = synthetic(400, seed=3) + synthetic(400, seed=4, language="zh")
    model = fit_examples(examples, target_error=0.1, unknown_share=0.5, seed=0)

    chosen = replace(model, tolerated={"en": 0.3, "zh": 0.07})

    assert chosen.cutoffs_for("en") == model.forecasts_for("en")[-1].cutoffs != model.cutoffs_for("en")
    assert chosen.cutoffs_for("zh") == model.cutoffs_for("zh")
    assert default_confidence().forecasts_for("en") == ()


def test_model_of_an_older_checkpoint_has_no_forecasts() -> None:
    fields = json.loads(default_confidence().to_json())
    del fields["forecasts"], fields["tolerated"]

    assert ConfidenceModel.from_json(json.dumps(fields)) == default_confidence()


def test_rarer_unknown_questions_lower_the_cutoff() -> None:
    examples = synthetic(1200, seed=5)
    often = fit_examples(examples, target_error=0.1, unknown_share=0.7, seed=0)
    seldom = fit_examples(examples, target_error=0.1, unknown_share=0.1, seed=0)

    def answered(model: ConfidenceModel) -> float:
        at = model.cutoffs_for("en").answer_at
        return float(np.mean([confidence(model, e.retrieved) >= at for e in examples]))

    assert answered(seldom) > answered(often) > 0


@pytest.mark.slow
def test_promised_error_is_kept_over_the_whole_fit() -> None:
    """100 draws of 600 examples: weights and cut-offs fitted, the truth known; broken in at most five, uncertified ones included."""
    standings = np.random.default_rng(99).normal(2.0, 2.0, 1500).tolist()
    broken = 0
    for draw in range(100):
        examples = synthetic(600, seed=100 + draw)
        model = fit_examples(examples, target_error=0.1, unknown_share=share_of_unknown(examples), seed=0)
        at = model.cutoffs_for("en").answer_at
        wrong = [1 - truth(x) for x in standings if confidence(model, pair(x)) >= at]
        broken += bool(wrong) and float(np.mean(wrong)) > 0.1
    assert broken <= 5


def test_three_questions_give_sane_confidences() -> None:
    knowledge = Knowledge(
        [
            QuestionRecord(1, "refund", "How do I get my money back?", "en"),
            QuestionRecord(2, "hours", "What are your opening hours?", "en"),
            QuestionRecord(3, "parking", "Where can I park my car?", "en"),
        ],
        [PassageRecord(1, "refund", "Within five days.", "en")],
    )
    retriever = Retriever.build(HashEncoder(), knowledge)
    model = fit_confidence(retriever)
    assert model.default_cutoffs.basis == "default"
    near = model.confidences(retriever.search("how do i get the money back", language="en"))
    far = model.confidences(retriever.search("xylophone lessons", language="en"))
    assert near[0] > 2 * far[0]
    assert far[0] < 0.25
    assert all(sum(row) <= 1 for row in (near, far))


def test_fit_is_the_same_for_the_same_seed() -> None:
    examples = synthetic(400, seed=6)
    fits = [fit_examples(examples, target_error=0.1, unknown_share=0.3, seed=5) for _ in range(2)]
    assert fits[0] == fits[1]


def test_shipped_weights_move_with_the_share_of_unknown_questions() -> None:
    """Shares of a fifth and a half are 4 : 1 and even odds; near 0 and 1 they stop at 0.02 and 0.98."""
    even = default_confidence().weights["intercept"]
    assert default_confidence(unknown_share=0.2).weights["intercept"] == pytest.approx(even + math.log(4))
    assert default_confidence(unknown_share=0.0).weights["intercept"] == pytest.approx(even + math.log(49))
    assert default_confidence(unknown_share=1.0).weights["intercept"] == pytest.approx(even - math.log(49))


def test_shipped_weights_serve_and_judge_where_hardly_any_question_is_known() -> None:
    """One known question short of LEAST_KNOWN; with it, weights are fitted."""
    examples = synthetic(400, seed=1)
    known = [example for example in examples if example.right]
    unknown = [example for example in examples if not example.right]
    few = [*known[: LEAST_KNOWN - 1], *unknown]
    fitted = fit_examples(few, target_error=0.1, unknown_share=0.2, seed=0)
    shipped = default_confidence(unknown_share=0.2)
    assert fitted.weights == shipped.weights
    assert fitted.fitted_on == {"known": LEAST_KNOWN - 1, "unknown": len(unknown)}
    judged = cross_fitted(few, unknown_share=0.2).judged
    assert judged.confidence.tolist() == pytest.approx([confidence(shipped, e.retrieved) for e in few])
    enough = [*known[:LEAST_KNOWN], *unknown]
    assert fit_examples(enough, target_error=0.1, unknown_share=0.2, seed=0).weights != shipped.weights
