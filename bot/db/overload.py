"""Which errors of the database mean that it has no time, room or connection for now, and that trying again helps."""

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, TimeoutError

from bot.errors import UnavailableError

RETRY_AFTER_S = 5
_SQLITE_PASSES = ("database is locked", "database table is locked", "database or disk is full")
_POSTGRES_PASSES = ("08", "53", "57P", "25006")
"""What such an SQLSTATE begins with: the connection, no room, the server stops or starts, it only reads as a standby does
(postgresql.org/docs/current/errcodes-appendix.html)."""


def passing(error: SQLAlchemyError) -> UnavailableError | None:
    """What callers are told: nothing was kept, and the same again later gets through. None for what is a bug."""
    if isinstance(error, TimeoutError) or (isinstance(error, DBAPIError) and _passes(error)):
        return UnavailableError(
            "the database is away, busy or full, and nothing was kept; send it again",
            retry_after_s=RETRY_AFTER_S,
        )
    return None


def _passes(error: DBAPIError) -> bool:
    if error.connection_invalidated or any(said in str(error.orig) for said in _SQLITE_PASSES):
        return True
    state: str | None = getattr(error.orig, "sqlstate", "")
    if state is None:  # psycopg did not even connect
        return isinstance(error, OperationalError)
    return state.startswith(_POSTGRES_PASSES)
