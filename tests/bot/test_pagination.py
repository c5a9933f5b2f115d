"""Cursors come back from callers, who may send anything."""

import pytest

from bot.errors import InvalidInputError
from bot.pagination import decode_cursor, decode_number, encode_cursor


def test_cursor_leads_back_to_the_key_it_was_made_from() -> None:
    assert decode_cursor(encode_cursor("ans_答")) == "ans_答"
    assert decode_number(encode_cursor("17")) == 17
    assert decode_cursor(None) is None
    assert decode_number(None) == 0


@pytest.mark.parametrize("cursor", ["答", "not base64!", "AA A", encode_cursor("x")[:-1] + "é", "_w"])
def test_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="none of ours"):
        decode_cursor(cursor)


@pytest.mark.parametrize("key", ["ans_1", "-1", "1.5", "9" * 19, "9" * 5000])
def test_key_that_is_no_row_number_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match="another list"):
        decode_number(encode_cursor(key))
