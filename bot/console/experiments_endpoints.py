"""/console/releases/experiments: two releases that share the visitors, and what is known about them so far."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.rendering import go_to, page
from bot.db.base import now
from bot.dependencies import PartsDep
from bot.errors import ConflictError
from bot.experiments import service
from bot.experiments.schemas import ExperimentWish
from bot.operators.service import names_of
from bot.pagination import decode_cursor
from bot.releases.repository import promoted

router = APIRouter(prefix="/releases/experiments")

PAGE = 25


@router.get("")
async def list_experiments(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    async with parts.database.read() as session:
        found = await service.page_of_experiments(session, before=decode_cursor(cursor), limit=PAGE)
        names = await names_of(session, (each.started_by for each in found.items))
    return page(request, "releases/experiments.html", experiments=found, names=names, cursor=cursor)


@router.post("")
async def start_experiment(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    release_b: Annotated[str, Form(max_length=64)],
    share: Annotated[float, Form(ge=0.05, le=0.95)] = 0.5,
    force: Annotated[bool, Form()] = False,
) -> Response:
    """A is the release that speaks."""
    async with parts.database.write() as session:
        _, present = await promoted(session)
        if present is None:
            raise ConflictError("no release speaks yet; promote one first")
        wish = ExperimentWish(
            release_a=present.release.id, release_b=release_b, share=share, lead_s=10, force=force
        )
        started = await service.start(
            session, wish, data_dir=parts.settings.data_dir, started_by=caller.principal.name
        )
    await parts.companions.refresh_now()
    return go_to(request, f"/releases/experiments/{started.id}", flash="experiments.started")


@router.get("/{experiment_id}")
async def show_experiment(
    experiment_id: str, request: Request, parts: PartsDep, caller: AsViewer
) -> Response:
    async with parts.database.read() as session:
        shown = await service.show(session, experiment_id, at=now())
        names = await names_of(session, [shown.started_by, shown.ended_by])
    may_decide = caller.role.allows(Role.SUPERVISOR)
    return page(request, "releases/experiment.html", experiment=shown, names=names, may_decide=may_decide)


@router.post("/{experiment_id}/end")
async def end_experiment(
    experiment_id: str, request: Request, parts: PartsDep, caller: AsSupervisor
) -> Response:
    async with parts.database.write() as session:
        await service.end(session, experiment_id, ended_by=caller.principal.name)
    await parts.companions.refresh_now()
    return go_to(request, f"/releases/experiments/{experiment_id}", flash="experiments.ended")
