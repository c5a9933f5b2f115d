"""Which releases lose their folders, and that nothing which may still speak does."""

import asyncio
import os
import shutil
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.db.base import new_id, now
from bot.db.comparison_tables import Experiment, ShadowRun
from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release
from bot.errors import ConflictError
from bot.experiments import service as experiments
from bot.experiments.schemas import ExperimentWish
from bot.releases import repository, service
from bot.releases.repository import ReleaseParts
from bot.releases.retention import remove_old_releases
from bot.settings import ReleaseSettings, Settings
from bot.shadowing import service as shadowing

PASSED, REFUSED = ({"passed": passed, "made_at": "", "report": "", "checks": []} for passed in (True, False))
TODAY = now()


def ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


@pytest.fixture
def keeping_one(settings: Settings) -> Settings:
    return settings.model_copy(update={"releases": ReleaseSettings(kept=1, keep_for=timedelta(days=14))})


async def make(
    database: Database,
    settings: Settings,
    *,
    days: float,
    promoted: float | None = None,
    gate: dict | None = None,
) -> str:
    """A release with folders, made so many days ago."""
    ids = [new_id(kind) for kind in ("rel", "chk", "snp")]
    for folder in (f"checkpoints/{ids[1]}", f"snapshots/{ids[2]}", f"snapshots/{ids[2]}.later"):
        (settings.data_dir / folder).mkdir(parents=True)
        (settings.data_dir / folder / "manifest.json").write_text("{}")
    release = Release(
        id=ids[0], checkpoint_id=ids[1], snapshot_id=ids[2], created_by="test", created_at=ago(days),
        promoted_at=None if promoted is None else ago(promoted), gate=gate,
    )  # fmt: skip
    checkpoint = Checkpoint(id=ids[1], path=f"checkpoints/{ids[1]}", digest="", summary={"tuned": True})
    snapshot = IndexSnapshot(
        id=ids[2],
        checkpoint_id=ids[1],
        path=f"snapshots/{ids[2]}",
        digest="",
        revision=1,
        summary={"questions": 1},
    )
    async with database.write() as session:
        await repository.add(session, ReleaseParts(release, checkpoint, snapshot))
    return ids[0]


async def speak(database: Database, release: str, *, since: float) -> None:
    async with database.write() as session:
        await repository.promote(session, release)
        await session.execute(update(Release).where(Release.id == release).values(promoted_at=ago(since)))


async def there(database: Database, settings: Settings) -> set[str]:
    """Releases of which all folders are whole; one of which a part is there would be a fault."""
    async with database.read() as session:
        rows = list((await session.execute(select(Release))).scalars())
    found = set()
    for row in rows:
        folders = [
            settings.data_dir / "checkpoints" / row.checkpoint_id,
            settings.data_dir / "snapshots" / row.snapshot_id,
            settings.data_dir / "snapshots" / f"{row.snapshot_id}.later",
        ]
        assert len({folder.exists() for folder in folders}) == 1
        if folders[0].exists():
            found.add(row.id)
    return found


async def test_what_may_speak_again_stays_and_the_rest_goes(
    database: Database, keeping_one: Settings
) -> None:
    ages = {
        "long gone": {"days": 90, "promoted": 90}, "before": {"days": 60, "promoted": 60},
        "refused": {"days": 30, "gate": REFUSED}, "refused lately": {"days": 2, "gate": REFUSED},
        "passed over": {"days": 50, "gate": PASSED}, "waits": {"days": 20, "gate": PASSED},
        "never judged": {"days": 20}, "speaks": {"days": 41},
    }  # fmt: skip
    ids = {name: await make(database, keeping_one, **facts) for name, facts in ages.items()}
    await speak(database, ids["speaks"], since=40)

    gone = await remove_old_releases(database, keeping_one, at=TODAY)

    removed = {"long gone", "refused", "passed over", "never judged"}
    assert set(gone) == {ids[name] for name in removed}
    assert await there(database, keeping_one) == {ids[name] for name in ages.keys() - removed}
    assert await remove_old_releases(database, keeping_one, at=TODAY) == []
    assert not list(keeping_one.data_dir.glob("*/.*"))


