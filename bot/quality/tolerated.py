"""Which share of the given answers may be wrong, by language: what somebody chose in the console, else what the settings say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.quality_tables import ToleratedError
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.releases import repository as releases


@dataclass(frozen=True)
class Tolerated:
    """``default`` is that of languages for which nobody chose one, as the release was trained; ``since`` is when the choice about a language was made last."""

    default: float
    by_language: Mapping[str, float]
    since: Mapping[str, datetime]

    def of(self, languages: Iterable[str]) -> float:
        """For answers in these languages, one each: what may be wrong in the mean."""
        shares = [self.by_language.get(language, self.default) for language in languages]
        return fmean(shares) if shares else self.default

    def held(self, language: str, at: datetime) -> bool:
        """Whether an answer of that time was given under it; an earlier one neither keeps nor breaks it."""
        return language not in self.since or at >= self.since[language]


async def chosen_errors(session: AsyncSession) -> dict[str, float]:
    rows = await session.execute(select(ToleratedError.language, ToleratedError.share))
    return {row.language: row.share for row in rows if row.share is not None}


async def what_is_tolerated(session: AsyncSession, *, setting: float) -> Tolerated:
    """Of the answers of the release that speaks; by the setting where its checkpoint does not tell what it was trained for."""
    _, promoted = await releases.promoted(session)
    default = promoted.checkpoint.summary.get("target_error", setting) if promoted else setting
    rows = (await session.execute(select(ToleratedError))).scalars().all()
    shares = {row.language: row.share for row in rows if row.share is not None}
    return Tolerated(default, shares, {row.language: row.set_at for row in rows})


async def choose_errors(session: AsyncSession, wanted: Mapping[str, float | None], *, chosen_by: str) -> None:
    """None goes back to what the settings say. Every worker's next messages are decided by it, since the revision rises."""
    await raise_revision(session)
    before = await chosen_errors(session)
    for language, share in wanted.items():
        if share == before.get(language):
            continue
        row = ToleratedError(language=language, share=share, set_by=chosen_by, set_at=now())
        await session.merge(row)
        details = {"before": before.get(language), "after": share}
        await record_audit(
            session, actor=chosen_by, action="set_tolerated_error", target=language, details=details
        )
