"""What visitors and operators do about handoffs. Each function is one step in the caller's transaction.

Operators are whoever answers customers: an API key, or somebody who is logged in to the console (``Agent``). A handoff that one
of them has taken is theirs until they hand it back, close it, or are silent for too long.
"""

from dataclasses import replace

from sqlalchemy import Connection

from bot.access.principals import Principal
from bot.conversations import repository as conversations
from bot.conversations.schemas import MessageOut
from bot.db.base import now
from bot.db.conversation_tables import HandoffState, TalkState
from bot.errors import InvalidInputError, NotFoundError
from bot.feedback.signals import Replied, keep_signal, signal_after
from bot.handoffs import repository
from bot.handoffs.availability import Agent, availability, note_presence
from bot.handoffs.drafts import propose, question_before
from bot.handoffs.repository import HandoffRow
from bot.handoffs.requesting import request_person
from bot.handoffs.schemas import AgentReplyIn, AgentReplyOut, ContactIn, ConversationOut, HandoffOut
from bot.handoffs.texts import handoff_texts
from bot.handoffs.transitions import Held, Step, announce, hold, move, refusal
from bot.imports.fields import visible
from bot.settings import HandoffSettings, Settings
from retrieval.masking import mask
from retrieval.normalize import normalize

LONGEST_REASON = 64


def describe(connection: Connection, conversation_id: str, settings: HandoffSettings) -> ConversationOut:
    """Raises NotFoundError."""
    row = conversations.described(connection, conversation_id)
    if row is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    handoff = repository.open_handoff(connection, conversation_id)
    return ConversationOut(
        id=row.id,
        state=TalkState(row.state),
        language=row.language,
        site=row.public_key,
        created_at=row.created_at,
        handoff=handoff_out(connection, handoff, settings) if handoff else None,
    )


def handoff_out(connection: Connection, handoff: HandoffRow, settings: HandoffSettings) -> HandoffOut:
    there = availability(connection, settings)
    unheard = {HandoffState.WAITING: not there.people_online, HandoffState.MISSED: True}
    wanted = unheard.get(HandoffState(handoff.state), False)
    return HandoffOut(
        id=handoff.id,
        conversation_id=handoff.conversation_id,
        state=HandoffState(handoff.state),
        reason=handoff.reason,
        created_at=handoff.created_at,
        people_online=there.people_online,
        opens_at=there.opens_at,
        contact_wanted=wanted and repository.contact_of(connection, handoff.id) is None,
    )


def ask_for_person(
    connection: Connection, conversation_id: str, *, reason: str, asked_by: Principal, settings: Settings
) -> HandoffOut:
    """Opens a handoff, or returns the one that is open; the visitor is told once."""
    held = hold(connection, conversation_id)
    _keep_signal(connection, conversation_id, given_by=asked_by.name)
    if held.state in (TalkState.BOT, TalkState.CLOSED):
        held = replace(held, language=held.language or settings.languages[0])
        kept = mask(normalize(reason)).text[:LONGEST_REASON]
        held = request_person(connection, held, reason=kept, settings=settings.handoffs)
    assert held.handoff is not None, "whoever waits for a person, or talks with one, does so in a handoff"
    return handoff_out(connection, held.handoff, settings.handoffs)


def _keep_signal(connection: Connection, conversation_id: str, *, given_by: str) -> None:
    asked = conversations.last_exchange(connection, conversation_id)
    if asked is None:
        return
    before = Replied.by(asked)
    kind = signal_after(before, "", wants_person=True, best_now=None, at=now())
    if kind is not None:
        keep_signal(connection, before, kind, given_by=given_by)


def withdraw(connection: Connection, conversation_id: str) -> None:
    """The visitor wants no person any more; where none was asked for, nothing happens."""
    held = hold(connection, conversation_id)
    if held.state in (TalkState.WAITING, TalkState.PERSON):
        move(connection, held, Step.HAND_BACK, says=lambda tongue: handoff_texts(tongue).withdrawn)


def leave_contact(
    connection: Connection, conversation_id: str, contact: ContactIn, settings: HandoffSettings
) -> HandoffOut:
    """Keeps where the visitor can be reached, as they wrote it.

    Raises:
        HandoffStateError: no person was asked for.
    """
    held = hold(connection, conversation_id)
    if held.handoff is None:
        raise refusal(held, "contact details are kept with an open handoff; ask for a person first")
    row = {"handoff_id": held.handoff.id, **contact.model_dump(), "created_at": now()}
    repository.set_contact(connection, row)
    announce(connection, held, lambda tongue: handoff_texts(tongue).contact_kept)
    return handoff_out(connection, held.handoff, settings)


