"""Is a person there? Within office hours, and somebody who answers customers was seen lately.

An installation in which nobody was ever seen at the desk (its agents work in another program) is believed by its hours
alone; without hours, too, nobody is there: nothing says that anybody ever will be (docs/decisions/0022).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from bot.db.base import now
from bot.handoffs import repository
from bot.settings import HandoffSettings

SEEN_AGAIN_AFTER = timedelta(seconds=30)
"""Looking at the desk is written down this often, not at each call."""


class Agent(Protocol):
    """Who answers customers: an API key, or somebody who is logged in."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Availability:
    """``at`` and ``opens_at`` are in the office's time zone; ``opens_at`` is None while the office is open."""

    at: datetime
    office_open: bool
    opens_at: datetime | None
    people_online: bool


def availability(
    connection: Connection, settings: HandoffSettings, *, at: datetime | None = None
) -> Availability:
    moment, office = at or now(), settings.office
    is_open = office.is_open(moment)
    opens_at = None if is_open else office.next_opening(moment)
    last_seen = repository.last_seen(connection)
    if last_seen is None:
        there = is_open and office.week is not None
    else:
        there = is_open and moment - last_seen <= settings.seen_within
    return Availability(
        at=moment.astimezone(office.zone),
        office_open=is_open,
        opens_at=opens_at.astimezone(office.zone) if opens_at else None,
        people_online=there,
    )


def note_presence(connection: Connection, agent: Agent) -> None:
    """Call whenever somebody looks at, or does something about, what waits for a person.

    After the conversation is locked, where one is: two steps of one agent would wait for each other otherwise.
    """
    if presence_is_stale(connection, agent):
        repository.set_seen(connection, agent.name, now())


def presence_is_stale(connection: Connection, agent: Agent) -> bool:
    seen = repository.seen_at(connection, agent.name)
    return seen is None or now() - seen > SEEN_AGAIN_AFTER
