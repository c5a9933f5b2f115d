"""Starting conversations and answering in them."""

import time
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import KeyPrincipal, Principal
from bot.access.visitor_tokens import VisitorTokens
from bot.answering.replying import (
    Reply,
    bot_failed,
    person_is_here,
    reply_to,
    reply_to_choice,
    without_person,
)
from bot.answering.serving import Serving
from bot.answering.understanding import Understood, spoken_language
from bot.conversations import repository
from bot.conversations.schemas import ConversationStart, ConversationStarted
from bot.db.access_tables import DEFAULT_SITE_ID, DEFAULT_SITE_KEY
from bot.db.base import JsonObject, new_id, now
from bot.db.conversation_tables import Conversation, SignalKind, TalkState
from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.db.webhook_tables import EventType
from bot.errors import InvalidInputError, NotFoundError
from bot.experiments.splitting import Exposed
from bot.feedback.signals import Replied, keep_signal, signal_after
from bot.handoffs.availability import availability
from bot.handoffs.requesting import request_person
from bot.handoffs.texts import handoff_texts
from bot.handoffs.transitions import Held, Step, hold, move
from bot.knowledge.folding import folded_hash
from bot.settings import HandoffSettings, Settings
from bot.sites.repository import by_key as site_by_key
from bot.sites.service import greeting_in, site_languages, suggestions_in
from bot.visitors.service import Arrival, visitor_for
from bot.webhooks.outbox import record, record_in_session
from retrieval.decision import Outcome


@dataclass(frozen=True)
class Spoken:
    """What is recorded besides the reply itself. The language is the customer's, whatever an answer is written in."""

    utterance: str
    language: str
    serving: Serving | None
    timings_ms: dict[str, float]
    started: float
    in_context: str | None = None


async def start_conversation(
    session: AsyncSession,
    start: ConversationStart,
    *,
    principal: Principal | None,
    tokens: VisitorTokens,
    languages: tuple[str, ...],
    channel: str = "widget",
) -> ConversationStarted:
    """A new thread: of the visitor whose token was sent or whom the site names, else of a new visitor."""
    site = await site_by_key(session, start.site)
    if site is None:
        raise InvalidInputError(f"site {start.site!r} is not known; leave it out to use the default site")
    conversation_id = new_id("cnv")
    token = tokens.token_for(conversation_id)
    visitor_id = await visitor_for(session, site, Arrival(principal, token, start.identity))
    language = served_language(start.language, site_languages(site, languages))
    conversation = Conversation(
        id=conversation_id,
        site_id=site.id,
        visitor_id=visitor_id,
        api_key_id=principal.id if isinstance(principal, KeyPrincipal) else None,
        channel=channel,
        language=language,
        state=TalkState.BOT,
        details=start.metadata,
    )
    session.add(conversation)
    await record_in_session(
        session,
        EventType.CONVERSATION_STARTED,
        started_payload(conversation_id, site=site.public_key, channel=channel),
        conversation_id=conversation_id,
    )
    return ConversationStarted(
        conversation_id=conversation_id,
        visitor_token=token,
        greeting=greeting_in(site, language),
        suggestions=await suggestions_in(session, site, language),
    )


def open_thread(connection: Connection, key: KeyPrincipal, *, channel: str) -> str:
    """A conversation that an integrator holds, with no visitor known to us; returns its id."""
    row = {
        "id": new_id("cnv"),
        "site_id": DEFAULT_SITE_ID,
        "api_key_id": key.id,
        "channel": channel,
        "state": TalkState.BOT,
        "metadata": {},
    }
    connection.execute(insert(Conversation), row)
    conversation_id = str(row["id"])
    payload = started_payload(conversation_id, site=DEFAULT_SITE_KEY, channel=channel)
    record(connection, EventType.CONVERSATION_STARTED, payload, conversation_id=conversation_id)
    return conversation_id


def started_payload(conversation_id: str, *, site: str, channel: str) -> JsonObject:
    return {"conversation_id": conversation_id, "site": site, "channel": channel}


