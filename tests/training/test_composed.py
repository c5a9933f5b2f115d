"""Measuring composed replies and fitting their confidence, on a small set in FeedbackQA's form."""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.composition_confidence import FEATURES, NEVER_NEGATIVE
from tests.fixtures.fakes import HashEncoder
from training.composition_prior import fit_composition_prior
from training.errors import EvaluationError
from training.evaluation.composed import Company, Tried, key_sentences, rank_fusion_recall, try_questions
from training.evaluation.composed_report import Share, drawn_replies, figures_of, table
from training.evaluation.composed_sets import read_document_sets
from training.evaluation.composed_verdicts import AfterVerdicts, after_verdicts, verdicts_table

THINGS = (
    "bicycle",
    "umbrella",
    "passport",
    "suitcase",
    "hamster",
    "violin",
    "ladder",
    "blanket",
    "candle",
    "helmet",
)
ROWS = len(THINGS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "feedbackqa"
    folder.mkdir()
    with gzip.open(folder / "passages.jsonl.gz", "wt", encoding="utf-8") as stream:
        for source in ("Australia", "CDC"):
            for number, thing in enumerate(THINGS):
                page = {
                    "passage_id": f"{source}-{number}",
                    "source": source,
                    "url": f"https://{source}.example/{number}",
                    "page_title": f"{source} travel",
                    "headers": [f"May I bring my {thing} on board?"],
                    "content": f"Yes. Every {thing} costs {number + 2} euros a day in {source}. Pay at the {source} desk.",
                }
                stream.write(json.dumps(page) + "\n")
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["question_id", "source", "split", "question", "passage_id"])
        for source in ("Australia", "CDC"):
            for number, thing in enumerate(THINGS):
                question = f"What does it cost to bring a {thing}?"
                rows.writerow([f"{source}-{number}", source, "valid", question, f"{source}-{number}"])
    return tmp_path


@pytest.fixture
def companies(data: Path) -> list[Company]:
    encoder = HashEncoder()
    return [Company.of(documents, encoder) for documents in read_document_sets(data, split="valid")]


def test_pages_are_read_as_sections_with_their_path(data: Path) -> None:
    australia, cdc = read_document_sets(data, split="valid")
    assert (australia.name, len(cdc.sections), len(cdc.asked)) == ("Australia", ROWS, ROWS)
    first = australia.sections[0]
    assert (first.number, first.section_id) == (1, "Australia-0")
    assert first.heading == "Australia travel › May I bring my bicycle on board?"
    assert (cdc.asked[3].question, cdc.asked[3].number) == ("What does it cost to bring a suitcase?", 4)
    assert read_document_sets(data, split="test")[0].asked == ()


def test_unknown_split_and_missing_files_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="'dev' is none of train, valid, test"):
        read_document_sets(data, split="dev")
    with pytest.raises(EvaluationError, match=r"passages\.jsonl\.gz cannot be read"):
        read_document_sets(tmp_path / "elsewhere", split="valid")


def test_every_question_is_tried_known_and_unknown(companies: list[Company]) -> None:
    tried = try_questions(companies)
    assert len(tried) == 4 * ROWS
    assert [each.known for each in tried[:4]] == [True, False, True, False]
    left_out, foreign = tried[1], tried[3]
    assert all(sentence.section_id != "Australia-0" for sentence in left_out.composition.sentences)
    assert all(sentence.section_id.startswith("CDC") for sentence in foreign.composition.sentences)
    known = [each for each in tried if each.known]
    assert all(each.first and each.right and each.from_right > 0 for each in known)
    assert not any(each.right for each in tried[3::4])
    assert left_out.right, "what the desk's sentence says stands in other sections, too"


def test_key_sentences_are_the_nearest_that_tell_something(companies: list[Company]) -> None:
    company = companies[0]
    found = key_sentences(company.sources.sections[1], company.vectors[0])
    assert found == {"every bicycle costs 2 euros a day in australia", "pay at the australia desk"}


def test_figures_are_those_of_the_tries(companies: list[Company]) -> None:
    tried = try_questions(companies)
    figures = figures_of(companies[0], tried, target_error=0.30)
    assert (figures.recall.hits, figures.recall.count, figures.holds.value) == (ROWS, ROWS, 1.0)
    assert figures.composed.count == 2 * ROWS
    assert figures.fusion_recall == rank_fusion_recall(companies[0])
    assert "right section first            1.000" in table([figures], split="valid", target_error=0.30)
    drawn = list(drawn_replies(companies, tried, target_error=0.30, count=2, seed=0))
    assert drawn == list(drawn_replies(companies, tried, target_error=0.30, count=2, seed=0))


def test_interval_is_wilsons() -> None:
    low, high = Share(8, 10).interval
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert Share(0, 0).interval == (0.0, 1.0)


def test_prior_is_fitted_on_one_companys_tries_and_rises_with_the_evidence(companies: list[Company]) -> None:
    tried: list[Tried] = try_questions(companies) * 6
    prior = fit_composition_prior(tried)
    assert (tuple(prior.weights), prior.examples) == (FEATURES, 12 * ROWS)
    assert all(prior.weights[name] >= 0 for name in NEVER_NEGATIVE)
    weights = np.array(list(prior.weights.values()))
    sure = {
        known: np.mean([each.features @ weights for each in tried if each.known is known])
        for known in (True, False)
    }
    assert sure[True] > sure[False]
    cutoffs = [prior.cutoffs[error] for error in sorted(prior.cutoffs)]
    assert cutoffs == sorted(cutoffs, reverse=True)
    with pytest.raises(EvaluationError, match="no questions of CDC"):
        fit_composition_prior([each for each in tried if each.company == "Australia"])


def test_verdicts_end_what_is_mostly_wrong_and_leave_what_is_right(companies: list[Company]) -> None:
    first = try_questions(companies)[0]

    def like(*, confidence: float, right: bool) -> Tried:
        return replace(first, right=right, composition=replace(first.composition, confidence=confidence))

    wrong, right, unsure = (
        like(confidence=0.95, right=False), like(confidence=0.97, right=True), like(confidence=0.5, right=True)
    )  # fmt: skip
    # Of the wrong ones two are given, for the chance of that is .01 at a tenth; the right ones go on.
    mixed = after_verdicts("Australia", [wrong] * 9, [wrong, right], target_error=0.10, draws=3)
    assert mixed == AfterVerdicts("Australia", 2, 2, 0, 0, without=9, wrong_without=9)
    fine = after_verdicts("Australia", [right, unsure] * 9, [wrong, right], target_error=0.10, draws=3)
    assert fine == AfterVerdicts("Australia", 9, 0, 2, 1, without=9, wrong_without=0)
    assert after_verdicts("CDC", [wrong], [wrong], target_error=0.10, draws=1).without == 0
    assert "2 composed, 2 of them wrong; without verdicts 9, 9 of them wrong" in verdicts_table(
        [mixed], split="test"
    )
