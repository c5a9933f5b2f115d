"""Where sentences begin and end."""

from itertools import pairwise

import pytest

from retrieval.sentences import LONGEST, sentence_spans, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n ", []),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "It costs 3.50 euros, e.g. for Mr. Smith. Thanks.",
            ["It costs 3.50 euros, e.g. for Mr. Smith.", "Thanks."],
        ),
        (
            "Open at 9 a.m. on Monday. Closed at 5 p.m. daily.",
            ["Open at 9 a.m. on Monday.", "Closed at 5 p.m. daily."],
        ),
        ("七天内可以退货。邮费我们出！谢谢", ["七天内可以退货。", "邮费我们出！", "谢谢"]),
        ("他说：“可以。”然后走了。", ["他说：“可以。”", "然后走了。"]),
        ("请访问example.com。3.5元起。", ["请访问example.com。", "3.5元起。"]),
        (
            "Ask your local\nhealth office for\nPPE. It is free.\nOpen daily",
            ["Ask your local\nhealth office for\nPPE.", "It is free.", "Open daily"],
        ),
        ("First line\nSecond line", ["First line", "Second line"]),
        (
            "Anybody with a card of the health insurance can now use it by telephone or\nby video. It is free.",
            [
                "Anybody with a card of the health insurance can now use it by telephone or\nby video.",
                "It is free.",
            ],
        ),
        (
            "Bring these:\n- a passport\n- a photo\nThen wait. We call you.",
            ["Bring these:\n- a passport\n- a photo", "Then wait.", "We call you."],
        ),
        (
            "There are many tests that are used for this illness that the U.S.\nFood and Drug Administration lists. Ask us.",
            [
                "There are many tests that are used for this illness that the U.S.\nFood and Drug Administration lists.",
                "Ask us.",
            ],
        ),
        (
            "You need a passport, a photo, the form, the fee, the address, etc.\nThen wait.",
            ["You need a passport, a photo, the form, the fee, the address, etc.", "Then wait."],
        ),
        ('She said "Stop." Then she left.', ['She said "Stop."', "Then she left."]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_spans_are_places_in_the_text_in_order() -> None:
    text = "  One.\n\nTwo: \n• a\n• b\n Three。四！ "
    spans = sentence_spans(text)
    assert all(text[begin:end] == text[begin:end].strip() for begin, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_endless_sentence_is_cut() -> None:
    text = "word " * 1000 + "x" * 3000
    sentences = split_sentences(text)
    assert max(map(len, sentences)) <= LONGEST
    assert "".join(sentences).replace(" ", "") == text.replace(" ", "")
