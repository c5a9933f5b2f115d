"""Who waits for a person is told what happens, in time, and once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.db.base import now
from bot.db.conversation_tables import Handoff
from bot.db.engine import Database
from bot.handoffs.texts import called_away, handoff_texts, nobody_came
from bot.handoffs.waiting import attend_to_waiting, watch_handoffs
from bot.settings import HandoffSettings
from tests.bot.handoffs.desk import Desk, ask_for_person, shown, system_messages
from tests.fixtures.services import Talk

EN = handoff_texts("en")
ALWAYS = HandoffSettings()
WORKDAYS = HandoffSettings(time_zone="Europe/Berlin", hours="mon-fri 09:00-18:00")
WAITING = f"{EN.still_waiting} {EN.leave_contact}"


def minutes(number: float) -> datetime:
    return now() + timedelta(minutes=number)


async def asked_at(database: Database, talk: Talk, at: datetime) -> None:
    await ask_for_person(talk)
    async with database.write() as session:
        await session.execute(update(Handoff).values(asked_again_at=at))


async def test_reminder_then_return_each_once(talk: Talk, database: Database) -> None:
    await ask_for_person(talk)

    done = [await attend_to_waiting(database, ALWAYS, at=minutes(n)) for n in (2, 3.1, 4, 8, 15.1, 16, 60)]

    assert done == [0, 1, 0, 0, 1, 0, 0]
    assert (await system_messages(talk))[1:] == [WAITING, nobody_came("en", contact_known=False)]
    conversation = await shown(talk)
    assert (conversation["state"], conversation["handoff"]["state"]) == ("bot", "missed")
    assert conversation["handoff"]["contact_wanted"] is True


async def test_operator_replies_later_and_the_thread_goes_on(
    talk: Talk, desk: Desk, database: Database
) -> None:
    await talk.say("Can I return something?")
    handoff = await ask_for_person(talk)
    await attend_to_waiting(database, ALWAYS, at=minutes(16))
    (missed,) = await desk.waiting("?state=missed")

    replied = await desk.reply(talk, "Sorry for the wait. Yes, you can.")

    assert missed["id"] == handoff["id"]
    assert replied.json()["label_id"] is not None
    assert (await shown(talk))["state"] == "person"
    assert (await shown(talk))["handoff"]["id"] == handoff["id"]


async def test_visitor_returns_and_asks_again_in_the_same_handoff(talk: Talk, database: Database) -> None:
    first = await ask_for_person(talk)
    await attend_to_waiting(database, ALWAYS, at=minutes(16))
    assert (await talk.say("Can I return something?")).json()["outcome"] == "answered"

    again = await ask_for_person(talk)

    assert (again["id"], again["state"]) == (first["id"], "waiting")
    assert await attend_to_waiting(database, ALWAYS, at=minutes(2)) == 0, "the waiting begins anew"
    assert await attend_to_waiting(database, ALWAYS, at=minutes(3.1)) == 1


async def test_person_who_took_over_and_says_nothing_gives_way_to_the_bot(
    talk: Talk, desk: Desk, database: Database
) -> None:
    handoff = await ask_for_person(talk)
    await desk.step("take", handoff["id"])

    done = [await attend_to_waiting(database, ALWAYS, at=minutes(n)) for n in (20, 30.1, 31)]

    assert done == [0, 1, 0]
    assert (await system_messages(talk))[-1] == called_away("en", contact_known=False)
    assert (await talk.say("Can I return something?")).json()["outcome"] == "answered"
    (missed,) = await desk.waiting()
    assert (missed["state"], missed["held_by"]) == ("missed", None)


async def test_silence_counts_from_the_first_message_that_nobody_replied_to(
    talk: Talk, desk: Desk, database: Database
) -> None:
    await ask_for_person(talk)
    await desk.reply(talk)
    assert await attend_to_waiting(database, ALWAYS, at=minutes(60)) == 0, "it is the visitor's turn"

    await talk.say("are you there")
    assert await attend_to_waiting(database, ALWAYS, at=minutes(29)) == 0
    assert await attend_to_waiting(database, ALWAYS, at=minutes(31)) == 1


async def test_person_who_went_home_gives_way_out_of_hours_too(
    talk: Talk, desk: Desk, database: Database
) -> None:
    never = HandoffSettings(holidays=tuple(now().date() + timedelta(days=n) for n in range(-2, 3)))
    await ask_for_person(talk)
    await desk.reply(talk)
    await talk.say("are you there")

    done = [await attend_to_waiting(database, never, at=minutes(n)) for n in (29, 31)]

    assert done == [0, 1]
    assert (await system_messages(talk))[-1] == called_away("en", contact_known=False)


async def test_conversation_that_was_never_handed_back_goes_back_by_itself(
    talk: Talk, desk: Desk, database: Database
) -> None:
    await ask_for_person(talk)
    await desk.reply(talk)

    done = [await attend_to_waiting(database, ALWAYS, at=minutes(60 * n)) for n in (11.9, 12.1, 13)]

    assert done == [0, 1, 0]
    assert (await system_messages(talk))[-1] == EN.handed_back
    assert ((await shown(talk))["state"], await desk.waiting()) == ("bot", [])


class Stop(BaseException):
    """Ends the endless loop."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_weekend_is_no_waiting_time_and_the_visitor_is_told_when_the_office_closes(
    talk: Talk, database: Database
) -> None:
    await asked_at(database, talk, utc("2026-11-27T16:58"))  # Friday, two minutes before six in Berlin
    looks = [
        "2026-11-27T16:59",
        "2026-11-27T17:01",  # closed: told
        "2026-11-29T12:00",
        "2026-11-30T08:01",  # open again, three minutes of waiting
        "2026-11-30T08:04",  # told
        "2026-11-30T08:09",
        "2026-11-30T08:13",  # fifteen minutes in all: returned
    ]

    done = [await attend_to_waiting(database, WORKDAYS, at=utc(look)) for look in looks]

    assert done == [0, 1, 0, 0, 1, 0, 1]
    closed = EN.closed_now.format(time="Monday at 09:00 (UTC+1)")
    assert (await system_messages(talk))[1:] == [
        f"{closed} {EN.leave_contact}",
        WAITING,
        nobody_came("en", contact_known=False),
    ]


async def test_asked_outside_office_hours_is_told_at_once_and_not_again_before_they_open(
    talk: Talk, database: Database
) -> None:
    await asked_at(database, talk, utc("2026-11-28T12:00"))

    looks = ("2026-11-28T12:30", "2026-11-29T12:00", "2026-11-30T08:02", "2026-11-30T08:03:01")
    assert [await attend_to_waiting(database, WORKDAYS, at=utc(look)) for look in looks] == [0, 0, 0, 1]


async def test_watch_outlives_a_database_that_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def away(*_: object) -> int:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise Stop
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr("bot.handoffs.waiting.attend_to_waiting", away)
    monkeypatch.setattr("bot.handoffs.waiting.LOOK_EVERY_S", 0)
    with pytest.raises(Stop):
        await watch_handoffs(database, ALWAYS)