def served_language(wish: str | None, languages: tuple[str, ...]) -> str:
    """The served language for a tag such as zh-Hant-TW; the site's first one when it has no such language."""
    primary = (wish or "").replace("_", "-").split("-")[0].lower()
    return primary if primary in languages else languages[0]


def reachable(
    connection: Connection, conversation_id: str, principal: Principal
) -> repository.ConversationRow:
    conversation = repository.conversation_for(connection, conversation_id, principal)
    if conversation is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    return conversation


def answer_text(
    connection: Connection,
    conversation_id: str,
    understood: Understood,
    *,
    said_by: Principal,
    settings: HandoffSettings,
    visitor_id: str | None = None,
    person_can_reply: bool = True,
) -> JsonObject:
    """Replies to an utterance; message, reply, exchange, handoff and exposure are recorded together.

    Where a person has taken over meanwhile, the message is kept for them and nothing is replied. Where none can reply, none is
    asked for.
    """
    held = hold(connection, conversation_id)
    timings = dict(understood.retrieved.timings_ms) if understood.retrieved else {}
    spoken = Spoken(
        understood.utterance,
        understood.language,
        understood.serving,
        timings,
        understood.started,
        understood.in_context,
    )
    if held.state is TalkState.PERSON:
        return keep_for_person(connection, held, spoken)
    reply = reply_to(connection, understood)
    if not person_can_reply:
        reply = without_person(reply)
    asked = repository.last_exchange(connection, conversation_id)
    row = record_exchange(
        connection, held, reply, spoken, settings=settings, person_can_reply=person_can_reply
    )
    if understood.exposed is not None and visitor_id is not None:
        _record_exposure(connection, understood, understood.exposed, row, visitor_id)
    if asked is not None:
        _keep_what_follows(connection, Replied.by(asked), understood, said_by=said_by)
    return row


def keep_for_person(connection: Connection, held: Held, spoken: Spoken) -> JsonObject:
    """A message to the person who has the conversation; the bot is silent."""
    reply = person_is_here(spoken.language)
    row = _exchange_row(held.id, reply, spoken)
    position = repository.take_positions(connection, held.id, count=1, language=spoken.language)
    said = repository.message_row(held.id, position, "customer", spoken.utterance, row["id"])
    repository.add_exchange(connection, row, [said])
    return {**row, "notices": []}


def hand_over_unanswered(
    connection: Connection, conversation_id: str, utterance: str, *, settings: Settings, started: float
) -> JsonObject | None:
    """A message that the bot can't answer, for want of a release or because it failed, goes to a person.

    None where nobody is there and nobody was asked for yet: then nothing is kept.
    """
    held = hold(connection, conversation_id)
    asked_for = held.state in (TalkState.WAITING, TalkState.PERSON)
    if not asked_for and not availability(connection, settings.handoffs).people_online:
        return None
    language = spoken_language(utterance, languages=settings.languages, before=held.language)
    spoken = Spoken(utterance, language, None, {}, started)
    if held.state is TalkState.PERSON:
        return keep_for_person(connection, held, spoken)
    return record_exchange(connection, held, bot_failed(language), spoken, settings=settings.handoffs)


def _record_exposure(
    connection: Connection, understood: Understood, exposed: Exposed, row: JsonObject, visitor_id: str
) -> None:
    exposure = {
        "exchange_id": row["id"],
        "experiment_id": exposed.experiment_id,
        "visitor_id": visitor_id,
        "arm": exposed.arm.value,
        "latency_ms": row["latency_ms"]["total"],
        "wrong_language": row["reply"]["language"] != understood.language,
        "created_at": row["created_at"],
    }
    repository.add_exposure(connection, exposure)


def _keep_what_follows(
    connection: Connection, before: Replied, understood: Understood, *, said_by: Principal
) -> None:
    """A follow-up that the same answer serves asks for more of it; it does not say it in other words."""
    retrieved = understood.retrieved
    leans = retrieved is not None and retrieved.context is not None and retrieved.context.resolved
    found = retrieved.candidates if retrieved and not leans else ()
    kind = signal_after(
        before,
        understood.utterance,
        wants_person=understood.wants_person,
        best_now=found[0].answer_id if found else None,
        at=now(),
    )
    if kind is not None:
        keep_signal(connection, before, kind, given_by=said_by.name)


