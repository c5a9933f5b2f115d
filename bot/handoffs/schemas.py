"""What travels over HTTP about handoffs."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from bot.conversations.schemas import MessageOut
from bot.db.conversation_tables import HandoffState, TalkState
from bot.knowledge.schemas import LONGEST_ANSWER
from retrieval.normalize import normalize

_EMAIL = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]+\.[^@\s<>]+")
_PHONE = re.compile(r"\+?[\d\s()./-]+")
FEWEST_DIGITS = 5


class HandoffIn(BaseModel):
    reason: str = Field("visitor_asked", max_length=64)


class HandoffOut(BaseModel):
    id: str
    conversation_id: str
    state: HandoffState
    reason: str
    created_at: datetime
    people_online: bool
    opens_at: datetime | None = Field(description="When the office opens next; null while it is open")
    contact_wanted: bool = Field(description="Nobody is there: ask the visitor where they can be reached")


class ConversationOut(BaseModel):
    id: str
    state: TalkState
    language: str | None
    site: str
    created_at: datetime
    handoff: HandoffOut | None = Field(description="The one that is open, also if nobody came so far")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("this is no email address; write such as ana@example.com")
    return value


def _phone(value: str) -> str:
    digits = sum(character.isdigit() for character in value)
    if not _PHONE.fullmatch(value) or digits < FEWEST_DIGITS:
        raise ValueError("this is no telephone number; write such as +49 228 123456")
    return value


def _written(value: object) -> object:
    """Full-width digits and letters as everybody else writes them; nothing for a field that was left empty."""
    return (normalize(value) or None) if isinstance(value, str) else value


_Given = BeforeValidator(_written)
Name = Annotated[str, StringConstraints(max_length=200)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone)]


class ContactIn(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ana", "email": "ana@example.com"}]})

    name: Annotated[Name | None, _Given] = None
    email: Annotated[Email | None, _Given] = None
    phone: Annotated[Phone | None, _Given] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.email is None and self.phone is None:
            raise ValueError("send an email address or a telephone number")
        return self


class ContactOut(BaseModel):
    name: str | None
    email: str | None
    phone: str | None
    created_at: datetime


class TriedOut(BaseModel):
    """One exchange before the handoff: what was asked and what the bot did about it."""

    exchange_id: str
    utterance: str
    outcome: str
    rule: str
    confidence: float
    reply: str
    created_at: datetime


class EvidenceOut(BaseModel):
    """A past question that was near, with the answer that it leads to."""

    answer_id: str
    question: str
    similarity: float
    confidence: float
    text: str | None = Field(description="The answer; null if it may not be given any more")


class BriefingOut(BaseModel):
    """What an operator should know before they say a word."""

    question: str | None = Field(
        description="What the visitor had asked; null if they only asked for a person"
    )
    language: str | None
    reason: str
    waiting_since: datetime
    tried: list[TriedOut] = Field(description="The oldest first")
    evidence: list[EvidenceOut] = Field(description="For the question, the best first")
    contact: ContactOut | None


class OperatorHandoff(HandoffOut):
    """A handoff as operators see it."""

    held_by: str | None
    taken_at: datetime | None
    briefing: BriefingOut


class AgentReplyIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "We open on Sundays, too, until Christmas."}]}
    )

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ANSWER)]


class AgentReplyOut(BaseModel):
    conversation_id: str
    message: MessageOut
    label_id: str | None = Field(
        description="The candidate that the reply became, to accept or reject; null when nothing had been asked before"
    )
