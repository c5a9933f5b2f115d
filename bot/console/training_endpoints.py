"""/console/training: training runs, with what they are at while somebody looks; asking for one, and ending it."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.rendering import go_to, page, part
from bot.db.training_tables import RunState, RunTrigger
from bot.dependencies import PartsDep
from bot.operators.service import names_of
from bot.pagination import decode_cursor
from bot.releases.report_files import training_page
from bot.retraining import service
from bot.retraining.schemas import RunOptions, TrainingRunOut, TrainingRunWish

router = APIRouter(prefix="/training")

PAGE = 25
LOG_LINES = 60


def goes_on(run: TrainingRunOut) -> bool:
    return run.state in (RunState.QUEUED, RunState.RUNNING, RunState.GATING)


@router.get("")
async def list_runs(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    before = decode_cursor(cursor)
    async with parts.database.read() as session:
        runs = await service.page_of_runs(session, parts.settings, before=before, limit=PAGE)
        names = await names_of(session, (run.requested_by for run in runs.items))
    return page(
        request,
        "training/list.html",
        runs=runs,
        active=next((run for run in runs.items if goes_on(run)), None),
        names=names,
        cursor=cursor,
        may_train=caller.role.allows(Role.SUPERVISOR),
    )


@router.post("")
async def ask_for_run(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    reason: Annotated[str, Form()] = "",
    tune: Annotated[bool, Form()] = False,
) -> Response:
    """While a run waits or trains, further wishes join it."""
    wish = TrainingRunWish(reason=reason.strip() or None, tune=tune, seed=0)
    async with parts.database.write() as session:
        run, is_new = await service.request_run(
            session,
            trigger=RunTrigger.MANUAL,
            requested_by=caller.principal.name,
            reason=wish.reason,
            options=RunOptions(tune=wish.tune, seed=wish.seed),
        )
    said = "training.asked" if is_new else "training.joined"
    return go_to(request, f"/training/{run.id}", flash=said)


@router.get("/{run_id}")
async def show_run(run_id: str, request: Request, parts: PartsDep, caller: AsViewer) -> Response:
    may_train = caller.role.allows(Role.SUPERVISOR)
    async with parts.database.read() as session:
        run = service.run_out(await service.find(session, run_id), parts.settings)
        names = await names_of(session, [run.requested_by])
        log = await service.read_log(session, parts.settings, run_id, lines=LOG_LINES) if may_train else ()
    return page(
        request,
        "training/run.html",
        run=run,
        active=run if goes_on(run) else None,
        names=names,
        log=log,
        has_report=bool(run.checkpoint_id and training_page(parts.settings, run.checkpoint_id)),
        may_train=may_train,
    )


@router.get("/{run_id}/progress")
async def show_progress(run_id: str, request: Request, parts: PartsDep, caller: AsViewer) -> Response:
    """What the page of a run, or the list, looks at every other second."""
    async with parts.database.read() as session:
        run = service.run_out(await service.find(session, run_id), parts.settings)
    if not goes_on(run):
        return go_to(request, f"/training/{run_id}")
    may_train = caller.role.allows(Role.SUPERVISOR)
    return part(request, "training/progress.html", active=run, may_train=may_train)


@router.post("/{run_id}/cancel")
async def cancel_run(run_id: str, request: Request, parts: PartsDep, caller: AsSupervisor) -> Response:
    async with parts.database.write() as session:
        await service.cancel_run(session, run_id, cancelled_by=caller.principal.name)
    return go_to(request, f"/training/{run_id}", flash="training.cancelled")
