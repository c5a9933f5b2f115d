"""/console/review: one decision a screen, the most worthwhile first; and one exchange by itself, to see why and to decide anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsOperator, AsViewer
from bot.console.answer_search import search_answers
from bot.console.rendering import go_to, page, part
from bot.dependencies import Parts, PartsDep
from bot.errors import ConflictError, DecidedError, InvalidInputError, NotFoundError, RivalsError
from bot.feedback.correction_schemas import Action, CorrectionIn
from bot.feedback.corrections import correct
from bot.feedback.service import reachable_exchange
from bot.knowledge.publishing import serve_now
from bot.knowledge.rivals import nearest_answers
from bot.knowledge.service import find_answer
from bot.operators.logins import Caller
from bot.operators.service import names_of
from bot.review.presenting import can_be_decided, exchange_item, review_items
from bot.review.schemas import Decision, DecisionIn, ReviewItem
from bot.review.service import decide, decision_about

router = APIRouter(prefix="/review")

Place = Annotated[int, Query(ge=0, description="How many questions are passed over")]
Language = Annotated[str, Query(max_length=16)]
Text = Annotated[str, Form(max_length=100_000)]

QUEUE = "/review"


@dataclass(frozen=True)
class Sent:
    """What was tried and refused, so that nothing has to be typed again."""

    text: str = ""
    language: str = ""
    action: str = ""


@dataclass(frozen=True)
class Standing:
    """The answer that was given as it stands now, in the language of the reply."""

    text: str
    version: int


@router.get("")
async def show_queue(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    place: Place = 0,
    language: Language = "",
    last: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    if parts.follower.serving is None:
        return page(request, "review/nothing.html")
    entries = await parts.desk.entries(parts.follower.take())
    chosen = [entry for entry in entries if language in ("", entry.waiting.newest.language)]
    at = min(place, max(0, len(chosen) - 1))
    async with parts.database.read() as session:
        items = await review_items(session, chosen[at : at + 1])
    shown = await _shown(parts, caller, items[0] if items else None, q=q)
    return page(
        request,
        "review/queue.html",
        **shown,
        place=at,
        waiting=len(chosen),
        language_wanted=language,
        languages=parts.settings.languages,
        last=last,
        back=_queue_address(at, language),
        decided=None,
    )


@router.get("/search")
async def search(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    exchange_id: Annotated[str, Query(max_length=64)],
    q: Annotated[str, Query(max_length=1_000)] = "",
    back: str = "",
    overrule: bool = False,
    language: Language = "en",
) -> Response:
    """What is found while somebody types."""
    found = await search_answers(parts, q, language=language)
    may = caller.role.allows(Role.OPERATOR)
    return part(
        request,
        "review/found.html",
        found=found,
        q=q,
        action=f"/console/review/exchanges/{exchange_id}",
        back=back,
        overrule=overrule,
        may_decide=may,
    )


@router.get("/exchanges/{exchange_id}")
async def show_exchange(
    exchange_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    q: Annotated[str, Query(max_length=1_000)] = "",
    back: str = QUEUE,
) -> Response:
    return await _exchange_page(exchange_id, request, parts, caller, back=back, q=q)


@router.post("/exchanges/{exchange_id}")
async def send_decision(
    exchange_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    verdict: Annotated[str, Form()] = "",
    answer_id: Annotated[str, Form(max_length=64)] = "",
    text: Text = "",
    language: Annotated[str, Form(max_length=16)] = "",
    force: Annotated[bool, Form()] = False,
    overrule: Annotated[bool, Form()] = False,
    back: Annotated[str, Form()] = "",
) -> Response:
    async with parts.database.read() as session:
        exchange = await reachable_exchange(session, exchange_id, caller.principal)
    wanted = _decision(verdict, answer_id, text, language, force=force)
    near = await nearest_answers(parts, [wanted.text, exchange.utterance]) if wanted.text else []
    try:
        async with parts.database.write() as session:
            await decide(
                session,
                await reachable_exchange(session, exchange_id, caller.principal),
                wanted,
                languages=parts.settings.languages,
                decided_by=caller.principal.name,
                near=near,
                overrule=overrule,
            )
    except (RivalsError, DecidedError) as error:
        sent = Sent(text=text, language=language, action=Decision.NEW_ANSWER if text else "")
        return await _exchange_page(exchange_id, request, parts, caller, back=back, refused=error, sent=sent)
    if wanted.verdict is not Decision.SKIP:
        await serve_now(parts)
    return go_to(request, _after(back, exchange_id), flash=f"review.done_{wanted.verdict.value}")


@router.post("/exchanges/{exchange_id}/correction")
async def send_correction(
    exchange_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsOperator,
    action: Annotated[Action, Form()],
    text: Text = "",
    answer_id: Annotated[str, Form(max_length=64)] = "",
    question_ids: Annotated[list[str] | None, Form()] = None,
    version: Annotated[int | None, Form()] = None,
    force: Annotated[bool, Form()] = False,
    overrule: Annotated[bool, Form()] = False,
    back: Annotated[str, Form()] = "",
) -> Response:
    """Puts right the answer that was given, for all who ask like that. ``version`` is the one whose text was on the screen."""
    async with parts.database.read() as session:
        exchange = await reachable_exchange(session, exchange_id, caller.principal)
    wanted = CorrectionIn(
        action=action,
        text=text or None,
        answer_id=answer_id.strip() or None,
        question_ids=question_ids or [],
        version=version if action is Action.REPLACE else None,
        force=force,
        overrule=overrule,
    )
    near = await nearest_answers(parts, [exchange.utterance, *([text] if text else [])])
    try:
        async with parts.database.write() as session:
            await correct(
                session,
                await reachable_exchange(session, exchange_id, caller.principal),
                wanted,
                languages=parts.settings.languages,
                corrected_by=caller.principal.name,
                near=near,
            )
    except ConflictError as error:
        sent = Sent(text=text, action=action.value)
        return await _exchange_page(exchange_id, request, parts, caller, back=back, refused=error, sent=sent)
    await serve_now(parts)
    return go_to(request, _after(back, exchange_id), flash=f"review.done_{action.value}")


def _decision(verdict: str, answer_id: str, text: str, language: str, *, force: bool) -> DecisionIn:
    """A form says by its button what is decided: a verdict, or the answer that is right."""
    named = Decision.OTHER_ANSWER if answer_id else verdict
    if named not in list(Decision):
        raise InvalidInputError(f"{verdict!r} is no decision; use one of the buttons")
    is_new = named == Decision.NEW_ANSWER
    return DecisionIn(
        verdict=Decision(named),
        answer_id=answer_id or None,
        text=text if is_new else None,
        language=(language or None) if is_new else None,
        force=force,
    )


async def _exchange_page(
    exchange_id: str,
    request: Request,
    parts: Parts,
    caller: Caller,
    *,
    back: str,
    q: str = "",
    refused: ConflictError | None = None,
    sent: Sent | None = None,
) -> Response:
    async with parts.database.read() as session:
        exchange = await reachable_exchange(session, exchange_id, caller.principal)
        item = await exchange_item(session, exchange_id)
        decided = await decision_about(session, exchange)
        decided_by, decided_text = "", ""
        if decided is not None:
            actor = decided.decided_by or decided.given_by
            decided_by = (await names_of(session, [actor]))[actor]
        if decided is not None and decided.answer_id is not None:
            texts = (await find_answer(session, decided.answer_id)).texts
            decided_text = texts.get(exchange.language) or next(iter(texts.values()))
    if item is None:
        raise NotFoundError(f"no exchange {exchange_id!r}")
    shown = await _shown(parts, caller, item, q=q)
    status = 409 if refused else 200
    return page(
        request,
        "review/exchange.html",
        status=status,
        **shown | {"refused": refused, "rivals": _rivals(refused), "sent": sent or Sent()},
        decided=decided,
        decided_by=decided_by,
        decided_text=decided_text,
        decided_meanwhile=isinstance(refused, DecidedError),
        back=_place(back),
        languages=parts.settings.languages,
    )


async def _shown(parts: Parts, caller: Caller, item: ReviewItem | None, *, q: str) -> dict[str, Any]:
    """What the screen of one question takes."""
    found = await search_answers(parts, q, language=item.language) if item else []
    return {
        "item": item,
        "standing": await _standing(parts, caller, item) if item else None,
        "may_decide": caller.role.allows(Role.OPERATOR) and item is not None and can_be_decided(item),
        "q": q,
        "found": found,
        "refused": None,
        "rivals": [],
        "sent": Sent(),
    }


def _rivals(refused: ConflictError | None) -> Sequence[dict[str, Any]]:
    return (refused.errors or []) if isinstance(refused, RivalsError) else []


async def _standing(parts: Parts, caller: Caller, item: ReviewItem) -> Standing | None:
    """None of a reply that gave no answer, or one that is no longer there."""
    if item.given is None:
        return None
    async with parts.database.read() as session:
        reply = (await reachable_exchange(session, item.exchange_id, caller.principal)).reply
        try:
            stored = await find_answer(session, item.given)
        except NotFoundError:
            return None
    return Standing(stored.texts.get(reply["language"], item.reply), stored.answer.version)


def _queue_address(place: int, language: str) -> str:
    wanted = {"place": str(place), "language": language}
    query = urlencode({name: value for name, value in wanted.items() if value not in ("", "0")})
    return f"{QUEUE}?{query}" if query else QUEUE


def _place(back: str) -> str:
    """Where the queue goes on; never outside of it, whoever has made the link."""
    if not back.startswith(QUEUE) or not back.isprintable():
        raise NotFoundError(f"{back!r} is no place of the queue")
    return back


def _after(back: str, exchange_id: str) -> str:
    """Where the queue goes on, with a way back to what was decided."""
    return f"{_place(back)}{'&' if '?' in back else '?'}{urlencode({'last': exchange_id})}"
