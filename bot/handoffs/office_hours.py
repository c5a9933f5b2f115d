"""When people are at the desk: hours of the week in a time zone, less the holidays.

Hours are local times. Where a clock is put forward and a time does not exist, the desk opens as much later as the clock was
put forward; where it is put back, it opens at the first and closes at the second of the two moments with that time (PEP 495).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOKED_AHEAD = timedelta(days=366)
DAY = timedelta(days=1)
_PART = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?((?:\s+\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2})+)")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class Span:
    """From one local time to another; the end lies on the next day when it is not after the start."""

    start: time
    end: time

    @property
    def ends_next_day(self) -> bool:
        return self.end <= self.start


Week = tuple[tuple[Span, ...], ...]
"""The spans that begin on each day, Monday first."""


@dataclass(frozen=True)
class OfficeHours:
    """Without a week somebody is there at any time, holidays apart."""

    zone: ZoneInfo
    week: Week | None
    holidays: frozenset[date] = frozenset()

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._openings(at - DAY, at + DAY))

    def next_opening(self, at: datetime) -> datetime | None:
        """When it opens next; None while it is open, and where it does not open within a year."""
        for start, end in self._openings(at - DAY, at + LOOKED_AHEAD):
            if start <= at < end:
                return None
            if start > at:
                return start
        return None

    def open_time(self, since: datetime, until: datetime) -> timedelta:
        """How much of the time between two moments it was open."""
        passed = timedelta(0)
        for start, end in self._openings(since - DAY, until):
            passed += max(timedelta(0), min(end, until) - max(start, since))
        return passed

    def _openings(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """In order, those that touch each other as one."""
        whole: tuple[datetime, datetime] | None = None
        day, last = (moment.astimezone(self.zone).date() for moment in (since, until))
        while day <= last:
            for start, end in self._of_day(day):
                if whole is not None and start <= whole[1]:
                    whole = (whole[0], max(whole[1], end))
                    continue
                if whole is not None:
                    yield whole
                whole = (start, end)
            day += DAY
        if whole is not None:
            yield whole

    def _of_day(self, day: date) -> list[tuple[datetime, datetime]]:
        if day in self.holidays:
            return []
        spans = (Span(time(0), time(0)),) if self.week is None else self.week[day.weekday()]
        found = []
        for span in spans:
            ends_on = day + DAY if span.ends_next_day else day
            start = datetime.combine(day, span.start, self.zone).astimezone(UTC)
            ends = (datetime.combine(ends_on, span.end.replace(fold=fold), self.zone) for fold in (0, 1))
            found.append((start, max(start, *(end.astimezone(UTC) for end in ends))))
        return sorted(found)


@cache
def office_hours(time_zone: str, hours: str, holidays: tuple[date, ...]) -> OfficeHours:
    """Raises ValueError for hours that can't be understood, KeyError for an unknown time zone."""
    return OfficeHours(ZoneInfo(time_zone), parse_week(hours) if hours else None, frozenset(holidays))


def parse_week(hours: str) -> Week:
    """Such as ``mon-fri 09:00-12:30 13:30-18:00, sat 10:00-14:00``; ``22:00-06:00`` ends on the next day.

    Raises:
        ValueError: says which part can't be understood.
    """
    days: list[list[Span]] = [[] for _ in WEEKDAYS]
    for part in filter(None, (part.strip() for part in hours.lower().split(","))):
        matched = _PART.fullmatch(part)
        if matched is None or not {matched[1], matched[2] or matched[1]} <= set(WEEKDAYS):
            raise ValueError(
                f"{part!r} is not understood; write such as 'mon-fri 09:00-18:00, sat 10:00-14:00'"
            )
        first, last = WEEKDAYS.index(matched[1]), WEEKDAYS.index(matched[2] or matched[1])
        for offset in range((last - first) % 7 + 1):
            days[(first + offset) % 7] += [_span(times) for times in _SPAN.findall(matched[3])]
    return tuple(tuple(spans) for spans in days)


def _span(times: tuple[str, str, str, str]) -> Span:
    return Span(_clock(times[0], times[1]), _clock(times[2], times[3]))


def _clock(hour: str, minute: str) -> time:
    """24:00 is the midnight at the end of the day, which a span that ends at 00:00 means, too."""
    if (hour, minute) == ("24", "00"):
        return time(0)
    try:
        return time(int(hour), int(minute))
    except ValueError as error:
        raise ValueError(f"{hour}:{minute} is no time of day") from error
