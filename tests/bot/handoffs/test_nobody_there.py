"""Nobody is there: when people come is said, contact is collected, kept to operators, and goes with the visitor."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.db.base import now
from bot.db.conversation_tables import HandoffContact, OperatorPresence
from bot.db.engine import Database
from bot.erasing.service import erase
from bot.handoffs.availability import Availability, availability
from bot.handoffs.texts import handoff_texts, nobody_came, what_next
from bot.handoffs.waiting import attend_to_waiting
from bot.settings import HandoffSettings, Settings
from tests.bot.handoffs.desk import Desk, ask_for_person, shown, system_messages
from tests.fixtures.services import Talk, start_talk

EN = handoff_texts("en")
WORKDAYS = HandoffSettings(time_zone="Europe/Berlin", hours="mon-fri 09:00-18:00")
MONDAY, SUNDAY = datetime(2026, 11, 30, 9, tzinfo=UTC), datetime(2026, 11, 29, 9, tzinfo=UTC)
CONTACT = {"name": "Ana García", "email": "ana@example.com", "phone": "+49 228 123456"}


async def leave(talk: Talk, contact: dict[str, Any], **headers: str) -> Any:
    path = f"/v1/conversations/{talk.id}/handoff/contact"
    return await talk.client.post(path, json=contact, headers=talk.headers | headers)


async def there(database: Database, settings: HandoffSettings, at: datetime) -> Availability:
    return await database.quick.read(lambda c: availability(c, settings, at=at))


async def seen(database: Database, at: datetime) -> None:
    async with database.write() as session:
        session.add(OperatorPresence(name="key:key_1", seen_at=at))


async def test_hours_are_believed_where_nobody_was_ever_seen(database: Database) -> None:
    open_now = await there(database, WORKDAYS, MONDAY)
    closed = await there(database, WORKDAYS, SUNDAY)
    without_hours = await there(database, HandoffSettings(), MONDAY)

    assert (open_now.people_online, open_now.opens_at) == (True, None)
    assert (closed.people_online, str(closed.opens_at)) == (False, "2026-11-30 09:00:00+01:00")
    assert (without_hours.people_online, without_hours.office_open) == (False, True)


@pytest.mark.parametrize(("minutes", "online"), [(4, True), (6, False)])
async def test_somebody_who_was_seen_has_to_be_seen_again(
    database: Database, minutes: int, online: bool
) -> None:
    await seen(database, MONDAY - timedelta(minutes=minutes))

    assert (await there(database, WORKDAYS, MONDAY)).people_online is online
    assert (await there(database, HandoffSettings(), MONDAY)).people_online is online
    assert (await there(database, WORKDAYS, MONDAY + timedelta(days=6))).people_online is False


async def test_looking_at_the_desk_is_being_there(talk: Talk, desk: Desk) -> None:
    before = await ask_for_person(talk)
    await desk.waiting()
    after = await shown(talk)

    assert (before["people_online"], before["contact_wanted"]) == (False, True)
    assert (after["handoff"]["people_online"], after["handoff"]["contact_wanted"]) == (True, False)
    assert await system_messages(talk) == [f"{EN.nobody_here} {EN.leave_contact}"]
    other = await start_talk(talk.client)
    await ask_for_person(other)
    assert await system_messages(other) == [EN.soon]


async def test_looking_again_and_again_writes_presence_twice_a_minute(desk: Desk, database: Database) -> None:
    await desk.waiting()
    async with database.read() as session:
        first = (await session.execute(select(OperatorPresence.seen_at))).scalar_one()
    await desk.waiting()
    async with database.read() as session:
        assert (await session.execute(select(OperatorPresence.seen_at))).scalar_one() == first
    async with database.write() as session:
        await session.execute(text("DELETE FROM operator_presence"))
        session.add(OperatorPresence(name="key:key_1", seen_at=now() - timedelta(seconds=31)))
    await desk.waiting()
    async with database.read() as session:
        assert len((await session.execute(select(OperatorPresence))).all()) == 2


@pytest.mark.parametrize(
    ("at", "opens_at", "en", "zh"),
    [
        ("2026-11-30T07:00+01:00", "2026-11-30T09:00+01:00", "today at 09:00 (UTC+1)", "今天 09:00（UTC+1）"),
        (
            "2026-11-29T23:00+01:00",
            "2026-11-30T09:00+01:00",
            "tomorrow at 09:00 (UTC+1)",
            "明天 09:00（UTC+1）",
        ),
        (
            "2026-11-27T19:00+01:00",
            "2026-11-30T09:00+01:00",
            "Monday at 09:00 (UTC+1)",
            "周一 09:00（UTC+1）",
        ),
        (
            "2026-12-23T19:00+05:30",
            "2027-01-04T09:30+05:30",
            "on Monday, 4 January, at 09:30 (UTC+5:30)",
            "1月4日（周一） 09:30（UTC+5:30）",
        ),
        ("2026-11-27T19:00+00:00", "2026-11-30T09:00+00:00", "Monday at 09:00 (UTC)", "周一 09:00（UTC）"),
    ],
)
def test_opening_is_told_by_day_time_and_offset(at: str, opens_at: str, en: str, zh: str) -> None:
    closed = Availability(datetime.fromisoformat(at), False, datetime.fromisoformat(opens_at), False)

    assert what_next("en", closed, contact_known=True) == (
        f"Our team is not here now; we open {en}. Your question is kept, and you will be answered here. "
        "We have your contact details and will get in touch."
    )
    assert f"{zh}开始" in what_next("zh", closed, contact_known=False)
    assert "週一" in what_next("zh-Hant", closed, contact_known=False) or "週" not in zh.replace("周", "週")


async def test_contact_is_kept_for_operators_and_nowhere_else(
    talk: Talk, desk: Desk, database: Database, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    await ask_for_person(talk)
    with caplog.at_level(logging.DEBUG):
        left = await leave(talk, CONTACT)

    assert left.status_code == 200
    assert left.json()["contact_wanted"] is False
    (handoff,) = await desk.waiting()
    kept = handoff["briefing"]["contact"]
    assert {name: kept[name] for name in CONTACT} == CONTACT
    assert (await system_messages(talk))[-1] == EN.contact_kept
    said = str([await talk.messages(), await shown(talk), left.json(), caplog.text, *capsys.readouterr()])
    assert all(value not in said for value in CONTACT.values())


async def test_contact_again_replaces_the_first_and_full_width_digits_are_digits(
    talk: Talk, database: Database
) -> None:
    await ask_for_person(talk)
    await leave(talk, CONTACT)
    await leave(talk, {"name": " ", "phone": "０２２８ １２３４５６"})

    async with database.read() as session:
        contact = (await session.execute(select(HandoffContact))).scalar_one()
    assert (contact.name, contact.email, contact.phone) == (None, None, "0228 123456")


async def test_who_left_contact_is_not_asked_for_it_again(talk: Talk, database: Database) -> None:
    await ask_for_person(talk)
    await leave(talk, {"email": "ana@example.com"})
    await attend_to_waiting(database, HandoffSettings(), at=now() + timedelta(minutes=16))

    assert (await system_messages(talk))[-1] == nobody_came("en", contact_known=True)
    assert (await shown(talk))["handoff"]["contact_wanted"] is False


@pytest.mark.parametrize(
    "contact",
    [
        {},
        {"name": "Ana"},
        {"email": "ana"},
        {"email": "ana@example"},
        {"email": "a b@example.com"},
        {"phone": "call me"},
        {"phone": "1234"},
        {"email": "x" * 250 + "@example.com"},
        {"email": "ana@example.com", "name": "x" * 201},
        {"email": 7},
    ],
)
async def test_contact_that_reaches_nobody_is_refused(
    talk: Talk, database: Database, contact: dict[str, Any]
) -> None:
    await ask_for_person(talk)

    refused = await leave(talk, contact)

    assert (refused.status_code, refused.json()["type"]) == (422, "urn:kefu:problem:invalid-input")
    async with database.read() as session:
        assert (await session.execute(select(HandoffContact))).first() is None


async def test_contact_is_taken_in_ones_own_open_handoff_only(talk: Talk, database: Database) -> None:
    early = await leave(talk, CONTACT)
    await ask_for_person(talk)
    stranger = await start_talk(talk.client)
    path = f"/v1/conversations/{talk.id}/handoff/contact"
    foreign = await talk.client.post(path, json=CONTACT, headers=stranger.headers)

    assert (early.status_code, early.json()["type"]) == (409, "urn:kefu:problem:handoff-state")
    assert foreign.status_code == 404
    async with database.read() as session:
        assert (await session.execute(select(HandoffContact))).first() is None


async def test_repeated_contact_is_said_once(talk: Talk) -> None:
    await ask_for_person(talk)
    first = await leave(talk, CONTACT, **{"Idempotency-Key": "k-1"})
    again = await leave(talk, CONTACT, **{"Idempotency-Key": "k-1"})

    assert first.json() == again.json()
    assert (await system_messages(talk)).count(EN.contact_kept) == 1


async def test_erasing_the_visitor_erases_their_contact(
    talk: Talk, database: Database, tiny_settings: Settings
) -> None:
    await ask_for_person(talk)
    await leave(talk, CONTACT)

    erased = await erase(database, tiny_settings, talk.id, with_labels=False, erased_by="cli")

    assert erased.counts["contacts"] == 1
    async with database.read() as session:
        assert (await session.execute(select(HandoffContact))).first() is None
