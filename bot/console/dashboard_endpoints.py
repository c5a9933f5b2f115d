"""/console/dashboard: how the bot does, by day, site, language and release; and the rows behind every figure."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from bot.answering.given_answers import GAVE_ANSWER
from bot.console.access import AsViewer
from bot.console.rendering import page
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.dependencies import PartsDep
from bot.errors import InvalidInputError
from bot.figures import repository, service
from bot.figures.csv_files import csv_of
from bot.figures.repository import Figured
from bot.figures.rows import LOOKED_AT, Span, exchanges_before, handoffs_before, voted_before
from bot.pagination import decode_cursor, encode_cursor
from bot.quality.service import promises_kept
from bot.quality.tolerated import what_is_tolerated
from bot.releases.service import page_of_releases
from bot.review.gap_service import largest_gaps
from retrieval.decision import Outcome

router = APIRouter(prefix="/dashboard")

PAGE = 25
USUAL_DAYS, MOST_DAYS = 28, 366
RELEASES, GAPS = 20, 8
OUTCOMES: dict[str, tuple[str, ...]] = {
    "all": (),
    "answered": GAVE_ANSWER,
    "clarified": (Outcome.CLARIFIED.value,),
    "handed_off": (Outcome.HANDED_OFF.value,),
}
Day = Annotated[str, Query(max_length=10)]
Id = Annotated[str, Query(max_length=64)]


@router.get("")
async def show_dashboard(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    first: Day = "",
    last: Day = "",
    site: Id = "",
    language: Annotated[str, Query(max_length=16)] = "",
    release: Id = "",
) -> Response:
    wanted = figured(first, last, site, language, release)
    async with parts.database.read() as session:
        figures = await service.traffic(session, wanted)
        days = await service.days_of_traffic(session, wanted)
        promised = await what_is_tolerated(session, setting=parts.settings.tolerated_error)
        judged = await service.reviewed(session, wanted, tolerated=promised)
        promises = await promises_kept(session, tolerated_error=parts.settings.tolerated_error, at=now())
        stages = await service.stages(session, wanted)
        sites = await repository.sites(session)
        releases = await page_of_releases(session, before=None, limit=RELEASES)
        gaps = await largest_gaps(session, limit=GAPS)
    return page(
        request,
        "dashboard/dashboard.html",
        wanted=wanted,
        query=_query(wanted),
        figures=figures,
        days=days,
        judged=judged,
        promises=promises,
        stages=stages,
        sites=sites,
        releases=releases.items,
        languages=parts.settings.languages,
        gaps=gaps,
        charts=_charts(days, judged),
    )


@router.get("/days.csv")
async def download_days(
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    first: Day = "",
    last: Day = "",
    site: Id = "",
    language: Annotated[str, Query(max_length=16)] = "",
    release: Id = "",
) -> Response:
    wanted = figured(first, last, site, language, release)
    async with parts.database.read() as session:
        days = await service.days_of_traffic(session, wanted)
    rows = service.table_of_days(days)
    return _download(csv_of(["day", "answered", "asked_back", "handed_over"], rows), "days.csv")


@router.get("/messages")
async def show_messages(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    outcome: Annotated[str, Query(max_length=16)] = "all",
    rating: Annotated[str, Query(pattern="^(up|down)?$")] = "",
    first: Day = "",
    last: Day = "",
    site: Id = "",
    language: Annotated[str, Query(max_length=16)] = "",
    release: Id = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    file: bool = False,
) -> Response:
    """The rows behind a figure: messages by what became of them, or by votes; as a page, or this page as a file."""
    wanted = figured(first, last, site, language, release)
    if outcome not in OUTCOMES:
        raise InvalidInputError(f"{outcome!r} is no outcome; choose one of {', '.join(OUTCOMES)}")
    span = Span(*service.moments_of(wanted), before=decode_cursor(cursor))
    async with parts.database.read() as session:
        if rating:
            found = await voted_before(session, span, wanted, rating=rating, limit=PAGE)
        else:
            found = await exchanges_before(session, span, wanted, outcomes=OUTCOMES[outcome], limit=PAGE)
    if file:
        return _download(_messages_file(found.rows), "messages.csv")
    query = _query(wanted) | ({"rating": rating} if rating else {"outcome": outcome})
    return page(
        request,
        "dashboard/messages.html",
        exchanges=found.rows,
        stopped_early=found.stopped_early,
        looked_at=LOOKED_AT,
        is_question=service.is_question,
        query=query,
        here=urlencode(query | ({"cursor": cursor} if cursor else {})),
        back=urlencode(_query(wanted)),
        wanted=wanted,
        outcome=outcome,
        rating=rating,
        cursor=cursor,
        next_cursor=found.next and encode_cursor(found.next),
    )


@router.get("/handoffs")
async def show_handoffs(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    reason: Annotated[str, Query(max_length=64)],
    first: Day = "",
    last: Day = "",
    site: Id = "",
    language: Annotated[str, Query(max_length=16)] = "",
    release: Id = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The handoffs of a reason."""
    wanted = figured(first, last, site, language, release)
    span = Span(*service.moments_of(wanted), before=decode_cursor(cursor))
    async with parts.database.read() as session:
        found = await handoffs_before(session, span, wanted, reason=reason, limit=PAGE)
    return page(
        request,
        "dashboard/handoffs.html",
        handoffs=found.rows,
        stopped_early=found.stopped_early,
        looked_at=LOOKED_AT,
        reason=reason,
        query=_query(wanted) | {"reason": reason},
        back=urlencode(_query(wanted)),
        wanted=wanted,
        cursor=cursor,
        next_cursor=found.next and encode_cursor(found.next),
    )


