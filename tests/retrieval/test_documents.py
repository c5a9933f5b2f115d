"""BM25 over answers, by small cases."""

import pytest

from retrieval.documents import Documents

TEXTS = {
    "delivery": ["how long does delivery take", "when is my parcel here", "two working days"],
    "returns": ["can i return it", "thirty days"],
}


def shares(
    documents: Documents, terms: list[str], instead: dict[str, list[str]] | None = None
) -> dict[str, float]:
    hits = documents.search(terms, instead=instead or {})
    return {
        documents.answers[key]: share
        for key, share in zip(hits.keys.tolist(), hits.shares.tolist(), strict=True)
    }


def test_words_of_several_texts_count_together() -> None:
    documents = Documents.of(TEXTS, bilingual=False)
    apart = Documents.of({"one": TEXTS["delivery"][:1], "two": TEXTS["delivery"][1:2]}, bilingual=False)

    together = shares(documents, ["parcel", "delivery"])
    assert set(together) == {"delivery"}
    assert together["delivery"] > max(shares(apart, ["parcel", "delivery"]).values())


def test_term_that_no_text_has_lowers_the_share() -> None:
    documents = Documents.of(TEXTS, bilingual=False)

    known = shares(documents, ["parcel"])["delivery"]
    assert shares(documents, ["parcel", "zebra"])["delivery"] < known / 2


def test_text_in_place_of_an_answers_own_is_weighed_like_an_indexed_one() -> None:
    documents = Documents.of(TEXTS, bilingual=False)
    own = shares(documents, ["parcel", "day"])

    assert shares(documents, ["parcel", "day"], {"delivery": TEXTS["delivery"]}) == pytest.approx(own)
    left = shares(documents, ["parcel", "day"], {"delivery": [TEXTS["delivery"][2]]})
    assert left["returns"] == pytest.approx(own["returns"])
    assert 0 < left["delivery"] < own["delivery"]
    assert shares(documents, ["parcel"], {"delivery": []}) == {}


def test_changed_answers_count_and_emptied_ones_do_not() -> None:
    documents = Documents.of(TEXTS, bilingual=False).changed(
        {"delivery": [], "invoice": ["where is my bill"]}
    )

    assert shares(documents, ["parcel"]) == {}
    assert set(shares(documents, ["bill"])) == {"invoice"}
    assert documents.numbers["invoice"] not in {documents.numbers[name] for name in TEXTS}


SHOP = {"invoice": ["I need an invoice", "Ask for your invoice below."], "refund": ["I want my money back"]}


def test_answer_in_one_language_is_found_by_the_words_of_the_other() -> None:
    documents = Documents.of(SHOP, bilingual=True)
    assert set(shares(documents, ["发票"])) == {"invoice"}
    assert set(shares(Documents.of({"invoice": ["怎么开发票"]}, bilingual=True), ["invoice"])) == {"invoice"}
    assert shares(Documents.of(SHOP, bilingual=False), ["发票"]) == {}


def test_words_of_the_other_language_are_an_answers_own_where_it_has_them() -> None:
    own = {**SHOP, "invoice": ["I need an invoice", "怎么开收据"]}
    assert shares(Documents.of(own, bilingual=True), ["发票"]) == {}
    assert set(shares(Documents.of(SHOP, bilingual=True).changed({"invoice": own["invoice"]}), ["收据"])) == {
        "invoice"
    }


def test_text_in_place_of_an_answers_own_is_translated_like_an_indexed_one() -> None:
    documents = Documents.of(SHOP, bilingual=True)
    own = shares(documents, ["发票"])
    assert shares(documents, ["发票"], {"invoice": SHOP["invoice"]}) == pytest.approx(own)
    assert shares(documents, ["发票"], {"invoice": SHOP["invoice"][:1]})["invoice"] > 0
