"""``kefu doctor``: everything that has to be well, in the order in which things depend on each other."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime

from pydantic import ValidationError

from bot.db.engine import Database
from bot.doctor import machine, release, storage
from bot.doctor.findings import Finding, State, problem, skipped
from bot.setting_names import misspelt_settings
from bot.settings import Settings


def wrong_settings(error: ValidationError) -> Finding:
    """For settings that can't even be read."""
    names = ["KEFU_" + "__".join(str(part) for part in item["loc"]).upper() for item in error.errors()]
    wrong = [f"{name}: {item['msg']}" for name, item in zip(names, error.errors(), strict=True)]
    return problem(
        "settings",
        "; ".join([*wrong, *misspelt_settings(os.environ)]),
        remedy=f"mend {', '.join(names)} in the environment",
    )


async def examine(settings: Settings, *, moment: datetime) -> AsyncIterator[Finding]:
    """Nothing is changed or made. ``moment`` is the time now."""
    yield machine.check_settings(settings)
    yield machine.check_versions()
    yield machine.check_data_dir(settings)
    yield machine.check_privacy(settings)
    yield machine.check_rate_limits(settings)
    yield await asyncio.to_thread(machine.check_backbone, settings)
    if settings.uses_sqlite and not settings.data_dir.is_dir():
        yield skipped("database", needs="data dir")
        return
    database = Database.open(settings.database_url)
    try:
        async for finding in _examine_database(database, settings, moment):
            yield finding
    finally:
        await database.close()


async def _examine_database(
    database: Database, settings: Settings, moment: datetime
) -> AsyncIterator[Finding]:
    reachable = await storage.check_reachable(database, settings)
    yield reachable
    if reachable.state is not State.OK:
        yield skipped("schema, integrity, knowledge, release, self-test, clock", needs="database")
        return
    yield await storage.check_integrity(database, settings)
    schema = await storage.check_schema(database)
    yield schema
    if schema.state is not State.OK:
        yield skipped("knowledge, release, self-test, clock", needs="newest schema")
        return
    yield await storage.check_clock(database, settings, moment=moment)
    yield await storage.check_knowledge(database, settings)
    parts = await release.promoted(database)
    found = await asyncio.to_thread(release.check_release, parts, settings)
    yield found
    if parts is None or found.state is not State.OK:
        yield skipped("self-test", needs="release")
    else:
        yield await release.check_answering(database, parts, settings)
