"""What the tests of training runs share: an installation with knowledge, runs asked for, and what is left of them."""

from pathlib import Path

from sqlalchemy import func, select

from bot.db.base import Base
from bot.db.engine import Database
from bot.db.training_tables import RunTrigger, TrainingRun
from bot.retraining import service
from bot.retraining.claiming import Claim, claim
from bot.retraining.holders import process_name
from bot.retraining.schemas import RunOptions
from bot.retraining.training_one import Trainer
from bot.settings import Settings

FAKE = "tests.fixtures.fake_training"


async def ask(database: Database, trigger: RunTrigger = RunTrigger.MANUAL, **options: object) -> TrainingRun:
    async with database.write() as session:
        run, _ = await service.request_run(
            session, trigger=trigger, requested_by="test", options=RunOptions.model_validate(options)
        )
        return run


async def claimed(database: Database, settings: Settings) -> Claim:
    found = await claim(database, holder=process_name(), length=settings.retraining.lease)
    assert found is not None
    return found


async def find(database: Database, run_id: str) -> TrainingRun:
    async with database.read() as session:
        return await service.find(session, run_id)


async def count(database: Database, table: type[Base]) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


def trainer(database: Database, settings: Settings, **more: object) -> Trainer:
    return Trainer(database, settings, module=FAKE, **more)  # type: ignore[arg-type]


def folders(settings: Settings) -> set[str]:
    """What lies in the folders that a run makes things in, but for its log."""
    return {
        str(path.relative_to(settings.data_dir))
        for name in ("checkpoints", "snapshots", "reports", "training")
        for path in Path(settings.data_dir / name).glob("*")
    }
