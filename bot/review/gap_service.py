"""Answering and dismissing gaps."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, now
from bot.db.review_tables import Gap, GapState
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.knowledge.folding import folded_hash
from bot.knowledge.label_schemas import LabelIn
from bot.knowledge.labels import add_label
from bot.knowledge.service import Languages
from bot.pagination import Page, cut, decode_cursor, is_row_number
from bot.review import gap_repository, repository
from bot.review.gap_presenting import by_form, gaps_out, predict
from bot.review.gap_repository import Place
from bot.review.gap_schemas import GapAnswerIn, GapOut
from bot.review.repository import AskedRow

MOST_QUESTIONS = 200
"""Of a gap that become questions of its answer, the most asked ones; a model needs no more of one answer."""


async def page_of_gaps(
    session: AsyncSession, *, state: GapState | None, cursor: str | None, limit: int
) -> Page[GapOut]:
    """The largest first. Raises InvalidInputError for a cursor of another list."""
    rows = await gap_repository.gaps_after(session, state=state, after=_place(cursor), limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda gap: f"{gap.messages}:{gap.id}")
    return Page(items=await gaps_out(session, page, at=now()), next_cursor=next_cursor)


async def largest_gaps(session: AsyncSession, *, limit: int) -> Sequence[Row[str, str, int, str | None]]:
    """Id, language, messages and name of open ones."""
    return await gap_repository.largest_open(session, limit=limit)


async def find_gap(session: AsyncSession, gap_id: str) -> Gap:
    gap = await gap_repository.gap(session, gap_id)
    if gap is None:
        raise NotFoundError(f"no gap {gap_id!r}; it may be settled by now (GET /v1/gaps)")
    return gap


async def gap_out(session: AsyncSession, gap_id: str) -> GapOut:
    return (await gaps_out(session, [await find_gap(session, gap_id)], at=now()))[0]


async def text_to_answer_with(session: AsyncSession, gap_id: str, wanted: GapAnswerIn) -> list[str]:
    """The text that an answer would get, and the gap's name: what rivals are looked for with."""
    shown = await gap_out(session, gap_id)
    text = wanted.text or (shown.draft.text if shown.draft and not wanted.answer_id else None)
    return [text, *([shown.name] if shown.name else [])] if text else []


async def answer_gap(
    session: AsyncSession,
    gap_id: str,
    wanted: GapAnswerIn,
    *,
    languages: Languages,
    answered_by: str,
    near: Sequence[str] = (),
) -> GapOut:
    """Lets the gap's questions lead to an answer, and keeps how many messages a week it should take over.

    Raises:
        NotFoundError: there is no such gap or answer.
        ConflictError: it is answered already, has neither draft nor undecided questions.
        InvalidInputError: an exchange is not one of the gap's; as with ``add_label`` besides.
        RivalsError: the new answer has rivals.
    """
    await repository.lock_decisions(session)
    gap = await find_gap(session, gap_id)
    if gap.state == GapState.ANSWERED:
        raise ConflictError(f"gap {gap_id} was answered by {gap.decided_by} with {gap.answer_id} already")
    rows = await _rows(session, gap_id)
    chosen = await _undecided(session, _chosen(gap_id, rows, wanted.exchange_ids))
    answer_id = await _teach(session, gap, chosen, wanted, languages=languages, by=answered_by, near=near)
    outcomes = await gap_repository.outcomes_lately(session)
    predicted = predict(rows, outcomes, taught=chosen, at=now())
    values: JsonObject = {"answer_id": answer_id, "forecast": predicted.to_json() if predicted else {}}
    await _decide(session, gap_id, GapState.ANSWERED, values, by=answered_by)
    return await gap_out(session, gap_id)


async def dismiss_gap(session: AsyncSession, gap_id: str, *, dismissed_by: str) -> GapOut:
    """Puts a gap aside, with what will be like it; once more changes nothing. Raises like ``answer_gap``."""
    await repository.lock_decisions(session)
    gap = await find_gap(session, gap_id)
    if gap.state == GapState.ANSWERED:
        raise ConflictError(
            f"gap {gap_id} is answered with {gap.answer_id}; retire that answer instead "
            f"(PATCH /v1/answers/{gap.answer_id})"
        )
    if gap.state != GapState.DISMISSED:
        await _decide(session, gap_id, GapState.DISMISSED, {}, by=dismissed_by)
    return await gap_out(session, gap_id)


async def _teach(
    session: AsyncSession,
    gap: Gap,
    chosen: Sequence[AskedRow],
    wanted: GapAnswerIn,
    *,
    languages: Languages,
    by: str,
    near: Sequence[str],
) -> str:
    """The first question makes the answer, if it is a new one; all lead to it."""
    text, language = wanted.text, wanted.language
    if text is None and wanted.answer_id is None:
        if not gap.draft:
            raise ConflictError(
                f"gap {gap.id} has no draft, since nobody has replied to such a question; send text"
            )
        text, language = gap.draft["text"], gap.draft["language"]
    answer_id = wanted.answer_id
    for row in chosen:
        exchange = (await repository.exchanges(session, [row.id]))[row.id]
        said = {"answer_id": answer_id} if answer_id else {"text": text, "language": language}
        label = LabelIn(exchange_id=row.id, force=wanted.force, **said)
        made = await add_label(session, label, languages=languages, given_by=by, exchange=exchange, near=near)
        answer_id = made.answer_id
    assert answer_id is not None, "there is at least one question"
    return answer_id


async def _rows(session: AsyncSession, gap_id: str) -> list[AskedRow]:
    owned = await gap_repository.members(session, states=list(GapState), gap_ids=[gap_id])
    return await repository.asked_in(session, owned.get(gap_id, frozenset()))


def _chosen(gap_id: str, rows: Sequence[AskedRow], wanted: Sequence[str] | None) -> list[AskedRow]:
    """One of each spelling, the most asked first."""
    strangers = sorted(set(wanted or ()) - {row.id for row in rows})
    if strangers:
        raise InvalidInputError(
            f"exchange {strangers[0]!r} does not belong to gap {gap_id} (GET /v1/gaps/{gap_id})"
        )
    kept = [row for form in by_form(rows) for row in form if wanted is None or row.id in wanted]
    return list({folded_hash(row.utterance): row for row in kept}.values())[:MOST_QUESTIONS]


async def _undecided(session: AsyncSession, rows: Sequence[AskedRow]) -> list[AskedRow]:
    open_ones = [
        row for row in rows if await repository.decision_on(session, folded_hash(row.utterance)) is None
    ]
    if not open_ones:
        raise ConflictError("all of these questions have been decided about meanwhile; find gaps anew")
    return open_ones


async def _decide(
    session: AsyncSession, gap_id: str, state: GapState, values: JsonObject, *, by: str
) -> None:
    moment: datetime = now()
    changed = {**values, "state": state, "decided_by": by, "decided_at": moment, "updated_at": moment}
    await gap_repository.put_gap(session, gap_id, changed, is_new=False)
    action = "answer_gap" if state is GapState.ANSWERED else "dismiss_gap"
    details = {"answer": values.get("answer_id")}
    await record_audit(session, actor=by, action=action, target=gap_id, details=details)


def _place(cursor: str | None) -> Place | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    messages, _, gap_id = key.partition(":")
    if not is_row_number(messages) or not gap_id:
        raise InvalidInputError(f"cursor {cursor!r} belongs to another list")
    return Place(int(messages), gap_id)
