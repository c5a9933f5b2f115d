"""Two searches as one, by numbers that can be worked by hand."""

from dataclasses import fields, replace

import numpy as np
import pytest

from retrieval.blending import TWO_SOURCES, blended
from retrieval.candidates import FOUND, Candidate, Retrieved

CANDIDATE = Candidate("a", "a question", 1, *[0.0] * 11, exact=False, relevance=0.0)


def found(language: str = "en", **relevance: float) -> Retrieved:
    """Answers by falling relevance; each one's standing is a tenth of it."""
    candidates = tuple(
        replace(
            CANDIDATE,
            answer_id=name,
            question=f"{name} {language}",
            relevance=value,
            question_standing=value / 10,
        )
        for name, value in relevance.items()
    )
    return Retrieved(np.zeros(2, np.float32), candidates, language, 3)


def told(retrieved: Retrieved) -> dict[str, float]:
    return {each.answer_id: each.relevance for each in retrieved.candidates}


def test_answer_that_fits_both_is_meant() -> None:
    """Context brings back what was said ("said"), the plain utterance finds something else ("else")."""
    leaning, plain = found(said=6.0, meant=5.0, **{"else": 0.0}), found(**{"else": 6.0}, meant=5.0, said=0.0)
    both = blended(leaning, plain, share=0.6, limit=3)

    assert told(both) == pytest.approx(
        {"meant": 5 * TWO_SOURCES, "said": 3.6 * TWO_SOURCES, "else": 2.4 * TWO_SOURCES}
    )
    assert [each.question_standing for each in both.candidates] == pytest.approx([0.5, 0.36, 0.24])
    assert [each.question for each in both.candidates] == ["meant en", "said en", "else en"]


def test_answer_of_one_search_alone_counts_as_the_last_one_of_the_other() -> None:
    both = blended(found(a=4.0, b=2.0), found(c=8.0, a=1.0), share=0.5, limit=3)

    assert told(both) == pytest.approx({"c": 5 * TWO_SOURCES, "a": 2.5 * TWO_SOURCES, "b": 1.5 * TWO_SOURCES})


def test_best_are_kept_and_ties_go_by_answer() -> None:
    both = blended(found(b=2.0, a=2.0, c=1.0), found(b=2.0, a=2.0, c=1.0), share=0.6, limit=2)
    assert list(told(both)) == ["a", "b"]


def test_question_known_word_for_word_is_known_in_its_own_search_alone() -> None:
    plain = found(a=1.0)
    exact = replace(plain, candidates=(replace(plain.candidates[0], exact=True),))
    assert [each.exact for each in blended(found(b=1.0), exact, share=0.6, limit=2).candidates] == [
        False,
        False,
    ]


def test_search_that_finds_nothing_adds_nothing() -> None:
    leaning = found(a=1.0)
    assert blended(leaning, found(), share=0.6, limit=3) == leaning
    assert blended(found(), leaning, share=0.6, limit=3).candidates == ()


def test_no_number_of_a_candidate_is_forgotten() -> None:
    numbers = {each.name for each in fields(Candidate) if each.type == "float"}
    assert numbers == {*FOUND, "relevance", "echo"}
