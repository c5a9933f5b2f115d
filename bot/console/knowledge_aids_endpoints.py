"""/console/knowledge/hints and /try: what an answer that is being written resembles, and what it would change."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from bot.console.access import AsSupervisor
from bot.console.knowledge_endpoints import lines_of
from bot.console.moments import moment_of
from bot.console.rendering import is_htmx, page, part
from bot.db.base import now
from bot.db.knowledge_tables import AnswerState
from bot.dependencies import PartsDep
from bot.knowledge.rivals import LISTED, Rival, find_rivals, nearest_answers
from bot.knowledge.service import find_answer, texts_of
from bot.knowledge.texts import Asked, answer_text, asked
from bot.knowledge.trying import NEW, Trial, try_change
from retrieval.language import detect_language
from retrieval.normalize import fold

router = APIRouter(prefix="/knowledge")

MOST_COMPARED = 20
"""Questions that are compared while somebody types."""

Text = Annotated[str, Form(max_length=250_000)]
Questions = Annotated[str, Form(alias="questions", max_length=250_000)]
AnswerId = Annotated[str, Form(max_length=64)]
Language = Annotated[str, Form(max_length=16)]


@router.post("/hints")
async def show_hints(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,  # noqa: ARG001  # the role is the permission
    text: Text = "",
    lines: Questions = "",
    answer_id: AnswerId = "",
) -> Response:
    """Answers that say nearly this, and questions like these that lead elsewhere."""
    languages = parts.settings.languages
    questions = [
        asked(line, language=None, languages=languages)
        for line in lines_of(lines)[:MOST_COMPARED]
        if fold(line)
    ]
    written = text.strip()
    near = await nearest_answers(parts, [*([written] if written else []), *(q.text for q in questions)])
    own = [answer_id] if answer_id else []
    found: dict[Rival, None] = {}
    async with parts.database.read() as session:
        compared: list[Asked | None] = [None, *questions]
        for place, question in enumerate(compared):
            rivals = await find_rivals(
                session,
                text=answer_text(written) if written and place == 0 else None,
                question=question,
                near=near,
                text_of=own,
                question_of=own,
            )
            found |= dict.fromkeys(rivals)
        shown = list(found)[:LISTED]
        texts = await texts_of(session, [rival.answer_id for rival in shown])
    return part(request, "knowledge/hints.html", rivals=shown, texts=texts)


@router.post("/try")
async def try_answer(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    text: Text = "",
    language: Language = "",
    state: Annotated[AnswerState, Form()] = AnswerState.APPROVED,
    valid_from: Annotated[str, Form(max_length=40)] = "",
    valid_until: Annotated[str, Form(max_length=40)] = "",
    lines: Questions = "",
    answer_id: AnswerId = "",
) -> Response:
    """Which of last week's questions would be answered otherwise. A draft is tried as if it were approved."""
    languages = parts.settings.languages
    since, until = (moment_of(each, caller.time_zone) for each in (valid_from, valid_until))
    at = now()
    texts: dict[str, str] = {}
    async with parts.database.read() as session:
        if answer_id:
            texts |= (await find_answer(session, answer_id)).texts
    written = answer_text(text)
    spoken = language if language in languages else detect_language(written, languages=languages)
    questions = [asked(line, language=None, languages=languages, default=spoken) for line in lines_of(lines)]
    trial = Trial(
        answer_id=answer_id or NEW,
        texts=texts | {spoken: written},
        questions=[(question.text, question.language) for question in questions],
        given=state is not AnswerState.RETIRED
        and (since is None or since <= at)
        and (until is None or until > at),
    )
    result = await try_change(parts, trial)
    ids = {said.answer_id for reply in result.changed for said in (reply.before, reply.after)}
    async with parts.database.read() as session:
        known = await texts_of(session, ids - {trial.answer_id})
    render, template = (part, "tried") if is_htmx(request) else (page, "tried_page")
    return render(
        request,
        f"knowledge/{template}.html",
        result=result,
        texts=known | {trial.answer_id: written},
        new_id=NEW,
    )
