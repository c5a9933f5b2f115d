"""Agents' replies while a person is asked for: said to the visitor, and kept as drafts of answers.

The draft is a candidate for a label on what the visitor had asked before the handoff. It teaches nothing until somebody
with an operator's key accepts it, since most of what agents write ("one moment, please") is no answer.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.access.principals import KeyPrincipal
from bot.conversations import repository as conversations
from bot.conversations.schemas import MessageOut
from bot.conversations.service import PERSON, message_row, reachable
from bot.db.base import JsonObject, new_id, now
from bot.db.knowledge_tables import LabelSource, LabelState
from bot.errors import ConflictError
from bot.handoffs import repository
from bot.handoffs.repository import AskedRow
from bot.handoffs.schemas import AgentReplyIn, AgentReplyOut
from bot.knowledge.folding import folded_hash
from bot.knowledge.texts import answer_text
from retrieval.masking import mask_names_and_numbers
from retrieval.normalize import fold

_NO_QUESTION = ("asked_for_person", "visitor_choice", "small_talk_")
"""Rules of exchanges in which nothing was asked that an agent could answer."""


def reply_as_agent(
    connection: Connection, conversation_id: str, said: AgentReplyIn, *, agent: KeyPrincipal
) -> AgentReplyOut:
    """Says it in the conversation; returns the message and the candidate it became.

    Raises:
        NotFoundError: there is no such conversation.
        ConflictError: nobody asked for a person in it.
        InvalidInputError: the text holds nothing that can be seen.
    """
    conversation = reachable(connection, conversation_id, agent)
    conversations.lock_conversation(connection, conversation_id)
    handoff = conversations.open_handoff(connection, conversation_id)
    if handoff is None:
        raise ConflictError(
            f"conversation {conversation_id} has no open handoff; ask for a person first "
            f"(POST /v1/conversations/{conversation_id}/handoff)"
        )
    position = conversations.take_positions(
        connection, conversation_id, count=1, language=conversation.language or "en", state=PERSON
    )
    text = answer_text(said.text)
    message = message_row(conversation_id, position, "agent", text, None)
    conversations.add_messages(connection, [message])
    asked = _question_before(repository.exchanges_before(connection, conversation_id, handoff.created_at))
    label_id = _propose(connection, asked, text, agent=agent) if asked else None
    repository.add_audit(connection, actor=agent.name, action="agent_reply", target=message["id"])
    return AgentReplyOut(
        conversation_id=conversation_id, message=MessageOut.model_validate(message), label_id=label_id
    )


def _question_before(exchanges: Sequence[AskedRow]) -> AskedRow | None:
    asked = (e for e in exchanges if not e.rule.startswith(_NO_QUESTION) and fold(e.utterance))
    return next(asked, None)


def _propose(connection: Connection, asked: AskedRow, text: str, *, agent: KeyPrincipal) -> str:
    row: JsonObject = {
        "id": new_id("lbl"),
        "utterance": asked.utterance,
        "folded": folded_hash(asked.utterance),
        "language": asked.language,
        "answer_id": None,
        "out_of_scope": False,
        "source": LabelSource.AGENT_REPLY,
        "state": LabelState.CANDIDATE,
        "draft_text": mask_names_and_numbers(text).text,
        "given_by": agent.name,
        "exchange_id": asked.id,
        "created_at": now(),
    }
    repository.add_label(connection, row)
    return str(row["id"])
