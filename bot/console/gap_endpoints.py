"""/console/review/gaps: what customers ask and nobody has an answer for."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsOperator, AsViewer
from bot.console.answer_search import search_answers
from bot.console.rendering import go_to, page
from bot.db.review_tables import GapState
from bot.dependencies import Parts, PartsDep
from bot.errors import RivalsError
from bot.knowledge.publishing import serve_now
from bot.knowledge.rivals import nearest_answers
from bot.operators.logins import Caller
from bot.review import gap_service
from bot.review.gap_schemas import GapAnswerIn

router = APIRouter(prefix="/review/gaps")

PAGE, NEAR = 20, 4


@router.get("")
async def list_gaps(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    state: GapState = GapState.OPEN,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    async with parts.database.read() as session:
        gaps = await gap_service.page_of_gaps(session, state=state, cursor=cursor, limit=PAGE)
    return page(
        request,
        "gaps/list.html",
        gaps=gaps,
        state=state,
        states=list(GapState),
        cursor=cursor,
        may_decide=caller.role.allows(Role.OPERATOR),
    )


@router.post("/find")
async def find_gaps(request: Request, parts: PartsDep, caller: AsOperator) -> Response:  # noqa: ARG001  # the role is the permission
    """Looks for gaps now; the service does so every hour."""
    await parts.desk.find_gaps(parts.follower.take())
    return go_to(request, "/review/gaps", flash="gaps.looked")


@router.get("/{gap_id}")
async def show_gap(
    gap_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    q: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    return await _gap_page(gap_id, request, parts, caller, q=q)


@router.post("/{gap_id}/answer")
async def answer_gap(
    gap_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    text: Annotated[str, Form(max_length=100_000)] = "",
    answer_id: Annotated[str, Form(max_length=64)] = "",
    force: Annotated[bool, Form()] = False,
) -> Response:
    """With a text, or with an answer that says this already; the gap's questions lead to it at once."""
    wanted = GapAnswerIn(text=None if answer_id else text, answer_id=answer_id or None, force=force)
    async with parts.database.read() as session:
        compared = await gap_service.text_to_answer_with(session, gap_id, wanted)
    near = await nearest_answers(parts, compared)
    try:
        async with parts.database.write() as session:
            await gap_service.answer_gap(
                session,
                gap_id,
                wanted,
                languages=parts.settings.languages,
                answered_by=caller.principal.name,
                near=near,
            )
    except RivalsError as error:
        return await _gap_page(gap_id, request, parts, caller, refused=error, text=text)
    await serve_now(parts)
    return go_to(request, f"/review/gaps/{gap_id}", flash="gaps.answered")


@router.post("/{gap_id}/dismiss")
async def dismiss_gap(gap_id: str, request: Request, parts: PartsDep, caller: AsOperator) -> Response:
    async with parts.database.write() as session:
        await gap_service.dismiss_gap(session, gap_id, dismissed_by=caller.principal.name)
    return go_to(request, "/review/gaps", flash="gaps.dismissed")


async def _gap_page(
    gap_id: str,
    request: Request,
    parts: Parts,
    caller: Caller,
    *,
    q: str = "",
    refused: RivalsError | None = None,
    text: str | None = None,
) -> Response:
    async with parts.database.read() as session:
        gap = await gap_service.gap_out(session, gap_id)
    draft = gap.draft.text if gap.draft else ""
    return page(
        request,
        "gaps/gap.html",
        status=409 if refused else 200,
        gap=gap,
        text=draft if text is None else text,
        refused=refused,
        q=q,
        found=await search_answers(parts, q or gap.name or "", language=gap.language, limit=NEAR),
        may_decide=caller.role.allows(Role.OPERATOR),
    )