def figured(first: str, last: str, site: str, language: str, release: str) -> Figured:
    """What the filter asks for; the last four weeks without dates. Raises InvalidInputError."""
    try:
        end = date.fromisoformat(last) if last else now().date()
        begin = date.fromisoformat(first) if first else end - timedelta(days=USUAL_DAYS - 1)
    except ValueError as error:
        raise InvalidInputError(f"{first!r} to {last!r} are no days; write such as 2026-11-29") from error
    if not 0 <= (end - begin).days < MOST_DAYS:
        raise InvalidInputError(f"from {begin} to {end} are not 1 to {MOST_DAYS} days")
    return Figured(begin.isoformat(), end.isoformat(), site, language, release)


def _query(wanted: Figured) -> dict[str, str]:
    named = {
        "first": wanted.first,
        "last": wanted.last,
        "site": wanted.site_id,
        "language": wanted.language,
        "release": wanted.release_id,
    }
    return {name: value for name, value in named.items() if value}


def _charts(days: list[service.DayOfTraffic], judged: service.Reviewed) -> dict[str, Any]:
    """What the browser draws; the same numbers stand in tables beside."""
    return {
        "days": {
            "labels": [day.day[5:] for day in days],
            "series": [
                [getattr(day, name) for day in days] for name in ("answered", "clarified", "handed_off")
            ],
        },
        "reliability": [
            {"x": round(each.promised, 4), "y": round(each.right.value or 0.0, 4)} for each in judged.bins
        ],
    }


def _messages_file(exchanges: Sequence[Exchange]) -> bytes:
    columns = ["id", "at", "language", "utterance", "outcome", "rule", "confidence", "reply"]
    rows = [
        {
            "id": each.id,
            "at": each.created_at.isoformat(timespec="seconds"),
            "language": each.language,
            "utterance": each.utterance,
            "outcome": each.outcome,
            "rule": each.rule,
            "confidence": round(each.confidence, 4),
            "reply": " ".join(part["text"] for part in each.reply["parts"]),
        }
        for each in exchanges
    ]
    return csv_of(columns, rows)


def _download(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
