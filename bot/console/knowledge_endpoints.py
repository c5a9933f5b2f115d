"""/console/knowledge: the answers, how they stood before, and changing them."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.moments import field_of, moment_of
from bot.console.rendering import go_to, page
from bot.db.knowledge_tables import AnswerState, AnswerVersion
from bot.dependencies import Parts, PartsDep
from bot.errors import ConflictError, NotFoundError
from bot.knowledge import questions, repository, service
from bot.knowledge.differing import differences
from bot.knowledge.publishing import serve_now
from bot.knowledge.repository import AnswerFilter
from bot.knowledge.schemas import LONGEST_ANSWER, AnswerIn, AnswerPatch, QuestionIn
from bot.operators.logins import Caller
from bot.operators.service import names_of
from bot.pagination import cut, decode_cursor, decode_number
from retrieval.normalize import normalize

router = APIRouter(prefix="/knowledge")

PAGE = 25
QUESTIONS = 20
Cursor = Annotated[str | None, Query(max_length=200)]
Short = Annotated[str, Form(max_length=400)]
Long = Annotated[str, Form(max_length=250_000)]


@dataclass(frozen=True)
class AnswerForm:
    """The fields as they are shown, and shown again after a refusal."""

    text: str = ""
    language: str = ""
    state: str = AnswerState.APPROVED
    intent: str = ""
    tags: str = ""
    valid_from: str = ""
    valid_until: str = ""
    questions: str = ""


@router.get("")
async def list_answers(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    state: Annotated[str, Query(pattern=f"^({'|'.join(AnswerState)})?$")] = "",
    language: Annotated[str, Query(max_length=16)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    wanted = AnswerFilter(
        state=state or None,
        language=language or None,
        containing=normalize(q) or None,
    )
    async with parts.database.read() as session:
        rows = await repository.answers_after(session, wanted, after=decode_cursor(cursor), limit=PAGE + 1)
    shown, next_cursor = cut(rows, limit=PAGE, key=lambda row: row.answer.id)
    return page(
        request,
        "knowledge/list.html",
        answers=[service.answer_out(row, language=language or None) for row in shown],
        next_cursor=next_cursor,
        cursor=cursor,
        state=state,
        states=list(AnswerState),
        language_wanted=language,
        languages=parts.settings.languages,
        q=q,
        may_change=caller.role.allows(Role.SUPERVISOR),
    )


@router.get("/new")
async def show_new_answer(
    request: Request, parts: PartsDep, caller: AsSupervisor, text: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    form = AnswerForm(text=text, language=parts.settings.languages[0])
    return _new_page(request, parts, caller, form)


@router.post("")
async def create_answer(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    text: Long = "",
    language: Short = "",
    state: Annotated[AnswerState, Form()] = AnswerState.APPROVED,
    intent: Short = "",
    tags: Short = "",
    valid_from: Short = "",
    valid_until: Short = "",
    asked: Annotated[str, Form(alias="questions", max_length=250_000)] = "",
    replace: Annotated[bool, Form()] = False,
) -> Response:
    form = AnswerForm(text, language, state.value, intent, tags, valid_from, valid_until, asked)
    wanted = AnswerIn(
        text=text,
        language=language or None,
        questions=lines_of(asked),
        intent=intent.strip() or None,
        tags=_tags(tags),
        state=state,
        valid_from=moment_of(valid_from, caller.time_zone),
        valid_until=moment_of(valid_until, caller.time_zone),
        replace=replace,
    )
    try:
        async with parts.database.write() as session:
            made = await service.create_answer(
                session, wanted, languages=parts.settings.languages, created_by=caller.principal.name
            )
    except ConflictError as error:
        return _new_page(request, parts, caller, form, refused=error)
    await serve_now(parts)
    return go_to(request, f"/knowledge/{made.id}", flash="knowledge.made")


@router.get("/{answer_id}")
async def show_answer(
    answer_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,
    language: Annotated[str, Query(max_length=16)] = "",
    cursor: Cursor = None,
) -> Response:
    return await _answer_page(answer_id, request, parts, caller, language=language, cursor=cursor)


@router.post("/{answer_id}")
async def change_answer(
    answer_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    version: Annotated[int, Form()],
    text: Long = "",
    language: Short = "",
    state: Annotated[AnswerState, Form()] = AnswerState.APPROVED,
    intent: Short = "",
    tags: Short = "",
    valid_from: Short = "",
    valid_until: Short = "",
    replace: Annotated[bool, Form()] = False,
) -> Response:
    """``version`` is the one that was on the screen, so that nobody overwrites what they have not seen."""
    form = AnswerForm(text, language, state.value, intent, tags, valid_from, valid_until)
    patch = AnswerPatch(
        text=text,
        language=language,
        state=state,
        intent=intent.strip() or None,
        tags=_tags(tags),
        valid_from=moment_of(valid_from, caller.time_zone),
        valid_until=moment_of(valid_until, caller.time_zone),
        replace=replace,
    )
    try:
        async with parts.database.write() as session:
            present = (await service.find_answer(session, answer_id)).answer.version
            if present != version:
                raise ConflictError(
                    f"somebody changed this answer meanwhile: it stands at version {present}, you edited {version}"
                )
            await service.change_answer(
                session,
                answer_id,
                patch,
                languages=parts.settings.languages,
                changed_by=caller.principal.name,
            )
    except ConflictError as error:
        return await _answer_page(
            answer_id, request, parts, caller, language=language, form=form, refused=error
        )
    await serve_now(parts)
    return go_to(request, f"/knowledge/{answer_id}", flash="knowledge.saved")


@router.post("/{answer_id}/questions")
async def add_question(
    answer_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    text: Long = "",
    replace: Annotated[bool, Form()] = False,
) -> Response:
    wanted = QuestionIn(text=text, answer_id=answer_id, language=None, replace=replace)
    async with parts.database.write() as session:
        await questions.add_question(
            session, wanted, languages=parts.settings.languages, added_by=caller.principal.name
        )
    await serve_now(parts)
    return go_to(request, f"/knowledge/{answer_id}", flash="knowledge.question_added")


@router.post("/{answer_id}/questions/{question_id}/remove")
async def remove_question(
    answer_id: str, question_id: str, request: Request, parts: PartsDep, caller: AsSupervisor
) -> Response:
    async with parts.database.write() as session:
        await questions.remove_question(session, question_id, removed_by=caller.principal.name)
    await serve_now(parts)
    return go_to(request, f"/knowledge/{answer_id}", flash="knowledge.question_removed")


@router.get("/{answer_id}/versions/{version}")
async def show_version(
    answer_id: str,
    version: int,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
) -> Response:
    """How an answer stood, and what that version changed."""
    async with parts.database.read() as session:
        await service.find_answer(session, answer_id)
        versions = {row.version: row for row in await repository.versions_of(session, answer_id)}
        shown = versions.get(version)
        if shown is None:
            raise NotFoundError(f"answer {answer_id!r} has no version {version}")
        names = await names_of(session, [shown.changed_by])
    before = versions.get(version - 1)
    return page(
        request,
        "knowledge/version.html",
        answer_id=answer_id,
        shown=shown,
        names=names,
        newest=max(versions),
        texts=_text_differences(before, shown),
        fields=_field_differences(before, shown),
    )


def lines_of(text: str) -> list[str]:
    """One question a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.replace("，", ",").split(",") if tag.strip()]


