"""Opaque cursors: the last key of a page, in base64, so that nobody builds on what is inside."""

import base64
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel

from bot.errors import InvalidInputError

MOST_DIGITS = 18
"""Of a number that fits into 64 bits, whatever they are."""

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None


def encode_cursor(key: str) -> str:
    return encode_bytes(key.encode())


def encode_bytes(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """Raises InvalidInputError for a cursor that no list has given out."""
    if cursor is None:
        return None
    try:
        return decode_bytes(cursor).decode()
    except UnicodeDecodeError as error:
        raise _none_of_ours(cursor) from error


def decode_bytes(cursor: str) -> bytes:
    """Raises InvalidInputError."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:  # not ASCII, not base64
        raise _none_of_ours(cursor) from error


def _none_of_ours(cursor: str) -> InvalidInputError:
    return InvalidInputError(f"cursor {cursor!r} is none of ours; use next_cursor of the page before")


def decode_number(cursor: str | None) -> int:
    """Of a list whose rows are numbered from 1; 0 stands before the first."""
    key = decode_cursor(cursor) or "0"
    if not is_row_number(key):
        raise InvalidInputError(f"cursor {cursor!r} belongs to another list")
    return int(key)


def is_row_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= MOST_DIGITS


def cut(rows: Sequence[T], *, limit: int, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Of up to ``limit + 1`` rows: the page, and the cursor of the next one if there is more."""
    page = list(rows[:limit])
    return page, encode_cursor(key(page[-1])) if len(rows) > limit else None
