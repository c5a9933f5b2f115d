"""Which answer is which, where answers were merged."""

import pytest

from bot.review.verdicts import ends_of


@pytest.mark.parametrize(
    ("merged", "ends"),
    [
        ({}, {}),
        ({"b": "a"}, {"b": "a"}),
        ({"c": "b", "b": "a"}, {"c": "a", "b": "a"}),
        ({"a": "b", "b": "a"}, {"b": "a"}),
        ({"c": "b", "b": "d", "d": "b", "x": "c"}, {"c": "b", "d": "b", "x": "b"}),
    ],
)
def test_answers_merged_into_each_other_end_at_the_first_of_them(
    merged: dict[str, str], ends: dict[str, str]
) -> None:
    assert ends_of(merged) == ends
