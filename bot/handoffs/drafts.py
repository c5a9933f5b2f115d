"""Agents' replies as drafts of answers: candidates for a label on what the visitor had asked before the handoff.

A draft teaches nothing until somebody with an operator's key accepts it, since most of what agents write ("one moment,
please") is no answer.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.db.base import JsonObject, new_id, now
from bot.db.knowledge_tables import LabelSource, LabelState
from bot.handoffs import repository
from bot.handoffs.availability import Agent
from bot.handoffs.repository import AskedRow, HandoffRow
from bot.knowledge.folding import folded_hash
from retrieval.masking import mask_names_and_numbers
from retrieval.normalize import fold

_NO_QUESTION = ("asked_for_person", "person_is_here", "visitor_choice", "small_talk_")
"""Rules of exchanges in which nothing was asked that an agent could answer."""


def question_before(connection: Connection, handoff: HandoffRow) -> AskedRow | None:
    """The last thing that was asked before the handoff."""
    exchanges: Sequence[AskedRow] = repository.exchanges_before(
        connection, handoff.conversation_id, handoff.waiting_since
    )
    asked = (e for e in exchanges if not e.rule.startswith(_NO_QUESTION) and fold(e.utterance))
    return next(asked, None)


def propose(connection: Connection, asked: AskedRow, text: str, *, agent: Agent) -> str:
    """Returns the label's id."""
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
