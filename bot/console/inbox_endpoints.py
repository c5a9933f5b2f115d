"""/console/inbox: who waits for a person and who talks with one; taking over, replying, handing back.

Pages look for news every few seconds (htmx); without JavaScript they are loaded again by hand.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import Role
from bot.console.access import AsOperator, AsViewer
from bot.console.answer_search import FoundAnswer, search_answers
from bot.console.rendering import go_to, page, part
from bot.db.conversation_tables import HandoffState
from bot.db.transactions import Connection
from bot.dependencies import Parts, PartsDep
from bot.errors import HandoffStateError
from bot.handoffs import service as handoffs
from bot.handoffs.availability import note_presence, presence_is_stale
from bot.handoffs.briefing import find_handoff, page_of_handoffs
from bot.handoffs.schemas import OperatorHandoff
from bot.inbox.reading import asked_last, said_since, talk_of
from bot.inbox.service import Taken, add_note, reject_suggestion, reply
from bot.operators.logins import Caller
from bot.operators.service import names_of
from bot.pagination import decode_cursor

router = APIRouter(prefix="/inbox")

PAGE = 20
SUGGESTED = 3
Text = Annotated[str, Form(max_length=100_000)]
FormKey = Annotated[str, Form(max_length=64)]


@router.get("")
async def show_inbox(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    state: HandoffState | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    await _seen(parts, caller)
    return page(request, "inbox/list.html", **await _listed(parts, state, cursor))


@router.get("/list")
async def renew_list(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    state: HandoffState | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """What the list shows by now."""
    await _seen(parts, caller)
    return part(request, "inbox/rows.html", **await _listed(parts, state, cursor))


@router.get("/{handoff_id}")
async def show_talk(
    handoff_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    use: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """``use`` is the suggested answer to begin the reply with."""
    await _seen(parts, caller)
    talk = await parts.database.quick.read(
        lambda connection: talk_of(connection, handoff_id, parts.settings.handoffs)
    )
    suggestions = await _suggestions(parts, talk.handoff)
    chosen = next(((n, s) for n, s in enumerate(suggestions, 1) if s.answer_id == use), None)
    taken = Taken(chosen[1].answer_id, chosen[0], chosen[1].text) if chosen else None
    return page(
        request,
        "inbox/talk.html",
        **await _standing(parts, caller, talk.handoff),
        messages=talk.messages,
        notes=talk.notes,
        rating=talk.rating,
        writers=await _names(parts, [note.written_by for note in talk.notes]),
        last_position=talk.messages[-1].position if talk.messages else 0,
        suggestions=suggestions,
        taken=taken,
    )


@router.get("/{handoff_id}/messages")
async def renew_talk(
    handoff_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    after: Annotated[int, Query(ge=0)] = 0,
    known: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What was said since; 204 when nothing was, and the state is as it was known."""
    await _seen(parts, caller)

    settings = parts.settings.handoffs
    talk = await parts.database.quick.read(
        lambda connection: said_since(connection, handoff_id, settings, position=after)
    )
    messages = talk.messages
    standing = await _standing(parts, caller, talk.handoff)
    if not messages and standing["known"] == known:
        return Response(status_code=204)
    response = part(
        request,
        "inbox/newer.html",
        **standing,
        messages=messages,
        last_position=messages[-1].position if messages else after,
    )
    if any(message.role == "customer" for message in messages):
        response.headers["HX-Trigger"] = "asked"
    return response


@router.get("/{handoff_id}/suggestions")
async def renew_suggestions(
    handoff_id: str, request: Request, parts: PartsDep, caller: AsOperator
) -> Response:
    """Approved answers that may be right for the customer's last message."""
    await _seen(parts, caller)
    handoff = await parts.database.quick.read(
        lambda connection: find_handoff(connection, handoff_id, parts.settings.handoffs)
    )
    suggestions = await _suggestions(parts, handoff)
    return part(
        request, "inbox/suggestions.html", **await _standing(parts, caller, handoff), suggestions=suggestions
    )


@router.post("/{handoff_id}/take")
async def send_take(handoff_id: str, request: Request, parts: PartsDep, caller: AsOperator) -> Response:
    """Who comes second finds on the page whose it is."""
    try:
        await _step(parts, handoffs.take, handoff_id, caller)
    except HandoffStateError:
        return go_to(request, f"/inbox/{handoff_id}", flash="inbox.not_taken", wrong=True)
    return go_to(request, f"/inbox/{handoff_id}", flash="inbox.taken")


@router.post("/{handoff_id}/hand-back")
async def send_hand_back(handoff_id: str, request: Request, parts: PartsDep, caller: AsOperator) -> Response:
    await _step(parts, handoffs.hand_back, handoff_id, caller)
    return go_to(request, "/inbox", flash="inbox.handed_back")


@router.post("/{handoff_id}/close")
async def send_close(handoff_id: str, request: Request, parts: PartsDep, caller: AsOperator) -> Response:
    await _step(parts, handoffs.close, handoff_id, caller)
    return go_to(request, "/inbox", flash="inbox.closed")