async def test_what_stopped_to_speak_lately_stays_however_old(
    database: Database, keeping_one: Settings
) -> None:
    first, second, third = [await make(database, keeping_one, days=90 - n, promoted=90 - n) for n in range(3)]
    fourth = await make(database, keeping_one, days=5)
    await speak(database, fourth, since=5)
    # The first two stopped 89 and 88 days ago; the third five days ago, and is the one to go back to.
    assert await remove_old_releases(database, keeping_one, at=TODAY) == [first, second]
    fifth = await make(database, keeping_one, days=1)
    await speak(database, fifth, since=1)
    assert await remove_old_releases(database, keeping_one, at=TODAY) == []
    assert await there(database, keeping_one) == {third, fourth, fifth}


async def test_what_was_taken_back_takes_no_place_of_what_may_be_gone_back_to(
    database: Database, keeping_one: Settings
) -> None:
    first, second, third = [await make(database, keeping_one, days=90 - n, promoted=90 - n) for n in range(3)]
    await speak(database, third, since=60)
    async with database.write() as session:
        await service.promote(
            session, second, data_dir=keeping_one.data_dir, promoted_by="test", action=service.ROLL_BACK
        )
        await session.execute(update(Release).where(Release.id == second).values(promoted_at=ago(50)))

    assert await remove_old_releases(database, keeping_one, at=TODAY) == [third]
    async with database.write() as session:
        assert (
            await service.roll_back(session, data_dir=keeping_one.data_dir, rolled_back_by="test")
        ).release.id == first


async def test_shadow_and_experiment_keep_theirs(database: Database, keeping_one: Settings) -> None:
    speaks = await make(database, keeping_one, days=40)
    await speak(database, speaks, since=40)
    shadow, tried, ended, done = [await make(database, keeping_one, days=30, gate=REFUSED) for _ in range(4)]
    started = {"started_by": "test", "started_at": ago(29)}
    async with database.write() as session:
        session.add(ShadowRun(id="shd_1", release_id=shadow, running=True, **started))
        session.add(ShadowRun(id="shd_2", release_id=ended, ended_at=ago(2), **started))
        session.add(ShadowRun(id="shd_3", release_id=done, ended_at=ago(20), **started))
        session.add(
            Experiment(
                id="xpr_1",
                release_a=speaks,
                release_b=tried,
                share=0.5,
                running=True,
                begins_at=ago(29),
                **started,
            )
        )

    assert await remove_old_releases(database, keeping_one, at=TODAY) == [done]


async def refuse_to_let_speak(database: Database, settings: Settings, *, old: str, speaks: str) -> None:
    for attempt in (
        lambda session: service.promote(
            session, old, data_dir=settings.data_dir, promoted_by="test", force=True
        ),
        lambda session: shadowing.switch_on(session, old, data_dir=settings.data_dir, started_by="test"),
        lambda session: experiments.start(
            session,
            ExperimentWish(release_a=speaks, release_b=old, share=0.5, lead_s=1, force=True),
            data_dir=settings.data_dir,
            started_by="test",
        ),
    ):
        with pytest.raises(ConflictError, match="the folders of release"):
            async with database.write() as session:
                await attempt(session)


async def test_what_was_removed_is_neither_promoted_nor_tried_nor_rolled_back_to(
    database: Database, keeping_one: Settings
) -> None:
    old, speaks = [await make(database, keeping_one, days=60, gate=REFUSED) for _ in range(2)]
    await speak(database, speaks, since=50)
    assert await remove_old_releases(database, keeping_one, at=TODAY) == [old]

    await refuse_to_let_speak(database, keeping_one, old=old, speaks=speaks)
    with pytest.raises(ConflictError, match="no release was promoted before"):
        async with database.write() as session:
            await service.roll_back(session, data_dir=keeping_one.data_dir, rolled_back_by="test")


