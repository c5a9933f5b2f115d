"""What people judged of the traffic moves the cut-offs: at once by recalibration, and with every training."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from bot.db.base import now
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.db.quality_tables import AuditDraw
from bot.db.training_tables import RunState
from bot.releases import repository as releases
from bot.releases.building import load_inputs
from bot.review.audits import LAPSES
from bot.settings import Settings
from retrieval.artifacts import verify_artifact
from tests.bot.quality.traffic import judged_traffic
from tests.bot.retraining.runs import ask, claimed, find, trainer


async def test_audits_tell_the_share_once_enough_is_judged(
    database: Database, release: str, knowledge: dict[str, str]
) -> None:
    await judged_traffic(database, release, knowledge["invoice"], known=60, unknown=39)
    assert (await load_inputs(database)).audited_share is None
    await judged_traffic(database, release, knowledge["invoice"], known=0, unknown=1)
    assert (await load_inputs(database)).audited_share == 0.4


@pytest.mark.parametrize(("lapsed", "told"), [(11, 0.6), (12, None)])
async def test_audits_tell_no_share_where_more_than_a_tenth_was_left_unjudged(
    database: Database, release: str, knowledge: dict[str, str], lapsed: int, told: float | None
) -> None:
    """Of 111 and of 112: who judges only what was complained of would make the bot far too careful."""
    await judged_traffic(database, release, knowledge["invoice"], known=40, unknown=60 + lapsed)
    async with database.write() as session:
        newest = select(AuditDraw.exchange_id).order_by(AuditDraw.exchange_id.desc()).limit(lapsed)
        unjudged = (await session.execute(newest)).scalars().all()
        await session.execute(delete(Label).where(Label.exchange_id.in_(unjudged)))
        long_ago = update(AuditDraw).where(AuditDraw.exchange_id.in_(unjudged))
        await session.execute(long_ago.values(drawn_at=now() - LAPSES - timedelta(hours=1)))

    assert (await load_inputs(database)).audited_share == told


@pytest.mark.parametrize(("known", "unknown", "told"), [(50, 50, "0.5"), (100, 0, "0.02"), (50, 49, "auto")])
async def test_training_gets_the_share_that_audits_tell_or_finds_it_in_the_traffic(
    database: Database,
    tiny_settings: Settings,
    release: str,
    knowledge: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    known: int,
    unknown: int,
    told: str,
) -> None:
    await judged_traffic(database, release, knowledge["invoice"], known=known, unknown=unknown)
    seen: list[tuple[str, ...]] = []

    async def noted(children, *arguments: str) -> None:
        seen.append(arguments)
        raise OSError("enough")

    monkeypatch.setattr("bot.retraining.children.Children.run", noted)
    monkeypatch.setattr("bot.retraining.making._backbone", lambda *_: _tiny())
    await ask(database)
    await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))
    (arguments,) = seen
    assert arguments[arguments.index("--unknown-share") + 1] == told


async def _tiny() -> str:
    return "tiny"


async def test_recalibration_makes_a_release_of_the_same_encoder_with_other_cutoffs(
    database: Database, tiny_settings: Settings, release: str, knowledge: dict[str, str]
) -> None:
    await judged_traffic(database, release, knowledge["invoice"], known=120, unknown=80)
    run = await ask(database, recalibrate=True)

    state = await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))

    assert state is RunState.DONE, (await find(database, run.id)).error
    ended = await find(database, run.id)
    async with database.read() as session:
        old, new = await releases.get(session, release), await releases.get(session, str(ended.release_id))
    assert old is not None
    assert new is not None
    folders = [tiny_settings.data_dir / each.checkpoint.path for each in (old, new)]
    before, after = (verify_artifact(folder, kind="checkpoint") for folder in folders)
    changed = {name for name in after.files if after.files[name] != before.files[name]}
    assert (changed, after.files.keys()) == ({"confidence.json"}, before.files.keys())
    assert after.meta == before.meta | {"recalibrated": {"release": release, "messages": 200}}
    confidence = json.loads((folders[1] / "confidence.json").read_bytes())
    assert (confidence["unknown_share"], confidence["cutoffs"]["en"]["basis"]) == (0.4, "language")
    # Sure ones were all right, the others all wrong: the cut-off lies between, above the intercept's move.
    assert 0.1 < confidence["cutoffs"]["en"]["answer_at"] <= 0.95
    assert new.snapshot.checkpoint_id == new.checkpoint.id


async def test_release_whose_checkpoint_is_damaged_is_not_recalibrated(
    database: Database, tiny_settings: Settings, release: str, knowledge: dict[str, str]
) -> None:
    await judged_traffic(database, release, knowledge["invoice"], known=120, unknown=80)
    async with database.read() as session:
        parts = await releases.get(session, release)
    assert parts is not None
    file = tiny_settings.data_dir / parts.checkpoint.path / "confidence.json"
    file.unlink()
    run = await ask(database, recalibrate=True)

    state = await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))

    assert state is RunState.FAILED
    assert str((await find(database, run.id)).error).startswith(
        f"{release} cannot be recalibrated, as its checkpoint cannot be loaded; train a new one: kefu train. {file}: is missing"
    )


async def test_too_few_audits_make_no_release(
    database: Database, tiny_settings: Settings, release: str, knowledge: dict[str, str]
) -> None:
    await judged_traffic(database, release, knowledge["invoice"], known=30, unknown=29)
    run = await ask(database, recalibrate=True)

    state = await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))

    assert state is RunState.FAILED
    ended = await find(database, run.id)
    assert str(ended.error).startswith(
        f"59 audited exchanges of {release} were decided by evidence; 60 are needed"
    )
    assert not (tiny_settings.data_dir / "checkpoints" / str(ended.checkpoint_id)).exists()
