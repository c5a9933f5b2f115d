"""Words instead of a button."""

import pytest

from bot.answering.choosing import chosen_place, may_choose


@pytest.mark.parametrize(
    ("words", "offered", "place"),
    [
        ("yes", 1, 0),
        ("Yes, please!", 1, 0),
        ("是的。", 1, 0),
        ("對", 1, 0),
        ("yes", 2, None),
        ("1", 2, 0),
        ("the first one", 2, 0),
        ("2.", 2, 1),
        ("第二个", 2, 1),
        ("第二個吧", 2, None),
        ("3", 2, None),
        ("第三个", 3, 2),
        ("1", 0, None),
        ("no", 1, None),
        ("都不是", 2, None),
        ("yes but how long does it take", 1, None),
        ("", 1, None),
        ("😀", 1, None),
    ],
)
def test_place_that_words_choose(words: str, offered: int, place: int | None) -> None:
    assert chosen_place(words, offered=offered) == place


def test_long_text_is_not_looked_at() -> None:
    assert not may_choose("yes " * 1000)