@pytest.mark.parametrize("missing", ["checkpoints", "snapshots"])
async def test_what_lacks_a_folder_is_neither_promoted_nor_tried_nor_rolled_back_to(
    database: Database, settings: Settings, missing: str
) -> None:
    old, speaks = [await make(database, settings, days=60 - n, promoted=60 - n) for n in range(2)]
    await speak(database, speaks, since=50)
    for manifest in (settings.data_dir / missing).glob("*/manifest.json"):
        manifest.unlink()

    await refuse_to_let_speak(database, settings, old=old, speaks=speaks)
    with pytest.raises(ConflictError, match=f"{missing}/.* is missing or incomplete"):
        async with database.write() as session:
            await service.roll_back(session, data_dir=settings.data_dir, rolled_back_by="test")


async def test_folder_that_another_release_needs_stays(database: Database, settings: Settings) -> None:
    first, second = [await make(database, settings, days=2) for _ in range(2)]
    async with database.write() as session:
        shared = (await repository.get(session, second)).checkpoint.id
        await session.execute(update(Release).where(Release.id == first).values(checkpoint_id=shared))
        await repository.mark_removed(session, [first], at=TODAY)
        snapshot = (
            await session.execute(select(Release.snapshot_id).where(Release.id == first))
        ).scalar_one()
    await remove_old_releases(database, settings, at=TODAY)
    assert (settings.data_dir / "checkpoints" / shared).is_dir()
    assert not (settings.data_dir / "snapshots" / snapshot).exists()


async def test_a_kill_between_marking_and_deleting_is_made_good(
    database: Database, keeping_one: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks, old = [await make(database, keeping_one, days=60, gate=REFUSED) for _ in range(2)]
    await speak(database, speaks, since=50)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("bot.releases.retention.delete_folders", killed)
        with pytest.raises(KeyboardInterrupt):
            await remove_old_releases(database, keeping_one, at=TODAY)
    assert await there(database, keeping_one) == {speaks, old}
    with monkeypatch.context() as dying:  # between renaming and the end of deleting
        dying.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            await remove_old_releases(database, keeping_one, at=TODAY)

    assert await remove_old_releases(database, keeping_one, at=TODAY) == []

    assert await there(database, keeping_one) == {speaks}
    assert not list(keeping_one.data_dir.glob("*/.*"))


async def test_what_killed_writers_left_goes_after_an_hour(database: Database, settings: Settings) -> None:
    folders = [
        settings.data_dir / parent / f".{parent[:3]}_1.{'a' * 32}.partial"
        for parent in ("checkpoints", "snapshots")
    ]
    for hours, left in ((2, []), (0, folders)):
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder, (time.time() - hours * 3600,) * 2)
        await remove_old_releases(database, settings, at=TODAY)
        assert [folder for folder in folders if folder.exists()] == left


async def test_promoting_it_at_the_same_moment_leaves_a_release_that_is_there(
    database: Database, keeping_one: Settings
) -> None:
    speaks, old = [await make(database, keeping_one, days=60, promoted=60 - n) for n in range(2)]
    third = await make(database, keeping_one, days=50, promoted=50)
    await speak(database, third, since=50)

    async def promote() -> None:
        async with database.write() as session:
            await service.promote(session, speaks, data_dir=keeping_one.data_dir, promoted_by="test")

    await asyncio.gather(
        promote(), remove_old_releases(database, keeping_one, at=TODAY), return_exceptions=True
    )

    async with database.read() as session:
        _, present = await repository.promoted(session)
    assert present is not None
    assert present.release.id in await there(database, keeping_one)
    assert await there(database, keeping_one) in ({speaks, third}, {old, third})
