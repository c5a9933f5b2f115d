"""What the inbox does besides the steps of a handoff: notes between operators, and answers suggested to them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.db.base import new_id, now
from bot.db.inbox_tables import Use
from bot.errors import ConflictError, InvalidInputError
from bot.handoffs.availability import Agent
from bot.handoffs.schemas import AgentReplyIn, AgentReplyOut
from bot.handoffs.service import reply_as_agent
from bot.inbox import repository
from bot.knowledge.texts import answer_text

LONGEST_NOTE = 4_000


@dataclass(frozen=True)
class Taken:
    """The suggestion that a reply began with: which it was, and where it stood."""

    answer_id: str
    place: int
    text: str


def reply(
    connection: Connection, conversation_id: str, text: str, *, agent: Agent, taken: Taken | None = None
) -> AgentReplyOut:
    """Says it to the visitor and keeps what became of the suggestion. Raises as ``reply_as_agent`` does."""
    asked = repository.last_of_customer(connection, conversation_id)
    said = reply_as_agent(connection, conversation_id, AgentReplyIn(text=text), agent=agent)
    if taken is not None and asked is not None:
        same = answer_text(text) == answer_text(taken.text)
        use = Use.ACCEPTED if same else Use.EDITED
        _keep_use(connection, conversation_id, asked.id, taken.answer_id, taken.place, use, agent=agent)
    return said


def reject_suggestion(
    connection: Connection, conversation_id: str, answer_id: str, place: int, *, agent: Agent
) -> None:
    """It is not suggested for this message again. Raises ConflictError when nothing was asked."""
    asked = repository.last_of_customer(connection, conversation_id)
    if asked is None:
        raise ConflictError(f"nothing was asked in conversation {conversation_id}, so nothing was suggested")
    _keep_use(connection, conversation_id, asked.id, answer_id, place, Use.REJECTED, agent=agent)


def add_note(connection: Connection, conversation_id: str, text: str, *, agent: Agent) -> None:
    """Raises InvalidInputError for a note that is empty or too long."""
    shown = text.strip()
    if not 0 < len(shown) <= LONGEST_NOTE:
        raise InvalidInputError(f"a note has 1 to {LONGEST_NOTE:,} characters; this one has {len(shown):,}")
    note_id = new_id("not")
    row = {
        "id": note_id,
        "conversation_id": conversation_id,
        "text": shown,
        "written_by": agent.name,
        "created_at": now(),
    }
    repository.add_note(connection, row)
    repository.add_audit(connection, actor=agent.name, action="add_note", target=note_id, details={})


def _keep_use(
    connection: Connection,
    conversation_id: str,
    message_id: str,
    answer_id: str,
    place: int,
    use: Use,
    *,
    agent: Agent,
) -> None:
    row = {
        "id": new_id("sug"),
        "conversation_id": conversation_id,
        "message_id": message_id,
        "answer_id": answer_id,
        "place": place,
        "use": use.value,
        "used_by": agent.name,
        "created_at": now(),
    }
    repository.put_use(connection, row)
    details = {"answer": answer_id, "place": place}
    action = f"suggestion_{use.value}"
    repository.add_audit(connection, actor=agent.name, action=action, target=conversation_id, details=details)