def take(connection: Connection, handoff_id: str, *, agent: Agent, settings: HandoffSettings) -> HandoffOut:
    """From now on the agent speaks and the bot is silent; again by the same agent changes nothing.

    Raises:
        NotFoundError: there is no such handoff.
        HandoffStateError: somebody else has taken it, or it has ended.
    """
    held = _hold_for(connection, handoff_id, agent)
    if held.state is not TalkState.PERSON:
        held = _taken(connection, held, agent)
    return handoff_out(connection, _open(held), settings)


def hand_back(
    connection: Connection, handoff_id: str, *, agent: Agent, settings: HandoffSettings
) -> HandoffOut:
    """The bot speaks again. Raises as ``take`` does."""
    return _end(connection, handoff_id, Step.HAND_BACK, agent=agent, settings=settings)


def close(connection: Connection, handoff_id: str, *, agent: Agent, settings: HandoffSettings) -> HandoffOut:
    """Ends the conversation until the visitor writes again. Raises as ``take`` does."""
    return _end(connection, handoff_id, Step.CLOSE, agent=agent, settings=settings)


def reply_as_agent(
    connection: Connection, conversation_id: str, said: AgentReplyIn, *, agent: Agent
) -> AgentReplyOut:
    """Says it in the conversation, taking the handoff if nobody has; returns the message and the candidate it became.

    Raises:
        NotFoundError: there is no such conversation.
        HandoffStateError: nobody asked for a person in it, or another agent holds it.
        InvalidInputError: the text holds nothing that can be seen.
    """
    held = hold(connection, conversation_id)
    if held.handoff is None:
        way = f"ask for a person first (POST /v1/conversations/{conversation_id}/handoff)"
        raise refusal(held, f"conversation has no open handoff; {way}")
    _only_holder(held, agent)
    note_presence(connection, agent)
    if held.state is not TalkState.PERSON:
        held = _taken(connection, held, agent)
    text = visible(said.text).strip()
    if not text:
        raise InvalidInputError("the text holds nothing that can be seen; write it out")
    position = conversations.take_positions(connection, conversation_id, count=1, language=held.language)
    message = conversations.message_row(conversation_id, position, "agent", text, None)
    conversations.add_messages(connection, [message])
    asked = question_before(connection, _open(held))
    label_id = propose(connection, asked, text, agent=agent) if asked else None
    repository.add_audit(connection, actor=agent.name, action="agent_reply", target=message["id"])
    return AgentReplyOut(
        conversation_id=conversation_id, message=MessageOut.model_validate(message), label_id=label_id
    )


def _taken(connection: Connection, held: Held, agent: Agent) -> Held:
    held = move(
        connection,
        held,
        Step.TAKE,
        says=lambda tongue: handoff_texts(tongue).taken,
        taken_by=agent.name,
        taken_at=now(),
    )
    repository.add_audit(connection, actor=agent.name, action="handoff_take", target=_open(held).id)
    return held


def _end(
    connection: Connection, handoff_id: str, step: Step, *, agent: Agent, settings: HandoffSettings
) -> HandoffOut:
    held = _hold_for(connection, handoff_id, agent)
    move(
        connection,
        held,
        step,
        says=lambda tongue: (
            handoff_texts(tongue).closed if step is Step.CLOSE else handoff_texts(tongue).handed_back
        ),
    )
    repository.add_audit(connection, actor=agent.name, action=f"handoff_{step.value}", target=handoff_id)
    ended = repository.handoff(connection, handoff_id)
    assert ended is not None, "its conversation is held, so nobody deletes it"
    return handoff_out(connection, ended, settings)


def _hold_for(connection: Connection, handoff_id: str, agent: Agent) -> Held:
    """The conversation of a handoff that is open, and in no other agent's hands."""
    handoff = repository.handoff(connection, handoff_id)
    if handoff is None:
        raise NotFoundError(f"no handoff {handoff_id!r}")
    held = hold(connection, handoff.conversation_id)
    note_presence(connection, agent)
    if held.handoff is None or held.handoff.id != handoff_id:
        raise refusal(held, f"handoff {handoff_id} has ended")
    _only_holder(held, agent)
    return held


def _only_holder(held: Held, agent: Agent) -> None:
    if held.state is TalkState.PERSON and held.handoff and held.handoff.taken_by != agent.name:
        raise refusal(held, "another person has taken it")


def _open(held: Held) -> HandoffRow:
    assert held.handoff is not None, "the step that was made leaves it open"
    return held.handoff
