"""/console/review/candidates: what agents replied and visitors chose, to be accepted, edited or rejected; one a screen."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsOperator, AsViewer
from bot.console.answer_search import search_answers
from bot.console.rendering import go_to, page, part
from bot.db.knowledge_tables import LabelState
from bot.dependencies import Parts, PartsDep
from bot.errors import NotFoundError, RivalsError
from bot.knowledge import labels
from bot.knowledge.candidates import (
    SOURCES,
    WaitingCandidate,
    find_waiting,
    show_candidate,
    waiting_ids,
)
from bot.knowledge.label_schemas import AcceptIn
from bot.knowledge.publishing import serve_now
from bot.knowledge.rivals import nearest_answers
from bot.knowledge.service import find_answer
from bot.operators.logins import Caller
from bot.operators.service import names_of

router = APIRouter(prefix="/review/candidates")

QUEUE = "/review/candidates"
Source = Annotated[str, Query(pattern=f"^({'|'.join(SOURCES)})?$")]
LabelId = Annotated[str, Query(max_length=64)]
Searched = Annotated[str, Query(max_length=1_000)]


@router.get("")
async def show_queue(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    source: Source = "",
    after: LabelId = "",
    before: LabelId = "",
    q: Searched = "",
) -> Response:
    """The oldest first; ``after`` and ``before`` name the candidate that was on the screen."""
    async with parts.database.read() as session:
        waiting = await waiting_ids(session, source=source or None)
        found = await find_waiting(session, waiting, after=after, before=before)
        if found is None and (after or before):  # beyond the end: begin anew with what was passed over
            found = await find_waiting(session, waiting)
    return await _screen(request, parts, caller, found, waiting, source=source, q=q)


@router.get("/{label_id}")
async def show_one(
    label_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    source: Source = "",
    q: Searched = "",
) -> Response:
    async with parts.database.read() as session:
        waiting = await waiting_ids(session, source=source or None)
        found = await show_candidate(session, label_id, waiting)
    return await _screen(request, parts, caller, found, waiting, source=source, q=q)


@router.get("/{label_id}/search")
async def search(
    label_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    q: Searched = "",
    back: str = "",
    language: Annotated[str, Query(max_length=16)] = "en",
) -> Response:
    """What is found while somebody types."""
    return part(
        request,
        "review/found.html",
        found=await search_answers(parts, q, language=language),
        q=q,
        action=f"/console{QUEUE}/{label_id}/accept",
        back=back,
        overrule=False,
        may_decide=caller.role.allows(Role.OPERATOR),
    )


@router.post("/{label_id}/accept")
async def accept(
    label_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    text: Annotated[str, Form(max_length=100_000)] = "",
    answer_id: Annotated[str, Form(max_length=64)] = "",
    language: Annotated[str, Form(max_length=16)] = "",
    force: Annotated[bool, Form()] = False,
    back: Annotated[str, Form()] = QUEUE,
) -> Response:
    """As it stands, in better words (``text``), or as a question of another answer; it counts at once."""
    following = _after(back, label_id)
    written = "" if answer_id else text
    wanted = AcceptIn(
        answer_id=answer_id or None,
        text=written or None,
        language=(language or None) if written else None,
        force=force,
    )
    async with parts.database.read() as session:
        label = (await show_candidate(session, label_id, ())).label
    new = wanted.text or (label.draft_text if label.answer_id is None and not answer_id else None)
    near = await nearest_answers(parts, [new, label.utterance]) if new else []
    try:
        async with parts.database.write() as session:
            await labels.accept(
                session,
                label_id,
                wanted,
                languages=parts.settings.languages,
                accepted_by=caller.principal.name,
                near=near,
            )
    except RivalsError as error:
        async with parts.database.read() as session:
            waiting = await waiting_ids(session, source=_source_of(back) or None)
            found = await show_candidate(session, label_id, waiting)
        return await _screen(
            request, parts, caller, found, waiting, source=_source_of(back), refused=error, text=new
        )
    await serve_now(parts)
    return go_to(request, following, flash="candidates.accepted")


@router.post("/{label_id}/reject")
async def reject(
    label_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    back: Annotated[str, Form()] = QUEUE,
) -> Response:
    """It is not proposed again."""
    following = _after(back, label_id)
    async with parts.database.write() as session:
        await labels.reject(session, label_id, rejected_by=caller.principal.name)
    return go_to(request, following, flash="candidates.rejected")


async def _screen(
    request: Request,
    parts: Parts,
    caller: Caller,
    shown: WaitingCandidate | None,
    waiting: Sequence[str],
    *,
    source: str = "",
    q: str = "",
    refused: RivalsError | None = None,
    text: str | None = None,
) -> Response:
    """``text`` is what was written and refused."""
    label = shown.label if shown else None
    chosen, names = "", {}
    async with parts.database.read() as session:
        if label is not None:
            names = await names_of(session, [label.given_by, label.decided_by])
        if label is not None and label.answer_id is not None:
            texts = (await find_answer(session, label.answer_id)).texts
            chosen = texts.get(label.language) or next(iter(texts.values()))
    open_still = label is not None and label.state is LabelState.CANDIDATE and label.withdrawn_at is None
    return page(
        request,
        "candidates/queue.html",
        status=409 if refused else 200,
        shown=shown,
        waiting=len(waiting),
        source=source,
        sources=SOURCES,
        chosen=chosen,
        names=names,
        refused=refused,
        text=text if text is not None else (label.draft_text or "") if label else "",
        q=q,
        found=await search_answers(parts, q, language=label.language) if label else [],
        languages=parts.settings.languages,
        back=f"{QUEUE}?{urlencode({'source': source})}" if source else QUEUE,
        may_decide=caller.role.allows(Role.OPERATOR) and open_still,
    )


def _source_of(back: str) -> str:
    """The filter of the place that `back` names; "" where it names none that there is."""
    named = dict(parse_qsl(back.partition("?")[2])).get("source", "")
    return named if named in SOURCES else ""


def _after(back: str, label_id: str) -> str:
    """Where the queue goes on."""
    if back.partition("?")[0] != QUEUE or not back.isprintable():
        raise NotFoundError(f"{back!r} is no place of the queue")
    return f"{back}{'&' if '?' in back else '?'}{urlencode({'after': label_id})}"
