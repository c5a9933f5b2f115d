"""Which releases a worker holds beside the promoted one: a shadow, and the two of an experiment."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.comparison_tables import Experiment, ShadowRun
from bot.db.release_tables import ReleasePointer
from bot.experiments.splitting import Split
from bot.releases import repository
from bot.releases.repository import ReleaseParts


@dataclass(frozen=True)
class LineUp:
    """``parts`` are those of every release named here but the promoted one, by id."""

    generation: int
    shadow_id: str | None
    split: Split | None
    parts: dict[str, ReleaseParts]


async def read_line_up(session: AsyncSession) -> LineUp:
    pointer = (await session.execute(select(ReleasePointer))).scalar_one()
    shadow = await running_shadow(session)
    experiment = await running_experiment(session)
    named = [shadow.release_id] if shadow else []
    named += [experiment.release_a, experiment.release_b] if experiment else []
    found = {id: await repository.get(session, id) for id in named if id != pointer.release_id}
    return LineUp(
        generation=pointer.generation,
        shadow_id=shadow.release_id if shadow else None,
        split=split_of(experiment) if experiment else None,
        parts={id: parts for id, parts in found.items() if parts is not None},
    )


async def running_shadow(session: AsyncSession) -> ShadowRun | None:
    return (await session.execute(select(ShadowRun).where(ShadowRun.running.is_(True)))).scalar_one_or_none()


async def running_experiment(session: AsyncSession) -> Experiment | None:
    return (
        await session.execute(select(Experiment).where(Experiment.running.is_(True)))
    ).scalar_one_or_none()


def split_of(experiment: Experiment) -> Split:
    return Split(
        experiment.id,
        experiment.release_a,
        experiment.release_b,
        experiment.share,
        experiment.begins_at,
    )
