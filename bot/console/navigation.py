"""The pages in the order of the navigation, and from which role on one sees them.

To add a page: a module ``bot/console/<page>_endpoints.py`` with a ``router`` that ``bot/console/app.py`` includes, its templates in
``templates/<page>/``, its texts in ``texts/<page>.py`` (listed in ``bot/console/languages.py``), and a line here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.access.principals import Role
from bot.operators.logins import Caller


@dataclass(frozen=True)
class Entry:
    """``text`` is the key of its name in the texts."""

    path: str
    text: str
    role: Role = Role.VIEWER


ENTRIES = (
    Entry("/console/inbox", "frame.inbox"),
    Entry("/console/review", "frame.review"),
    Entry("/console/knowledge", "knowledge.title"),
    Entry("/console/dashboard", "dashboard.title"),
    Entry("/console/training", "training.title"),
    Entry("/console/releases", "releases.title"),
    Entry("/console/settings", "settings.title", Role.SUPERVISOR),
)


def entries_for(caller: Caller | None) -> Sequence[Entry]:
    return [entry for entry in ENTRIES if caller and caller.role.allows(entry.role)]
