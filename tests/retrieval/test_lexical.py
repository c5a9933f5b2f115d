import pytest

from retrieval.lexical import MOST_REMEMBERED, _remembered, tokenize_lexical


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Where are my Orders?", ["where", "are", "my", "order"]),
        ("batteries of the glasses", ["battery", "of", "the", "glasse"]),
        ("My WH-1000XM4 broke", ["my", "wh1000xm4", "wh", "1000xm4", "broke"]),
        ("the card's limit, don't", ["the", "card", "limit", "don"]),
        ("iPhone手机", ["iphone", "手机"]),
        ("退款多久到账", ["退款", "多久", "到", "账"]),
        ("?! …", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert tokenize_lexical(text) == terms


def test_script_width_and_case_do_not_matter() -> None:
    assert tokenize_lexical("ＡＢＣ１２３ 訂單退款") == tokenize_lexical("abc123 订单退款")


def test_long_chinese_words_are_found_by_their_parts() -> None:
    assert {"怎么", "怎么办"} <= set(tokenize_lexical("手机没电怎么办"))


def test_long_words_are_cut_alike_but_not_remembered() -> None:
    short, long = "zqorders" + "x" * 31 + "s", "zqorders" + "x" * 32 + "s"
    assert (len(short), len(long)) == (MOST_REMEMBERED, MOST_REMEMBERED + 1)
    before = _remembered.cache_info().currsize
    assert tokenize_lexical(f"{long} {long}") == [long[:-1]] * 2
    assert _remembered.cache_info().currsize == before
    assert tokenize_lexical(f"{short} {short}") == [short[:-1]] * 2
    assert _remembered.cache_info().currsize == before + 1
