r"""What Python's JSON takes and other readers do not: half characters, NUL, and numbers that are none.

Of a visitor's metadata such things were stored once; a backup or an export has to be readable all the same.
"""

import math
import re
from typing import Any

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
STAND_IN = "\ufffd"


def mended(value: Any) -> Any:
    """The same value; half characters and NUL become U+FFFD, NaN and infinities null."""
    if isinstance(value, str):
        return _UNREADABLE.sub(STAND_IN, value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {mended(name): mended(each) for name, each in value.items()}
    if isinstance(value, list):
        return [mended(each) for each in value]
    return value
