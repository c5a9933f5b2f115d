"""/console/releases: which releases there are, what the gate found, and who lets them speak."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.rendering import go_to, page
from bot.dependencies import Parts, PartsDep
from bot.errors import NotFoundError
from bot.knowledge.publishing import serve_now
from bot.knowledge.service import texts_of
from bot.operators.service import names_of
from bot.pagination import decode_cursor, decode_number, encode_cursor
from bot.releases import service
from bot.releases.deciding import checked_reason, decide_about
from bot.releases.line_up import running_experiment, running_shadow
from bot.releases.report_files import ChangedAnswer, changed_answers, gate_page, training_page
from bot.shadowing import service as shadows
from bot.shadowing.repository import LOOKED_AT

router = APIRouter(prefix="/releases")

PAGE = 25
Reason = Annotated[str, Form()]
Cursor = Annotated[str | None, Query(max_length=200)]
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""A report is one file with its style and plots inside. It runs nothing, and is of no origin, so it could reach nothing here."""


@router.get("")
async def list_releases(
    request: Request, parts: PartsDep, caller: AsViewer, cursor: Cursor = None
) -> Response:
    async with parts.database.read() as session:
        releases = await service.page_of_releases(session, before=decode_cursor(cursor), limit=PAGE)
        names = await names_of(session, (release.created_by for release in releases.items))
        shadow = await running_shadow(session)
        experiment = await running_experiment(session)
    return page(
        request,
        "releases/list.html",
        releases=releases,
        names=names,
        shadow=shadow,
        experiment=experiment,
        cursor=cursor,
        may_decide=caller.role.allows(Role.SUPERVISOR),
    )


@router.post("/rollback")
async def roll_back(request: Request, parts: PartsDep, caller: AsSupervisor, reason: Reason = "") -> Response:
    said = checked_reason(reason)
    async with parts.database.write() as session:
        restored = await service.roll_back(
            session, data_dir=parts.settings.data_dir, rolled_back_by=caller.principal.name, reason=said
        )
    await serve_now(parts)
    return go_to(request, f"/releases/{restored.release.id}", flash="releases.rolled_back")


@router.get("/{release_id}")
async def show_release(release_id: str, request: Request, parts: PartsDep, caller: AsViewer) -> Response:
    async with parts.database.read() as session:
        release = await service.show(session, release_id, data_dir=parts.settings.data_dir)
        decision = release.decision
        names = await names_of(session, [release.created_by, decision.decided_by if decision else None])
        shadow = await running_shadow(session)
        experiment = await running_experiment(session)
        has_shadow = await shadows.has_run(session, release_id)
    checkpoint_id = release.checkpoint.id
    return page(
        request,
        "releases/release.html",
        release=release,
        names=names,
        shadow=shadow,
        experiment=experiment,
        has_shadow=has_shadow,
        has_gate=gate_page(parts.settings, checkpoint_id) is not None,
        has_training=training_page(parts.settings, checkpoint_id) is not None,
        changed=len(changed_answers(parts.settings, checkpoint_id)),
        may_decide=caller.role.allows(Role.SUPERVISOR),
    )


@router.get("/{release_id}/gate-report")
async def show_gate_report(release_id: str, parts: PartsDep, caller: AsViewer) -> Response:  # noqa: ARG001  # the role is the permission
    return _report(gate_page(parts.settings, await _checkpoint_of(parts, release_id)), release_id)


@router.get("/{release_id}/training-report")
async def show_training_report(release_id: str, parts: PartsDep, caller: AsViewer) -> Response:  # noqa: ARG001  # the role is the permission
    return _report(training_page(parts.settings, await _checkpoint_of(parts, release_id)), release_id)


@router.get("/{release_id}/changed")
async def show_changed_answers(
    release_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    cursor: Cursor = None,
) -> Response:
    """Logged messages that the release would answer otherwise."""
    skipped = decode_number(cursor)
    found = changed_answers(parts.settings, await _checkpoint_of(parts, release_id))
    shown = found[skipped : skipped + PAGE]
    async with parts.database.read() as session:
        texts = await texts_of(session, _answers_in(shown))
    return page(
        request,
        "releases/changed.html",
        release_id=release_id,
        changed=shown,
        in_all=len(found),
        texts=texts,
        cursor=cursor,
        next_cursor=encode_cursor(str(skipped + PAGE)) if len(found) > skipped + PAGE else None,
    )


@router.post("/{release_id}/decision")
async def send_decision(
    release_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    approved: Annotated[bool, Form()],
    reason: Reason = "",
) -> Response:
    async with parts.database.write() as session:
        found = await service.find(session, release_id)
        await decide_about(session, found, approved=approved, reason=reason, decided_by=caller.principal.name)
    await parts.companions.refresh_now()
    said = "releases.approved" if approved else "releases.rejected"
    return go_to(request, f"/releases/{release_id}", flash=said)


@router.post("/{release_id}/promote")
async def promote_release(
    release_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    reason: Reason = "",
    force: Annotated[bool, Form()] = False,
) -> Response:
    said = checked_reason(reason)
    async with parts.database.write() as session:
        await service.promote(
            session,
            release_id,
            data_dir=parts.settings.data_dir,
            promoted_by=caller.principal.name,
            force=force,
            reason=said,
        )
    await serve_now(parts)
    return go_to(request, f"/releases/{release_id}", flash="releases.promoted")


@router.post("/{release_id}/shadow")
async def switch_shadow(
    release_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    on: Annotated[bool, Form()],
) -> Response:
    by = caller.principal.name
    async with parts.database.write() as session:
        if on:
            await shadows.switch_on(session, release_id, data_dir=parts.settings.data_dir, started_by=by)
        else:
            await shadows.switch_off(session, release_id, ended_by=by)
    await parts.companions.refresh_now()
    said = "releases.shadow_is_on" if on else "releases.shadow_is_off"
    return go_to(request, f"/releases/{release_id}/shadow", flash=said)


@router.get("/{release_id}/shadow")
async def show_shadow(
    release_id: str, request: Request, parts: PartsDep, caller: AsViewer, cursor: Cursor = None
) -> Response:
    async with parts.database.read() as session:
        report = await shadows.report(session, release_id, cursor=cursor, limit=PAGE)
        rows = report.differences.items
        texts = await texts_of(session, [id for row in rows for id in (row.spoken_answer_id, row.answer_id)])
    return page(
        request,
        "releases/shadow.html",
        report=report,
        looked_at=LOOKED_AT,
        texts=texts,
        cursor=cursor,
        may_decide=caller.role.allows(Role.SUPERVISOR),
    )


async def _checkpoint_of(parts: Parts, release_id: str) -> str:
    async with parts.database.read() as session:
        return (await service.find(session, release_id)).checkpoint.id


def _report(file: Path | None, release_id: str) -> Response:
    if file is None:
        raise NotFoundError(f"there is no such report on release {release_id}; it was not made, or removed")
    return Response(
        file.read_bytes(),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": REPORT_POLICY},
    )


def _answers_in(changed: list[ChangedAnswer]) -> list[str | None]:
    return [would.answer_id for each in changed for would in (each.before, each.after)]
