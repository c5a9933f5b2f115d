"""What messages around a message tell; by hand in the plane, where messages lie at 0 and at 90 degrees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import Candidate, Retrieved, Surroundings
from retrieval.confidence import cross_fitted_confidences, fit_examples
from retrieval.confidence_model import ConfidenceModel, default_confidence
from retrieval.engine import Engine
from retrieval.errors import RetrievalError
from retrieval.fusion import PRIOR_FUSION, PRIOR_WEIGHTS
from retrieval.leave_one_out import Example
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.traffic import LEAST_MESSAGES, RANKS, Traffic
from tests.fixtures.fakes import HashEncoder
from tests.retrieval.test_confidence import BASE, synthetic

SURE, UNSURE = 0.9, 0.2


def at(degrees: float, *candidates: Candidate, nearness: float = 0.5) -> Retrieved:
    angle = np.radians(degrees)
    vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return Retrieved(vector, candidates or (BASE,), "en", 3, nearness=nearness)


@pytest.fixture
def traffic() -> Traffic:
    """Fifty messages at 0 degrees whose answer is surely a, fifty at 90 degrees of which nothing is sure."""
    half = LEAST_MESSAGES // 2
    vectors = np.repeat(np.eye(2, dtype=np.float32), half, axis=0)
    guesses = np.full((2 * half, RANKS), -1)
    guesses[:, 0] = np.repeat([0, 1], half)
    chances = np.zeros((2 * half, RANKS), np.float32)
    chances[:, 0] = np.repeat([SURE, UNSURE], half)
    coverage = np.repeat([2.0, -3.0], half).astype(np.float32)
    return Traffic(vectors, ("a", "b"), guesses, chances, coverage, newest_question=7)


def around(traffic: Traffic, found: Retrieved) -> Surroundings:
    (surrounded,) = traffic.surround([found], PRIOR_FUSION)
    assert surrounded.surroundings is not None
    return surrounded.surroundings


def test_message_has_the_mean_of_its_neighbours(traffic: Traffic) -> None:
    """At 15 and at 75 degrees all ten nearest messages are of one kind: log odds ln 9 and ln 1/4."""
    near_sure, near_unsure = around(traffic, at(15)), around(traffic, at(75))
    assert (near_sure.familiarity, near_sure.coverage) == pytest.approx((np.log(9), 2.0))
    assert (near_unsure.familiarity, near_unsure.coverage) == pytest.approx((np.log(0.25), -3.0))


def test_message_does_not_meet_itself(traffic: Traffic) -> None:
    """Those in the very same place are passed over, so that the other kind is the nearest."""
    assert around(traffic, at(0)).familiarity == pytest.approx(np.log(0.25))


def test_echo_brings_the_answer_of_its_neighbours_to_the_top(traffic: Traffic) -> None:
    """ln(1 + 20 * 0.9) times the prior weight is more than the lead of 1 that b had."""
    other = replace(BASE, answer_id="b", question_number=2, relevance=2.0, question_standing=3.0)
    (found,) = traffic.surround([at(15, other, BASE)], PRIOR_FUSION)
    assert [each.answer_id for each in found.candidates] == ["a", "b"]
    assert [each.echo for each in found.candidates] == pytest.approx([SURE, 0.0])
    lead = PRIOR_WEIGHTS[-1] * np.log(19.0) - PRIOR_WEIGHTS[0]
    assert found.candidates[0].relevance - found.candidates[1].relevance == pytest.approx(lead)


def test_what_was_learned_later_is_judged_without_traffic(traffic: Traffic) -> None:
    later = replace(BASE, answer_id="new", question_number=8)
    untouched = at(75, later, BASE)
    assert traffic.surround([untouched], PRIOR_FUSION) == [untouched]
    (second,) = traffic.surround([at(15, BASE, replace(later, relevance=-1.0))], PRIOR_FUSION)
    assert [each.echo for each in second.candidates] == pytest.approx([SURE, SURE])


def test_traffic_is_judged_by_the_model_and_by_density() -> None:
    """Two places of fifty: the nearest other messages are at cosine 0, the questions at 0.5."""
    model = default_confidence()
    found = [
        at(0 if row < 50 else 90, BASE, replace(BASE, answer_id="b", relevance=0.0)) for row in range(100)
    ]
    made = Traffic.of(found, model, newest_question=1)
    assert made is not None
    assert made.answers == ("a", "b")
    assert made.guesses[0].tolist() == [0, 1, -1]
    assert made.chances[0, :2] == pytest.approx(model.confidences(found[0]), abs=1e-6)
    assert made.coverage == pytest.approx(np.full(100, 5.0), abs=1e-5)
    assert Traffic.of(found[1:], model, newest_question=1) is None


def test_file_holds_all_of_it(traffic: Traffic, tmp_path: Path) -> None:
    traffic.write(tmp_path / "traffic")
    read = Traffic.load(tmp_path / "traffic")
    for name in ("vectors", "guesses", "chances", "coverage"):
        assert np.array_equal(getattr(read, name), getattr(traffic, name))
    assert (read.answers, read.newest_question) == (("a", "b"), 7)


def test_file_that_does_not_fit_is_refused(traffic: Traffic, tmp_path: Path) -> None:
    Traffic(**{**vars(traffic), "answers": ("a",)}).write(tmp_path / "fewer")
    Traffic(**{**vars(traffic), "coverage": traffic.coverage[1:]}).write(tmp_path / "shorter")
    (tmp_path / "damaged").write_bytes(b"no tensors")
    for name in ("fewer", "shorter", "damaged", "missing"):
        with pytest.raises(RetrievalError, match="make the checkpoint anew"):
            Traffic.load(tmp_path / name)


def surrounded_examples(strength: float) -> list[Example]:
    """Synthetic examples whose surroundings tell `strength` of whether the first candidate is right."""
    random = np.random.default_rng(5)
    examples = []
    for example in synthetic(400, seed=3):
        best = example.retrieved.candidates[0].answer_id
        told = strength * (1.0 if best in example.right else -1.0) + random.normal()
        surroundings = Surroundings(float(told), 0.0)
        examples.append(replace(example, retrieved=replace(example.retrieved, surroundings=surroundings)))
    return examples


def test_telling_surroundings_move_confidence_and_noise_hardly_does() -> None:
    telling = fit_examples(surrounded_examples(2.0), target_error=0.1, unknown_share=0.5, seed=0)
    noise = fit_examples(surrounded_examples(0.0), target_error=0.1, unknown_share=0.5, seed=0)
    assert telling.surroundings is not None
    assert noise.surroundings is not None
    assert telling.surroundings["familiarity"] > 1.0
    assert noise.surroundings["familiarity"] < 0.4  # by chance it goes along with 0.12 of what is right
    found = surrounded_examples(2.0)[0].retrieved
    low, high = (
        telling.confidences(replace(found, surroundings=Surroundings(value, 0.0)))[0] for value in (-3.0, 3.0)
    )
    assert low < 0.1 < 0.9 < high


def test_surroundings_make_cross_fitted_confidences_better() -> None:
    def brier(examples: list[Example]) -> float:
        right = np.array([e.retrieved.candidates[0].answer_id in e.right for e in examples], float)
        return float(np.square(cross_fitted_confidences(examples, unknown_share=0.5) - right).mean())

    with_them = surrounded_examples(2.0)
    without = [replace(e, retrieved=replace(e.retrieved, surroundings=None)) for e in with_them]
    assert brier(with_them) < 0.7 * brier(without)


def test_one_example_without_surroundings_leaves_the_second_step_out() -> None:
    examples = surrounded_examples(2.0)
    bare = replace(examples[0], retrieved=replace(examples[0].retrieved, surroundings=None))
    model = fit_examples([bare, *examples[1:]], target_error=0.1, unknown_share=0.5, seed=0)
    assert model.surroundings is None
    found = examples[1].retrieved
    assert model.confidences(found) == model.confidences(replace(found, surroundings=None))


def test_model_with_surroundings_survives_json_and_refuses_other_names() -> None:
    model = fit_examples(surrounded_examples(1.0), target_error=0.1, unknown_share=0.5, seed=0)
    assert ConfidenceModel.from_json(model.to_json()) == model
    strange = replace(model, surroundings={"own": 1.0})
    with pytest.raises(RetrievalError, match="weighs surroundings"):
        ConfidenceModel.from_json(strange.to_json())


def test_explanation_says_what_other_messages_told(traffic: Traffic) -> None:
    engine = Engine(Retriever.build(HashEncoder(), Knowledge()), default_confidence(), None, traffic)
    (found,) = traffic.surround([at(15)], PRIOR_FUSION)
    told = {"familiarity": round(np.log(9), 4), "coverage": 2.0, "echo": pytest.approx(SURE)}
    assert told.items() <= engine.explain(found).items()
    assert not told.keys() & engine.explain(at(15)).keys()
