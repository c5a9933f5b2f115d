"""Dates and times that people fill in, by their own clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.errors import InvalidInputError
from bot.moments import in_utc, in_zone


def moment_of(text: str, zone: ZoneInfo | None) -> datetime | None:
    """Of a field ``datetime-local``; None for an empty one. Raises InvalidInputError."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is no date and time; write such as 2026-12-24T18:00") from error
    try:
        return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC))
    except ValueError as error:
        raise InvalidInputError(str(error)) from error


def field_of(moment: datetime | None, zone: ZoneInfo | None) -> str:
    """What such a field shows."""
    return "" if moment is None else f"{in_zone(moment, zone or UTC):%Y-%m-%dT%H:%M}"
