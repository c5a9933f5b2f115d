"""Which errors of the database mean that it has no time, room or connection for now, and that trying again helps."""

from sqlalchemy.exc import OperationalError

from bot.errors import UnavailableError

RETRY_AFTER_S = 5
_SQLITE_PASSES = ("database is locked", "database table is locked", "database or disk is full")


def passing(error: OperationalError) -> UnavailableError | None:
    """What callers are told: nothing was kept, and the same again later gets through. None for what is a bug."""
    said = str(error.orig)
    if error.connection_invalidated or any(each in said for each in _SQLITE_PASSES):
        return UnavailableError(
            "the database is busy or full, and nothing was kept; send it again", retry_after_s=RETRY_AFTER_S
        )
    return None
