"""Office hours by cases worked out by hand, and by what must hold in every time zone at every moment."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.handoffs.office_hours import OfficeHours, office_hours, parse_week
from bot.settings import HandoffSettings, Settings

WORKDAYS = office_hours("Europe/Berlin", "mon-fri 09:00-18:00", (date(2026, 12, 25),))
ALWAYS = office_hours("Europe/Berlin", "", (date(2026, 12, 25),))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(hours: str) -> OfficeHours:
    return office_hours("Europe/Berlin", hours, ())


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-27T07:59", "2026-11-27T08:00"),  # Friday morning, an hour ahead of UTC
        ("2026-11-27T08:00", None),
        ("2026-11-27T16:59:59", None),
        ("2026-11-27T17:00", "2026-11-30T08:00"),  # the weekend lies between
        ("2026-03-27T18:00", "2026-03-30T07:00"),  # and the clock is put forward
        ("2026-10-23T18:00", "2026-10-26T08:00"),  # and put back
        ("2026-12-24T18:00", "2026-12-28T08:00"),  # a holiday on Friday
    ],
)
def test_next_opening(at: str, opens: str | None) -> None:
    assert WORKDAYS.next_opening(utc(at)) == (utc(opens) if opens else None)
    assert WORKDAYS.is_open(utc(at)) is (opens is None)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-27T16:00", "2026-11-30T09:00", 2),  # an hour on Friday, one on Monday
        ("2026-03-27T16:00", "2026-03-30T08:00", 2),  # the same with an hour less between
        ("2026-10-23T15:00", "2026-10-26T09:00", 2),
        ("2026-12-24T16:00", "2026-12-28T08:30", 1.5),
        ("2026-11-28T00:00", "2026-11-29T23:00", 0),
        ("2026-11-30T10:00", "2026-11-30T10:00", 0),
        ("2026-11-30T00:00", "2026-12-07T00:00", 45),
    ],
)
def test_only_the_time_in_which_it_is_open_is_counted(since: str, until: str, hours: float) -> None:
    assert WORKDAYS.open_time(utc(since), utc(until)) == timedelta(hours=hours)


def test_time_that_does_not_exist_is_as_much_later_as_the_clock_is_put_forward() -> None:
    night = berlin("sun 02:30-04:00")

    assert night.next_opening(utc("2026-03-29T00:00")) == utc("2026-03-29T01:30")
    assert night.open_time(utc("2026-03-29T00:00"), utc("2026-03-29T12:00")) == timedelta(minutes=30)


def test_time_that_comes_twice_opens_the_first_and_closes_the_second_time() -> None:
    night = berlin("sun 02:30-02:45")

    assert night.next_opening(utc("2026-10-25T00:00")) == utc("2026-10-25T00:30")
    assert night.open_time(utc("2026-10-25T00:00"), utc("2026-10-25T12:00")) == timedelta(minutes=75)


def test_night_belongs_to_the_day_on_which_it_begins() -> None:
    nights = office_hours("Asia/Shanghai", "fri 22:00-02:00", (date(2026, 11, 28), date(2026, 12, 4)))

    assert nights.is_open(utc("2026-11-27T17:30")), "half past one on Saturday, a holiday"
    assert not nights.is_open(utc("2026-11-27T18:00"))
    assert not nights.is_open(utc("2026-12-04T15:00")), "on a holiday no night begins"
    assert nights.next_opening(utc("2026-12-04T15:00")) == utc("2026-12-11T14:00")


def test_without_hours_it_is_open_but_on_holidays() -> None:
    assert ALWAYS.is_open(utc("2026-12-24T22:59"))
    assert not ALWAYS.is_open(utc("2026-12-24T23:00"))
    assert ALWAYS.next_opening(utc("2026-12-25T12:00")) == utc("2026-12-25T23:00")


def test_hours_that_touch_are_one() -> None:
    day = berlin("mon 09:00-12:00 12:00-15:00, mon 14:00-16:00")

    assert day.next_opening(utc("2026-11-30T11:00")) is None
    assert day.open_time(utc("2026-11-30T00:00"), utc("2026-12-01T00:00")) == timedelta(hours=7)


def test_days_may_run_over_the_end_of_the_week_and_hours_to_midnight() -> None:
    week = parse_week("Sat-Mon 9:00 - 24:00, wed 10:00-11:00")

    assert [len(day) for day in week] == [1, 0, 1, 0, 0, 1, 1]
    weekend = berlin("sat-mon 9:00-24:00")
    assert weekend.open_time(utc("2026-11-27T23:00"), utc("2026-11-30T23:00")) == timedelta(hours=45)


def test_office_that_never_opens_says_so() -> None:
    closed = OfficeHours(ZoneInfo("UTC"), tuple(() for _ in range(7)))

    assert closed.next_opening(utc("2026-11-30T00:00")) is None
    assert not closed.is_open(utc("2026-11-30T00:00"))


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
)
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SHORT = st.timedeltas(timedelta(0), timedelta(days=10))


@given(ZONES, MOMENTS)
def test_day_and_night_is_open_at_every_moment(zone: str, at: datetime) -> None:
    """Also where midnight does not exist, or a whole day."""
    for hours in ("", "mon-sun 00:00-24:00"):
        assert office_hours(zone, hours, ()).is_open(at)


@given(ZONES, MOMENTS, SHORT, SHORT)
def test_open_time_adds_up_and_begins_at_the_next_opening(
    zone: str, at: datetime, first: timedelta, second: timedelta
) -> None:
    office = office_hours(zone, "mon-thu 08:30-12:00 13:00-17:15, fri 22:00-03:00", ())
    middle, end = at + first, at + first + second

    assert office.open_time(at, end) == office.open_time(at, middle) + office.open_time(middle, end)
    opens_at = office.next_opening(at)
    if opens_at is not None:
        assert office.is_open(opens_at)
        assert not office.open_time(at, opens_at)
    else:
        assert office.is_open(at)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("hours", "mon 9-17", "'mon 9-17' is not understood"),
        ("hours", "moon 09:00-17:00", "'moon 09:00-17:00' is not understood"),
        ("hours", "mon-fre 09:00-17:00", "'mon-fre 09:00-17:00' is not understood"),
        ("hours", "mon 09:00-25:00", "25:00 is no time of day"),
        ("hours", "mon", "'mon' is not understood"),
        ("time_zone", "Berlin", "'Berlin' is no IANA time zone; write such as Europe/Berlin"),
        ("time_zone", "../etc/passwd", "is no IANA time zone"),
        ("holidays", "2026-12-25, christmas", "'christmas' is no date; write such as 2026-12-25"),
        ("holidays", "2026-02-30", "'2026-02-30' is no date"),
        ("return_after", "5s", "greater than or equal to"),
    ],
)
def test_wrong_setting_is_refused_with_the_value(field: str, value: str, says: str) -> None:
    with pytest.raises(ValidationError, match="1 validation error") as refused:
        HandoffSettings(**{field: value})

    assert says in str(refused.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_HANDOFFS__TIME_ZONE", "Asia/Shanghai")
    monkeypatch.setenv("KEFU_HANDOFFS__HOURS", "mon-fri 09:00-18:00")
    monkeypatch.setenv("KEFU_HANDOFFS__HOLIDAYS", "2026-10-01, 2026-10-02")

    office = Settings().handoffs.office

    assert office.next_opening(utc("2026-09-30T10:00")) == utc("2026-10-05T01:00")
