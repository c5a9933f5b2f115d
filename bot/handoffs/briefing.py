"""What an operator should know before they say a word: the question, what the bot tried, the evidence, the reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from bot.answering.knowledge_lookup import servable_answers
from bot.conversations import repository as conversations
from bot.db.conversation_tables import HandoffState
from bot.errors import NotFoundError
from bot.handoffs import repository
from bot.handoffs.drafts import question_before
from bot.handoffs.repository import HandoffRow, TriedRow
from bot.handoffs.schemas import BriefingOut, ContactOut, EvidenceOut, OperatorHandoff, TriedOut
from bot.handoffs.service import handoff_out
from bot.pagination import Page, cut
from bot.settings import HandoffSettings

TRIED = 5
EVIDENCE = 3


def page_of_handoffs(
    connection: Connection,
    settings: HandoffSettings,
    *,
    state: HandoffState | None,
    after: str | None,
    limit: int,
) -> Page[OperatorHandoff]:
    """The oldest first; those that are open, where no state is wanted."""
    rows = repository.handoffs_after(connection, state=state, after=after, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    items = [operator_handoff(connection, row, settings) for row in page]
    return Page(items=items, next_cursor=next_cursor)


def show_handoff(connection: Connection, handoff_id: str, settings: HandoffSettings) -> OperatorHandoff:
    """Raises NotFoundError."""
    return operator_handoff(connection, _found(connection, handoff_id), settings)


def find_handoff(connection: Connection, handoff_id: str, settings: HandoffSettings) -> OperatorHandoff:
    """Raises NotFoundError."""
    handoff = repository.handoff(connection, handoff_id)
    if handoff is None:
        raise NotFoundError(f"no handoff {handoff_id!r}")
    return operator_handoff(connection, handoff, settings)


def operator_handoff(
    connection: Connection, handoff: HandoffRow, settings: HandoffSettings
) -> OperatorHandoff:
    return OperatorHandoff(
        **handoff_out(connection, handoff, settings).model_dump(),
        held_by=handoff.taken_by,
        taken_at=handoff.taken_at,
        briefing=_briefing(connection, handoff),
    )


def briefing(connection: Connection, handoff_id: str) -> BriefingOut:
    """Raises NotFoundError."""
    return _briefing(connection, _found(connection, handoff_id))


def _found(connection: Connection, handoff_id: str) -> HandoffRow:
    handoff = repository.handoff(connection, handoff_id)
    if handoff is None:
        raise NotFoundError(f"no handoff {handoff_id!r}")
    return handoff


def _briefing(connection: Connection, handoff: HandoffRow) -> BriefingOut:
    talk = conversations.described(connection, handoff.conversation_id)
    asked = question_before(connection, handoff)
    tried = repository.last_exchanges(connection, handoff.conversation_id, limit=TRIED)
    contact = repository.contact_of(connection, handoff.id)
    about = next((row for row in tried if asked is not None and row.id == asked.id), None)
    return BriefingOut(
        question=asked.utterance if asked else None,
        language=asked.language if asked else talk and talk.language,
        reason=handoff.reason,
        waiting_since=handoff.waiting_since,
        tried=[_tried(row) for row in reversed(tried)],
        evidence=_evidence(connection, about.candidates[:EVIDENCE], about.language) if about else [],
        contact=ContactOut.model_validate(contact, from_attributes=True) if contact else None,
    )


def _tried(row: TriedRow) -> TriedOut:
    return TriedOut(
        exchange_id=row.id,
        utterance=row.utterance,
        outcome=row.outcome,
        rule=row.rule,
        confidence=row.confidence,
        reply=row.reply["text"],
        created_at=row.created_at,
    )


def _evidence(
    connection: Connection, candidates: Sequence[Mapping[str, Any]], language: str
) -> list[EvidenceOut]:
    servable = servable_answers(connection, [candidate["answer_id"] for candidate in candidates])
    found = []
    for candidate in candidates:
        answer = servable.get(candidate["answer_id"])
        fields = {name: candidate[name] for name in ("answer_id", "question", "similarity", "confidence")}
        found.append(EvidenceOut(**fields, text=answer.text_in(language)[0] if answer else None))
    return found
