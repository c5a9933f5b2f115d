"""/console/settings: what environment variables say, and what follows from it now. Nothing is changed here."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.console.access import AsSupervisor
from bot.console.rendering import page
from bot.dependencies import PartsDep
from bot.handoffs.availability import availability
from bot.releases import service as releases

router = APIRouter(prefix="/settings")

EXPECTED = ("promise", "coverage")
"""Checks of the gate that say how much is expected to be answered, and how much of it wrongly."""


@router.get("")
async def show_settings(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,  # noqa: ARG001  # the role is the permission
) -> Response:
    settings, serving = parts.settings, parts.follower.serving
    async with parts.database.read() as session:
        connection = await session.connection()
        there = await connection.run_sync(availability, settings.handoffs)
        release = serving and await releases.show(session, serving.release_id, data_dir=settings.data_dir)
    model = serving.engine.confidence if serving else None
    return page(
        request,
        "settings/overview.html",
        settings=settings,
        there=there,
        release=release,
        model=model,
        cutoffs=[(each, model.cutoffs_for(each)) for each in settings.languages] if model else [],
        expected=[check for check in release.gate.checks if check.name in EXPECTED]
        if release and release.gate
        else [],
    )
