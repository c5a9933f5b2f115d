"""What normalising and folding keep, and what they make equal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.normalize import fold, normalize, to_simplified, to_traditional
from tests.fixtures.growth import LINEAR, growth

ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()))  # lone surrogates too
AWKWARD = st.text(alphabet=st.sampled_from("aAß ﬁİıſςͅ゛゙か　货訂乾著薴'’_+#%$.´`1゙́\u200b\ufe0f"), max_size=12)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Where   is\tmy\r\norder? ", "Where is my order?"),
        ("Ｒｅｆｕｎｄ　１２３！", "Refund 123!"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("退款，多久到账？", "退款,多久到账?"),
        ("我想退貨", "我想退貨"),
        ("\u2f64\u2f08\u2ea0\u2ed3\u2ed4\u2ef3 \u2e80", "用人民长门龟 \u2e80"),
        ("a\x00b\x07c", "abc"),
        ("zero\u200bwidth\ufeff and\u00adsoft", "zerowidth andsoft"),
        ("left\u202eright", "leftright"),
        ("bad \ud83d half", "bad half"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("\u3164\u115f", ""),
        ("\u2028line\u2029para\x85next\x1funit", "line para next unit"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("", ""),
        ("\u200b \u200b", ""),
    ],
)
def test_normalizing_keeps_what_a_reader_sees(text: str, normal: str) -> None:
    assert normalize(text) == normal


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "Where is my order?",
            "where is my order",
            "WHERE IS MY ORDER!!",
            "Where is my order 😡",
            "ｗｈｅｒｅ is my order",
        ],
        [
            "退款多久到账？",
            "退款多久到账",
            "退款多久到賬",
            "退款，多久到账。",
            "退款 多久 到账",
            "退款多久到账👍🏽",
        ],
        ["iPhone 怎么退货", "iphone怎么退货", "iPhone怎麼退貨?", "ＩＰＨＯＮＥ 怎么 退货"],
        ["I don't know", "I don’t know", "i dont know", "I don`t know"],
        ["Straße", "STRASSE"],
        ["1️⃣ choice", "1 choice", "① choice"],
        ["wi-fi", "Wi Fi", "wi_fi"],
        ["薴麻", "苧麻", "苎麻"],
    ],
)
def test_spellings_of_one_question_fold_alike(spellings: list[str]) -> None:
    assert {fold(spelling) for spelling in spellings} == {fold(spellings[0])}
    assert fold(spellings[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is it version 1.5?", "Is it version 15?"),
        ("learn c", "learn c#"),
        ("learn c", "learn c++"),
        ("10% off", "10 off"),
        ("$10", "€10"),
        ("over 500+", "over 500"),
        ("a b", "ab"),
        ("退款", "退货"),
        ("क", "कि"),
    ],
)
def test_signs_that_change_the_question_stay(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_fold_written_out() -> None:
    assert fold("請問 iPhone 15 的 USB-C 線，保固多久？？ 😀") == "请问iphone 15的usb c线保固多久"
    assert fold("Order#12: a+b = 100%, C++!") == "order 12 a b 100% c++"
    assert fold("？？") == fold("…👍!") == fold("") == ""


def test_conversion_between_scripts() -> None:
    assert to_simplified("訂單還沒有到") == "订单还没有到"
    assert to_traditional("订单还没有到") == "訂單還沒有到"
    assert to_simplified("where is it") == "where is it"
    assert to_simplified("乾坤 穿著 顯著 著名 甚麼") == "乾坤 穿着 显著 著名 什么"


@given(ANY_TEXT | AWKWARD)
@example("\ud800")
@example("か \u3099")
@example("'\u0301a")
@example("薴")
@example("c+ 货 +")
def test_normalizing_and_folding_take_any_text_and_settle_at_once(text: str) -> None:
    normal, folded = normalize(text), fold(text)
    assert normalize(normal) == normal
    assert fold(folded) == folded
    assert fold(normal) == folded
    assert normal == normal.strip()
    normal.encode()  # no surrogate left
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in normal)


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_full_width_folds_like_half_width(text: str) -> None:
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in text)
    assert normalize(full_width) == text
    assert fold(full_width) == fold(text)


@given(st.text(alphabet="退款货订单还没有到吗我想问发票保修电池充电器屏幕坏了怎么办什么时候送达 ab,。"))
def test_traditional_folds_like_simplified(text: str) -> None:
    assert fold(to_traditional(text)) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F)))
def test_case_and_punctuation_do_not_count(text: str) -> None:
    assert fold(text.casefold()) == fold(text)
    assert fold("!" + text + " ...") == fold(text + ".")


@pytest.mark.parametrize("unit", ["1", "a.", "+", "c+#", "\u0316\u0300", "货 ", "\ufdfa"], ids=ascii)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    assert growth(fold, unit, before="a") < LINEAR


def test_long_runs_of_marks_are_cut() -> None:
    assert normalize("a" + "\u0316" * 50) == "a" + "\u0316" * 30
    assert normalize("-" * 50) == "-" * 50
    assert normalize("，" * 50) == "," * 50
