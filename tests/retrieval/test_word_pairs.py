"""Words of one language for those of the other."""

from retrieval.lexical import tokenize_lexical
from retrieval.word_pairs import MOST, closest, translated, translations


def test_closest_translations_come_first_and_no_more_than_are_used() -> None:
    pairs = [
        ("票", "ticket", 0.4),
        ("票", "invoice", 0.3),
        ("票", "bill", 0.3),
        ("票", "vote", 0.2),
        ("退", "return", 0.5),
    ]
    assert closest(pairs) == {"票": ("ticket", "bill", "invoice"), "退": ("return",)}


def test_words_say_the_same_in_both_directions() -> None:
    assert translations()["en"]["发票"][0] == "invoice"
    assert translations()["zh"]["invoice"][0] == "发票"
    assert "password" in translated(tokenize_lexical("忘记密码了"), into="en")
    assert "退款" in translated(tokenize_lexical("When do I get my refund?"), into="zh")


def test_words_are_translated_as_often_as_they_occur_and_unknown_ones_not_at_all() -> None:
    once = translated(["refund"], into="zh")
    assert 1 <= len(once) <= MOST
    assert translated(["refund", "refund", "zxqv"], into="zh") == once * 2
    assert translated([], into="zh") == translated(["zxqv"], into="en") == []