@router.post("/{handoff_id}/reply")
async def send_reply(
    handoff_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    text: Text = "",
    answer_id: Annotated[str, Form(max_length=64)] = "",
    place: Annotated[int, Form(ge=0, le=SUGGESTED)] = 0,
    form_key: FormKey = "",
) -> Response:
    """``answer_id`` and ``place`` name the suggestion that the reply began with."""
    handoff = await parts.database.quick.read(
        lambda connection: find_handoff(connection, handoff_id, parts.settings.handoffs)
    )
    taken = await _taken(parts, handoff, answer_id, place)

    def work(connection: Connection) -> None:
        reply(connection, handoff.conversation_id, text, agent=caller.principal, taken=taken)

    await _once(parts, caller, form_key, text, work)
    return go_to(request, f"/inbox/{handoff_id}")


@router.post("/{handoff_id}/reject")
async def send_rejection(
    handoff_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    answer_id: Annotated[str, Form(max_length=64)],
    place: Annotated[int, Form(ge=1, le=SUGGESTED)],
) -> Response:
    """Puts a suggestion aside; others take its place."""

    def work(connection: Connection) -> None:
        handoff = find_handoff(connection, handoff_id, parts.settings.handoffs)
        reject_suggestion(connection, handoff.conversation_id, answer_id, place, agent=caller.principal)

    await parts.database.quick.write(work)
    return go_to(request, f"/inbox/{handoff_id}")


@router.post("/{handoff_id}/notes")
async def send_note(
    handoff_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    text: Text = "",
    form_key: FormKey = "",
) -> Response:
    def work(connection: Connection) -> None:
        handoff = find_handoff(connection, handoff_id, parts.settings.handoffs)
        add_note(connection, handoff.conversation_id, text, agent=caller.principal)

    await _once(parts, caller, form_key, text, work)
    return go_to(request, f"/inbox/{handoff_id}", flash="inbox.noted")


async def _once(
    parts: Parts, caller: Caller, form_key: str, text: str, work: Callable[[Connection], None]
) -> None:
    """What is sent twice by the same form, as by a double click, is done once; other words in it are something else."""

    def done(connection: Connection) -> StoredReply:
        work(connection)
        return StoredReply(204, {})

    words = text.encode()
    key = f"{form_key}:{hashlib.sha256(words).hexdigest()}" if form_key else None
    call = IdempotentCall(parts.database, principal=caller.principal.name, key=key, request=words)
    if await call.stored() is None:
        await call.run_quick(done)


async def _step(parts: Parts, step: Callable[..., object], handoff_id: str, caller: Caller) -> None:
    settings, agent = parts.settings.handoffs, caller.principal
    await parts.database.quick.write(
        lambda connection: step(connection, handoff_id, agent=agent, settings=settings)
    )


async def _seen(parts: Parts, caller: Caller) -> None:
    """Whoever answers customers and looks at the inbox is at the desk."""
    agent = caller.principal
    if caller.role.allows(Role.OPERATOR) and await parts.database.quick.read(
        lambda connection: presence_is_stale(connection, agent)
    ):
        await parts.database.quick.write(lambda connection: note_presence(connection, agent))


async def _listed(parts: Parts, state: HandoffState | None, cursor: str | None) -> dict[str, Any]:
    after, settings = decode_cursor(cursor), parts.settings.handoffs
    listed = await parts.database.quick.read(
        lambda connection: page_of_handoffs(connection, settings, state=state, after=after, limit=PAGE)
    )
    holders = await _names(parts, [handoff.held_by for handoff in listed.items])
    return {"handoffs": listed, "holders": holders, "state": state, "cursor": cursor}


async def _standing(parts: Parts, caller: Caller, handoff: OperatorHandoff) -> dict[str, Any]:
    """Who speaks in the conversation, and what this operator may do about it."""
    mine = handoff.held_by == caller.principal.name
    open_states = (HandoffState.WAITING, HandoffState.MISSED)
    may = caller.role.allows(Role.OPERATOR)
    held = handoff.state is HandoffState.PERSON
    return {
        "handoff": handoff,
        "holder": (await _names(parts, [handoff.held_by])).get(handoff.held_by or "", ""),
        "mine": mine and held,
        "may_take": may and handoff.state in open_states,
        "may_reply": may and mine and held,
        "may_end": may and ((mine and held) or handoff.state in open_states),
        "known": f"{handoff.state.value}.{handoff.held_by or ''}",
    }


async def _names(parts: Parts, actors: list[str | None] | list[str]) -> dict[str, str]:
    async with parts.database.read() as session:
        return await names_of(session, actors)


async def _suggestions(parts: Parts, handoff: OperatorHandoff) -> list[FoundAnswer]:
    """For the customer's last message; those that were put aside are left out."""

    asked = await parts.database.quick.read(
        lambda connection: asked_last(connection, handoff.conversation_id)
    )
    if asked is None:
        return []
    language = handoff.briefing.language or parts.settings.languages[0]
    limit = SUGGESTED + len(asked.rejected)
    found = await search_answers(parts, asked.text, language=language, limit=limit)
    return [answer for answer in found if answer.answer_id not in asked.rejected][:SUGGESTED]


async def _taken(parts: Parts, handoff: OperatorHandoff, answer_id: str, place: int) -> Taken | None:
    """The suggestion as it stands now; None when the reply began with none, or it may not be given any more."""
    if not answer_id or not place:
        return None
    suggestions = await _suggestions(parts, handoff)
    text = next((each.text for each in suggestions if each.answer_id == answer_id), None)
    return Taken(answer_id, place, text) if text is not None else None
