"""JSON as it travels: compact, UTF-8, Chinese left readable."""

import json
from typing import Any


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