def answer_choice(
    connection: Connection,
    conversation: repository.ConversationRow,
    answer_id: str,
    *,
    chosen_by: Principal,
    settings: HandoffSettings,
    address_block: str | None = None,
    in_words: str | None = None,
) -> JsonObject:
    """Gives the answer that the visitor picked; the pick stays as a candidate for a label on the question asked.

    ``in_words``: what was typed to pick it, where it was not chosen from a list.
    """
    started = time.perf_counter()
    held = hold(connection, conversation.id)
    asked = repository.last_exchange(connection, conversation.id)
    offered = [choice["answer_id"] for choice in asked.choices] if asked else []
    language = asked.language if asked else conversation.language or "en"
    reply = reply_to_choice(connection, answer_id, offered, language=language)
    assert asked is not None, "a choice that was offered was offered by an exchange"
    question = next(c["question"] for c in asked.choices if c["answer_id"] == answer_id)
    spoken = Spoken(in_words or question, language, None, {}, started, question if in_words else None)
    if held.state is TalkState.PERSON:
        return keep_for_person(connection, held, spoken)
    row = record_exchange(connection, held, reply, spoken, settings=settings)
    label = {
        "id": new_id("lbl"),
        "utterance": asked.question,
        "folded": folded_hash(asked.question),
        "language": asked.language,
        "answer_id": answer_id,
        "out_of_scope": False,
        "source": LabelSource.VISITOR_CHOICE,
        "state": LabelState.CANDIDATE,
        "given_by": chosen_by.name,
        "address_block": address_block,
        "exchange_id": asked.id,
    }
    connection.execute(insert(Label), label)
    keep_signal(connection, Replied.by(asked), SignalKind.CHOSE, given_by=chosen_by.name, answer_id=answer_id)
    return row


def record_exchange(
    connection: Connection,
    held: Held,
    reply: Reply,
    spoken: Spoken,
    *,
    settings: HandoffSettings,
    person_can_reply: bool = True,
) -> JsonObject:
    """Writes the exchange with its two messages, and what follows for who speaks.

    Returns the exchange's row, and as ``notices`` what the system said with it.
    """
    held = replace(held, language=spoken.language)
    if held.state is TalkState.CLOSED:
        held = move(connection, held, Step.REOPEN, says=lambda tongue: handoff_texts(tongue).reopened)
    position = repository.take_positions(connection, held.id, count=2, language=spoken.language)
    row = _exchange_row(held.id, reply, spoken)
    messages = [
        repository.message_row(held.id, position, "customer", spoken.utterance, row["id"]),
        repository.message_row(held.id, position + 1, "bot", reply.text, row["id"]),
    ]
    repository.add_exchange(connection, row, messages)
    if reply.outcome is Outcome.HANDED_OFF and held.state is TalkState.BOT and person_can_reply:
        held = request_person(connection, held, reason=reply.rule, settings=settings, exchange_id=row["id"])
    return {**row, "notices": list(held.notices)}


def _exchange_row(conversation_id: str, reply: Reply, spoken: Spoken) -> JsonObject:
    serving = spoken.serving
    total = (time.perf_counter() - spoken.started) * 1000
    timings = {stage: round(ms, 2) for stage, ms in {**spoken.timings_ms, "total": total}.items()}
    return {
        "id": new_id("exc"),
        "conversation_id": conversation_id,
        "utterance": spoken.utterance,
        "in_context": spoken.in_context,
        "language": spoken.language,
        "outcome": reply.outcome.value,
        "rule": reply.rule,
        "confidence": reply.confidence,
        "intent": reply.intent,
        "reply": {"text": reply.text, "language": reply.language, "parts": list(reply.parts)},
        "choices": list(reply.choices),
        "suggestions": list(reply.suggestions),
        "candidates": list(reply.candidates),
        "evidence": dict(reply.evidence or {}),
        "latency_ms": timings,
        "release_id": serving.release_id if serving else None,
        "checkpoint_id": serving.checkpoint_id if serving else None,
        "snapshot_id": serving.snapshot_id if serving else None,
        "created_at": now(),
    }
