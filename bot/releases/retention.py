"""Which releases keep their folders. A folder is marked as gone in the database first and deleted then, so that whatever is
killed in between, nobody promotes what is no longer there, and the next sweep goes on. What killed writers have left goes, too.

Kept are the promoted release, those promoted before it that may be rolled back to, the shadow and both sides of an experiment
that runs, what passed the gate since the present release began to speak and waits for a person, and whatever was made or took
part in something within the days that are set: so no worker loads or serves what is deleted. Rows and reports stay.
"""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.engine import Database
from bot.knowledge.audit import record_audit
from bot.releases import gating, repository
from bot.releases.building import checkpoint_path, encodings_beside, snapshot_path
from bot.releases.repository import ReleaseParts
from bot.settings import ReleaseSettings, Settings
from retrieval.artifacts import sweep_partial_folders

ACTOR = "retention"


async def remove_old_releases(
    database: Database, settings: Settings, *, at: datetime | None = None
) -> list[str]:
    """Ids of releases whose folders are gone from now on. Folders marked before, that a kill has left, go too."""
    moment = at or now()
    async with database.read() as session:
        due = await _superfluous(session, settings.releases, at=moment)
    if due:
        async with database.write() as session:
            await repository.lock_pointer(session)  # nothing is promoted, shadowed or tried meanwhile
            due = await _superfluous(session, settings.releases, at=moment)
            await repository.mark_removed(session, [parts.release.id for parts in due], at=moment)
            for parts in due:
                await record_audit(session, actor=ACTOR, action="remove_folders", target=parts.release.id)
    async with database.read() as session:
        paths = await repository.removed_paths(session)
    folders = [settings.data_dir / path for path in paths]
    await asyncio.to_thread(delete_folders, folders)
    for written in (checkpoint_path("*"), snapshot_path("*")):
        await asyncio.to_thread(sweep_partial_folders, settings.data_dir / written)
    return [parts.release.id for parts in due]


async def _superfluous(
    session: AsyncSession, settings: ReleaseSettings, *, at: datetime
) -> list[ReleaseParts]:
    """The oldest first."""
    present_id, released = await repository.with_folders(session)
    compared = await repository.compared_since(session, at - settings.keep_for)
    spoken = sorted(
        (parts for parts in released if parts.release.promoted_at), key=_promoted_at, reverse=True
    )
    earlier = [each.release.id for each in spoken if each.release.id != present_id and _may_return(each)]
    kept = {present_id, *earlier[: settings.kept], *compared}
    present = next((parts for parts in released if parts.release.id == present_id), None)
    superfluous = [
        parts
        for parts in released
        if parts.release.id not in kept
        and _last_needed(parts, spoken) < at - settings.keep_for
        and not _waits(parts, present)
    ]
    names = {parts.release.id for parts in superfluous}
    shared = {parts.checkpoint.id for parts in released if parts.release.id not in names}
    return [parts for parts in superfluous if parts.checkpoint.id not in shared]


def _may_return(parts: ReleaseParts) -> bool:
    """Whether rolling back may lead to it (`bot.releases.repository.promoted_before`)."""
    return parts.release.taken_back_at is None and parts.release.approved is not False


def _last_needed(parts: ReleaseParts, spoken: Sequence[ReleaseParts]) -> datetime:
    """When it was made, or stopped to speak: when the next one was promoted."""
    moment = parts.release.promoted_at
    if moment is None:
        return parts.release.created_at
    return min((_promoted_at(each) for each in spoken if _promoted_at(each) > moment), default=moment)


def _waits(parts: ReleaseParts, present: ReleaseParts | None) -> bool:
    """A candidate that a person may still promote; one that is older than the release that speaks was passed over."""
    if parts.release.promoted_at is not None or not gating.has_passed(parts.release):
        return False
    since = present.release.promoted_at if present else None
    return since is None or parts.release.created_at > since


def _promoted_at(parts: ReleaseParts) -> datetime:
    assert parts.release.promoted_at is not None, "only those that have spoken are asked"
    return parts.release.promoted_at


def delete_folders(folders: Sequence[Path]) -> None:
    """With what was encoded since. Renamed first: what a kill leaves is no checkpoint or snapshot to anybody."""
    for folder in (*folders, *map(encodings_beside, folders)):
        gone = folder.with_name(f".{folder.name}.removed")
        if folder.exists():
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