def _text_differences(before: AnswerVersion | None, after: AnswerVersion) -> dict[str, Any]:
    old: dict[str, str] = before.content["texts"] if before else {}
    new: dict[str, str] = after.content["texts"]
    return {
        language: differences(old.get(language, ""), new.get(language, ""))
        for language in dict.fromkeys([*new, *old])
    }


def _field_differences(before: AnswerVersion | None, after: AnswerVersion) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of what is not a text and has changed."""
    names = ("state", "intent", "tags", "valid_from", "valid_until")
    old = before.content if before else {}
    return [
        (name, old.get(name), after.content[name]) for name in names if old.get(name) != after.content[name]
    ]


def _new_page(
    request: Request,
    parts: Parts,
    caller: Caller,
    form: AnswerForm,
    *,
    refused: ConflictError | None = None,
) -> Response:
    return page(
        request,
        "knowledge/new.html",
        status=refused.status if refused else 200,
        form=form,
        refused=refused,
        languages=parts.settings.languages,
        states=[AnswerState.APPROVED, AnswerState.DRAFT],
        longest=LONGEST_ANSWER,
        zone=caller.time_zone.key if caller.time_zone else "UTC",
    )


async def _answer_page(
    answer_id: str,
    request: Request,
    parts: Parts,
    caller: Caller,
    *,
    language: str = "",
    cursor: str | None = None,
    form: AnswerForm | None = None,
    refused: ConflictError | None = None,
) -> Response:
    async with parts.database.read() as session:
        answer = service.answer_out(await service.find_answer(session, answer_id), language=language or None)
        rows = await repository.questions_after(
            session, answer_id=answer_id, after=decode_number(cursor), limit=QUESTIONS + 1
        )
        versions = await repository.newest_versions(session, answer_id, limit=QUESTIONS)
        sources = await repository.sources_of(session, answer_id)
        names = await names_of(session, [row.changed_by for row in versions])
    shown, next_cursor = cut(rows, limit=QUESTIONS, key=lambda row: str(row.number))
    edited = language if language in parts.settings.languages else answer.language
    stored = AnswerForm(
        text=answer.variants.get(edited, ""),
        language=edited,
        state=answer.state.value,
        intent=answer.intent or "",
        tags=", ".join(answer.tags),
        valid_from=field_of(answer.valid_from, caller.time_zone),
        valid_until=field_of(answer.valid_until, caller.time_zone),
    )
    return page(
        request,
        "knowledge/answer.html",
        status=refused.status if refused else 200,
        answer=answer,
        form=form or stored,
        refused=refused,
        questions=shown,
        next_cursor=next_cursor,
        cursor=cursor,
        versions=versions,
        sources=sources[:QUESTIONS],
        names=names,
        languages=parts.settings.languages,
        states=list(AnswerState),
        longest=LONGEST_ANSWER,
        zone=caller.time_zone.key if caller.time_zone else "UTC",
        may_change=caller.role.allows(Role.SUPERVISOR),
    )
