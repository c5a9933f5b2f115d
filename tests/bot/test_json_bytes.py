"""JSON in event streams."""

import json

from bot.json_bytes import json_text


def test_text_stays_on_one_line_and_means_the_same() -> None:
    value = {"text": 'Hello,\u2028your\u2029parcel\u0085是 "here"\n'}

    told = json_text(value)

    assert len(told.splitlines()) == 1
    assert json.loads(told) == value
    assert "是" in told
