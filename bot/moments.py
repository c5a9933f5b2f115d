"""Moments that come from outside are kept in UTC, which ends with the year 9999; near its ends not every zone can tell them."""

from datetime import UTC, datetime, tzinfo
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(moment: datetime) -> datetime:
    """Raises ValueError for a moment that is in the year 0 or 10000 there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} lies outside the years 1 to 9999 of UTC") from error


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """As it is given where the zone's year would be 0 or 10000."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
