"""Making and changing answers. Every change is a version, an audit entry and a new knowledge revision."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.knowledge_tables import Answer, AnswerState, AnswerText, AnswerVersion, LabelSource
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.knowledge import repository
from bot.knowledge.audit import record_audit
from bot.knowledge.folding import text_hash
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.repository import StoredAnswer, Window
from bot.knowledge.schemas import AnswerIn, AnswerOut, AnswerPatch
from bot.knowledge.texts import answer_text, asked, served
from bot.knowledge.versions import AnswerContent
from bot.knowledge.writing import contents_of, put_content

Languages = Sequence[str]


async def create_answer(
    session: AsyncSession, wanted: AnswerIn, *, languages: Languages, created_by: str
) -> AnswerOut:
    """Stores an answer with its questions.

    Raises:
        InvalidInputError: a language is not served, a text is empty, or the dates are the wrong way round.
        ConflictError: an approved answer says this already, or a question leads to another one.
    """
    revision = await raise_revision(session)
    text = answer_text(wanted.text)
    language = served(wanted.language, text, languages=languages)
    content = AnswerContent(
        state=wanted.state.value,
        texts={language: text},
        intent=wanted.intent,
        tags=tuple(dict.fromkeys(wanted.tags)),
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
    )
    questions = {
        question.folded: question
        for question in (
            asked(text, language=None, languages=languages, default=language) for text in wanted.questions
        )
    }
    answer_id = new_id("ans")
    await _check_content(session, answer_id, content, said=[language])
    await make_room(
        session, answer_id, list(questions), window_of(content), replace=wanted.replace, revision=revision
    )
    await _insert_answer(session, answer_id, content, created_by=created_by, revision=revision)
    rows = [q.row(answer_id, source=LabelSource.OPERATOR, revision=revision) for q in questions.values()]
    await repository.add_questions(session, rows)
    await record_audit(session, actor=created_by, action="create_answer", target=answer_id)
    return answer_out(await find_answer(session, answer_id))


async def change_answer(
    session: AsyncSession, answer_id: str, patch: AnswerPatch, *, languages: Languages, changed_by: str
) -> AnswerOut:
    """Changes what the patch names; the answer as it was stays in its versions.

    Raises:
        NotFoundError: there is no such answer.
        InvalidInputError, ConflictError: as with ``create_answer``.
    """
    revision = await raise_revision(session)
    present = (await contents_of(session, [answer_id])).get(answer_id)
    if present is None:
        raise _missing(answer_id)
    _, before = present
    after = _patched(before, patch, languages=languages)
    if after != before:
        approved = after.state == AnswerState.APPROVED
        said = [language for language in after.texts if after.texts[language] != before.texts.get(language)]
        newly = before.state != AnswerState.APPROVED or window_of(after) != window_of(before)
        await _check_content(session, answer_id, after, said=list(after.texts) if newly else said)
        if approved and newly:
            folded = [q.folded for q in await repository.active_questions(session, answer_id=answer_id)]
            await make_room(
                session, answer_id, folded, window_of(after), replace=patch.replace, revision=revision
            )
        await put_content(session, answer_id, after, changed_by=changed_by, revision=revision)
        fields = sorted(patch.model_fields_set - {"replace"})
        await record_audit(
            session, actor=changed_by, action="change_answer", target=answer_id, details={"fields": fields}
        )
    return answer_out(await find_answer(session, answer_id))


async def find_answer(session: AsyncSession, answer_id: str) -> StoredAnswer:
    found = await repository.stored_answers(session, [answer_id])
    if not found:
        raise _missing(answer_id)
    return found[0]


async def texts_of(
    session: AsyncSession, answer_ids: Iterable[str | None], *, language: str | None = None
) -> dict[str, str]:
    """What answers say, in this language or else the first they have; None and unknown ids are passed over."""
    found = await repository.active_texts(session, sorted({id for id in answer_ids if id}))
    return {
        id: variants.get(language or "") or next(iter(variants.values())) for id, variants in found.items()
    }


def answer_out(stored: StoredAnswer, *, language: str | None = None) -> AnswerOut:
    answer = stored.answer
    shown = language if language in stored.texts else next(iter(stored.texts))
    return AnswerOut(
        id=answer.id,
        text=stored.texts[shown],
        language=shown,
        variants=stored.texts,
        state=AnswerState(answer.state),
        intent=answer.intent,
        tags=answer.tags,
        version=answer.version,
        valid_from=answer.valid_from,
        valid_until=answer.valid_until,
        questions=stored.questions,
        created_at=answer.created_at,
        updated_at=answer.updated_at,
    )


def window_of(content: AnswerContent | Answer) -> Window:
    return Window(since=content.valid_from or now(), until=content.valid_until)


async def make_room(
    session: AsyncSession,
    answer_id: str,
    folded: Sequence[str],
    window: Window,
    *,
    replace: bool,
    revision: int,
) -> None:
    """Sees to it that the questions lead nowhere else.

    Raises:
        ConflictError: they do, and ``replace`` was not wished for.
    """
    rivals = await repository.rivals_of(session, folded, window, other_than=answer_id)
    if not rivals:
        return
    if not replace:
        first = rivals[0]
        raise ConflictError(
            f"the question {first.text[:80]!r} leads to answer {first.answer_id} already; send replace: true to let it "
            f"lead to this one instead, or change that answer (PATCH /v1/answers/{first.answer_id})"
        )
    await repository.switch_off(session, [rival.question_id for rival in rivals], revision=revision)


def _patched(before: AnswerContent, patch: AnswerPatch, *, languages: Languages) -> AnswerContent:
    sent = patch.model_fields_set
    after = before
    if patch.text is not None:
        text = answer_text(patch.text)
        first = next(iter(before.texts))
        language = first if patch.language is None else served(patch.language, text, languages=languages)
        after = replace(after, texts={**before.texts, language: text})
    if patch.state is not None:
        after = replace(after, state=patch.state.value)
    if patch.tags is not None:
        after = replace(after, tags=list(dict.fromkeys(patch.tags)))
    if "intent" in sent:
        after = replace(after, intent=patch.intent)
    if "valid_from" in sent:
        after = replace(after, valid_from=patch.valid_from)
    if "valid_until" in sent:
        after = replace(after, valid_until=patch.valid_until)
    return after


async def _check_content(
    session: AsyncSession, answer_id: str, content: AnswerContent, *, said: Sequence[str]
) -> None:
    """Dates in order, and no approved answer that says the same in one of the languages ``said``."""
    since, until = content.valid_from, content.valid_until
    if since is not None and until is not None and since >= until:
        raise InvalidInputError(
            f"valid_until {until.isoformat()} must come after valid_from {since.isoformat()}"
        )
    if content.state != AnswerState.APPROVED:
        return
    for language in said:
        twin = await repository.saying_the_same(
            session,
            text_hash(content.texts[language]),
            window_of(content),
            language=language,
            other_than=answer_id,
        )
        if twin is not None:
            raise ConflictError(
                f"answer {twin} says this already in {language!r}; add questions to it with POST /v1/questions, or "
                f"retire it first (PATCH /v1/answers/{twin})"
            )


async def _insert_answer(
    session: AsyncSession, answer_id: str, content: AnswerContent, *, created_by: str, revision: int
) -> None:
    row = {
        "id": answer_id,
        "intent": content.intent,
        "tags": list(content.tags),
        "state": content.state,
        "valid_from": content.valid_from,
        "valid_until": content.valid_until,
        "revision": revision,
    }
    await session.execute(insert(Answer).values(**row))
    texts = [
        {"answer_id": answer_id, "language": language, "text": text, "text_hash": text_hash(text)}
        for language, text in content.texts.items()
    ]
    await session.execute(insert(AnswerText), [{**text, "revision": revision} for text in texts])
    version = {"answer_id": answer_id, "version": 1, "content": content.to_json(), "changed_by": created_by}
    await session.execute(insert(AnswerVersion).values(**version))


def _missing(answer_id: str) -> NotFoundError:
    return NotFoundError(f"no answer {answer_id!r}")
