import numpy as np
import pytest

from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder
from training.evaluation.baselines import (
    Corpus,
    Ranking,
    bm25,
    frozen_larger,
    frozen_logistic,
    frozen_nearest,
    frozen_nearest_passage,
    linear_svc,
    tfidf_nearest,
)

CARDS = Corpus(
    texts=["my card is lost", "card was stolen", "open an account", "new account please"],
    owners=["lost", "lost", "open", "open"],
    chinese=False,
)
QUESTIONS = [
    QuestionRecord(1, "lost", "my card is lost", "en"),
    QuestionRecord(2, "open", "open an account", "en"),
    QuestionRecord(5, "lost", "card was stolen", "en"),
]
PASSAGES = [
    PassageRecord(1, "open", "Bring your passport to a branch", "en"),
    PassageRecord(2, "lost", "Block it in the app", "en"),
]


def retriever() -> Retriever:
    return Retriever.build(HashEncoder(), Knowledge(QUESTIONS, PASSAGES))


def vectors(*texts: str) -> np.ndarray:
    return HashEncoder().encode_queries(list(texts))


def test_bm25_gives_the_scores_worked_by_hand() -> None:
    # Texts "a b" and "b", mean length 1.5. Query "a": idf ln(1 + 1.5/1.5) = ln 2, one occurrence,
    # weight 2.2 / (1 + 1.2 (0.25 + 0.75 * 2 / 1.5)) = 2.2 / 2.5.
    ranking = bm25(Corpus(["a b", "b"], ["first", "second"], False), ["a", "c"])
    assert ranking.answers == (("first", "second"), ("first", "second"))
    assert ranking.sureness == pytest.approx((np.log(2) * 2.2 / 2.5, 0.0))


def test_bm25_reads_chinese_by_characters_and_pairs() -> None:
    corpus = Corpus(["退款多久到账", "修改地址", "iPhone屏幕"], ["refund", "address", "screen"], True)
    ranking = bm25(corpus, ["退款呢", "地址错了", "IPHONE"])
    assert [row[0] for row in ranking.answers] == ["refund", "address", "screen"]


@pytest.mark.parametrize("baseline", [linear_svc, tfidf_nearest, bm25])
def test_text_baselines_find_the_answer_with_the_same_words(baseline) -> None:  # type: ignore[no-untyped-def]
    ranking = baseline(CARDS, ["stolen card", "account"])
    assert ranking.answers == (("lost", "open"), ("open", "lost"))
    assert len(ranking.sureness) == 2


def test_nearest_text_has_cosine_1_with_itself() -> None:
    assert tfidf_nearest(CARDS, ["card was stolen"]).sureness == pytest.approx((1.0,))


def test_frozen_nearest_takes_the_best_question_of_each_answer() -> None:
    ranking = frozen_nearest(retriever(), vectors("card was stolen"))
    cosine = float((vectors("card was stolen") @ vectors("open an account").T)[0, 0])
    assert ranking.answers == (("lost", "open"),)
    assert ranking.sureness == pytest.approx((1.0,))
    assert cosine < 1.0


def test_frozen_nearest_passage_compares_question_and_answer_text() -> None:
    ranking = frozen_nearest_passage(retriever(), vectors("open an account\nBring your passport to a branch"))
    assert ranking.answers[0][0] == "open"
    assert ranking.sureness == pytest.approx((1.0,), abs=0.05)


def test_frozen_larger_is_the_larger_of_both() -> None:
    texts = ("card was stolen", "your passport", "zxqv")
    larger = frozen_larger(retriever(), vectors(*texts)).sureness
    single = zip(
        frozen_nearest(retriever(), vectors(*texts)).sureness,
        frozen_nearest_passage(retriever(), vectors(*texts)).sureness,
        strict=True,
    )
    assert larger == pytest.approx([max(pair) for pair in single])


def test_frozen_logistic_gives_the_class_of_the_nearer_questions_with_its_probability() -> None:
    ranking = frozen_logistic(retriever(), vectors("my card is stolen", "open account"), seed=0)
    assert [row[0] for row in ranking.answers] == ["lost", "open"]
    assert all(0.5 < sure < 1 for sure in ranking.sureness)


def test_rankings_are_cut_at_ten_answers_and_keep_ties_in_order() -> None:
    corpus = Corpus(["same"] * 12, [f"a{n}" for n in range(12)], False)
    ranking: Ranking = tfidf_nearest(corpus, ["same"])
    assert ranking.answers == (tuple(f"a{n}" for n in range(10)),)
