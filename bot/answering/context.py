"""The exchanges before a message, as far as it may lean on them: few, recent, and only what the bot was asked and said."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.answering.given_answers import PERSON_IS_HERE, given_answer
from bot.conversations.repository import EarlierRow, earlier_exchanges
from retrieval.context import CORRECTION, FOLLOW_UP, JOINED, MOST_TURNS, Turn
from retrieval.decision import Outcome
from retrieval.follow_ups import correction, may_follow_up
from retrieval.language import detect_language
from retrieval.masking import mask
from retrieval.normalize import normalize
from retrieval.person_request import asks_for_person
from retrieval.small_talk import small_talk

if TYPE_CHECKING:
    from bot.answering.replying import Reply

RECENT = timedelta(minutes=30)
"""Whoever comes back later begins anew: the usual end of a session in web statistics."""
MERGE_WITHIN = timedelta(seconds=2)
"""So soon after a message that was not answered, the next one is the rest of it."""
LONGEST_EARLIER = 4000
_ASKS_NOTHING = ("small_talk_", "asked_for_person")
_LOOKED_BACK = MOST_TURNS + 2
_LEADS_ON = (FOLLOW_UP, CORRECTION, JOINED)


def leans(utterance: str, turns: Sequence[Turn]) -> bool:
    """Whether the message is worth a search in context: by its wording, or because it comes hard on an unanswered one."""
    if not turns:
        return False
    return turns[0].unfinished or may_follow_up(utterance) or correction(utterance) is not None


def turns_before(connection: Connection, conversation_id: str, *, at: datetime) -> tuple[Turn, ...]:
    """At most MOST_TURNS, the last one first; a person's takeover or half an hour of silence ends them.

    ``at``: when the message came in.
    """
    turns: list[Turn] = []
    before = at
    for row in earlier_exchanges(connection, conversation_id, limit=_LOOKED_BACK):
        if row.rule == PERSON_IS_HERE or before - row.created_at > RECENT or len(turns) == MOST_TURNS:
            break
        before = row.created_at
        if not row.rule.startswith(_ASKS_NOTHING):
            turns.append(_turn(row, unfinished=not turns and at - row.created_at <= MERGE_WITHIN))
    return tuple(turns)


def turn_of(utterance: str, language: str, reply: "Reply") -> Turn:
    """Of a reply that is not stored."""
    answer_id = given_answer(reply.outcome.value, {"parts": list(reply.parts)})
    how = (reply.evidence or {}).get("context", {}).get("how")
    said = _approved_words(reply.outcome, answer_id, reply.text)
    return Turn(utterance, language, reply=said, answer_id=answer_id, leads_on=how in _LEADS_ON)


def _approved_words(outcome: str, answer_id: str | None, text: str) -> str:
    """What was said, unless it was in the bot's own words."""
    return text if answer_id is not None or outcome == Outcome.COMPOSED else ""


def _turn(row: EarlierRow, *, unfinished: bool) -> Turn:
    answer_id = given_answer(row.outcome, row.reply)
    waiting = row.outcome in (Outcome.HANDED_OFF, Outcome.CLARIFIED)
    return Turn(
        row.utterance,
        row.language,
        reply=_approved_words(row.outcome, answer_id, row.reply["text"]),
        answer_id=answer_id,
        leads_on=row.how in _LEADS_ON,
        unfinished=unfinished and waiting,
    )


def turns_of(utterances: Sequence[str], *, languages: tuple[str, ...]) -> tuple[Turn, ...]:
    """Of what a caller says was asked before, the last one first; nothing is known of the replies."""
    said = [clean_earlier(text) for text in utterances[:_LOOKED_BACK]]
    asked = [text for text in said if text and small_talk(text) is None and not asks_for_person(text)]
    return tuple(Turn(text, detect_language(text, languages=languages)) for text in asked[:MOST_TURNS])


def clean_earlier(text: str) -> str:
    """As a message is kept; what is too long leads nowhere."""
    return "" if len(text) > LONGEST_EARLIER else mask(normalize(text)).text
