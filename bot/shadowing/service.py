"""Switching a shadow on and off, and what it would have done otherwise."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.comparison_tables import ShadowRun
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.pagination import Page, decode_cursor, encode_cursor, is_row_number
from bot.releases.comparisons import end_shadow
from bot.releases.repository import promoted
from bot.releases.service import find, find_whole
from bot.shadowing import repository
from bot.shadowing.repository import Span
from bot.shadowing.schemas import (
    Difference,
    LabelAgreement,
    ShadowedLanguage,
    ShadowOut,
    ShadowReport,
    VoteAgreement,
)


async def switch_on(session: AsyncSession, release_id: str, *, data_dir: Path, started_by: str) -> ShadowOut:
    """Lets a release decide unseen, in the place of another shadow. Switching on the one that runs changes nothing.

    Raises:
        NotFoundError: there is no such release.
        ConflictError: it is the release that speaks, or its folders are gone.
    """
    parts = await find_whole(session, release_id, data_dir=data_dir)
    _, present = await promoted(session)
    if present is not None and present.release.id == release_id:
        raise ConflictError(
            f"release {release_id} speaks already; a shadow is another one: kefu releases list"
        )
    known = await repository.last_run(session, release_id)
    if known is not None and known.running:
        return _shadow_out(known)
    await end_shadow(session, ended_by=started_by)
    run = ShadowRun(
        id=new_id("shd"), release_id=parts.release.id, running=True, started_by=started_by, started_at=now()
    )
    session.add(run)
    await session.flush()
    await record_audit(session, actor=started_by, action="shadow_on", target=release_id)
    return _shadow_out(run)


async def switch_off(session: AsyncSession, release_id: str | None, *, ended_by: str) -> ShadowOut:
    """The shadow that is on, or this release if it is it; one that was switched off before stays so.

    Raises NotFoundError when this release has never been a shadow, or none is on.
    """
    known = await repository.last_run(session, release_id) if release_id else None
    if known is not None and not known.running:
        return _shadow_out(known)
    run = await end_shadow(session, ended_by=ended_by) if known or release_id is None else None
    if run is None:
        never = f"release {release_id!r} has never been a shadow" if release_id else "no shadow is on"
        raise NotFoundError(never)
    return _shadow_out(run)


async def has_run(session: AsyncSession, release_id: str) -> bool:
    """Whether it is or has ever been a shadow."""
    return await repository.last_run(session, release_id) is not None


async def report(session: AsyncSession, release_id: str, *, cursor: str | None, limit: int) -> ShadowReport:
    """Counts over what the release has decided last as a shadow, and a page of the differences.

    Raises:
        NotFoundError: the release is not there or has never been a shadow.
        InvalidInputError: the cursor belongs to another list.
    """
    newest, skipped = _place(cursor)
    await find(session, release_id)
    run = await repository.last_run(session, release_id)
    if run is None:
        raise NotFoundError(f"release {release_id} has never been a shadow; see: kefu releases shadow")
    span = await repository.span_of(session, release_id, newest=newest) or Span(release_id, "", "")
    languages: dict[str, dict[str, int]] = {}
    for row in await repository.kinds_by_language(session, span):
        languages.setdefault(row.language, {})[row.kind] = row.exchanges
    kinds: dict[str, int] = {}
    for counts in languages.values():
        kinds = {kind: kinds.get(kind, 0) + counts.get(kind, 0) for kind in sorted({*kinds, *counts})}
    votes = await repository.votes(session, span)
    rows = await repository.differences(session, span, skipped=skipped, limit=limit + 1)
    return ShadowReport(
        release_id=release_id,
        running=bool(run.running),
        exchanges=sum(kinds.values()),
        kinds=kinds,
        languages=[
            ShadowedLanguage(language=language, exchanges=sum(counts.values()), kinds=counts)
            for language, counts in languages.items()
        ],
        votes_up=_votes(votes, "up"),
        votes_down=_votes(votes, "down"),
        labels=_labels(await repository.labels(session, span)),
        differences=Page(
            items=[_difference(row) for row in rows[:limit]],
            next_cursor=encode_cursor(f"{span.last}:{skipped + limit}") if len(rows) > limit else None,
        ),
    )


def _place(cursor: str | None) -> tuple[str | None, int]:
    """Up to which exchange the pages before have looked, and how many differences they have shown."""
    key = decode_cursor(cursor)
    if key is None:
        return None, 0
    newest, _, skipped = key.partition(":")
    if not newest or not is_row_number(skipped):
        raise InvalidInputError(f"cursor {cursor!r} belongs to another list")
    return newest, int(skipped)


def _votes(counts: dict[tuple[str, bool], int], rating: str) -> VoteAgreement:
    return VoteAgreement(same=counts.get((rating, True), 0), different=counts.get((rating, False), 0))


def _labels(counts: dict[tuple[bool, bool], int]) -> LabelAgreement:
    return LabelAgreement(
        both_right=counts.get((True, True), 0),
        only_spoken_right=counts.get((True, False), 0),
        only_shadow_right=counts.get((False, True), 0),
        both_wrong=counts.get((False, False), 0),
    )


def _difference(row: Row[Any]) -> Difference:
    return Difference(
        kind=row.kind,
        count=row.exchanges,
        exchange_id=row.exchange_id,
        utterance=row.utterance,
        language=row.language,
        spoken_answer_id=row.spoken_answer_id,
        answer_id=row.answer_id,
        confidence=round(row.confidence, 4),
    )


def _shadow_out(run: ShadowRun) -> ShadowOut:
    return ShadowOut(
        release_id=run.release_id,
        running=bool(run.running),
        started_at=run.started_at,
        started_by=run.started_by,
        ended_at=run.ended_at,
    )
