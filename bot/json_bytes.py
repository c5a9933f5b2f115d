"""JSON as it travels: compact, UTF-8, Chinese left readable, on one line wherever it is cut into lines."""

import json
from typing import Any

# Many readers of event streams, Python's `splitlines` among them, end a line at these, too. Outside of strings JSON has none.
_LINE_ENDS = {ord(each): f"\\u{ord(each):04x}" for each in "\u0085\u2028\u2029"}


def json_text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text if text.isascii() else text.translate(_LINE_ENDS)
