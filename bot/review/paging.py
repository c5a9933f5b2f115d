"""Pages of the queue for somebody who decides while they page.

Every decision takes questions out and moves others, so after a place, or after a gain, some would be passed over. The cursor holds what was
shown and still waits instead: a mark for each, a few kilobytes at most, as a queue has a thousand questions or two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import InvalidInputError
from bot.pagination import decode_bytes, encode_bytes
from bot.review.desk import Entry

MARK = 4
"""Bytes of an entry's key: in a walk through a thousand questions one is passed over with a chance of 1 in 8,000."""


@dataclass(frozen=True)
class EntryPage:
    entries: Sequence[Entry]
    next_cursor: str | None


def page_of(queue: Sequence[Entry], cursor: str | None, *, limit: int) -> EntryPage:
    """The first of the queue that this walk has not shown yet. Raises InvalidInputError."""
    shown = _marks_in(cursor)
    unseen = [entry for entry in queue if _mark(entry) not in shown]
    page = unseen[:limit]
    if len(unseen) <= limit:
        return EntryPage(page, None)
    shown |= {_mark(entry) for entry in page}
    return EntryPage(page, encode_bytes(b"".join(shown & {_mark(entry) for entry in queue})))


def _mark(entry: Entry) -> bytes:
    return bytes.fromhex(entry.waiting.key[: 2 * MARK])


def _marks_in(cursor: str | None) -> set[bytes]:
    marks = decode_bytes(cursor or "")
    if len(marks) % MARK:
        raise InvalidInputError(f"cursor {cursor!r} belongs to another list")
    return {marks[start : start + MARK] for start in range(0, len(marks), MARK)}
