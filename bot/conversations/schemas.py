"""What travels over HTTP about conversations."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from bot.answering.understanding import LONGEST_MESSAGE
from bot.json_mending import mended
from bot.visitors.identity import LONGEST_TOKEN


class ConversationStart(BaseModel):
    site: str = Field("default", max_length=64, description="The site's public key")
    language: str | None = Field(None, max_length=16, description="The visitor's, such as en or zh-CN")
    metadata: dict[str, str | int | FiniteFloat | bool | None] = Field({}, max_length=20)
    identity: str | None = Field(
        None,
        max_length=LONGEST_TOKEN,
        description="A JWT signed by the site that says who the visitor is; their earlier conversations become theirs here",
    )

    @field_validator("metadata")
    @classmethod
    def _storable(cls, metadata: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = mended(metadata)
        return cleaned


class ConversationStarted(BaseModel):
    conversation_id: str
    visitor_token: str
    greeting: str
    suggestions: list[str]


class MessageIn(BaseModel):
    """Either a text, or the answer chosen among those that the last reply offered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "How long does delivery take?"}]})

    text: str | None = Field(None, max_length=LONGEST_MESSAGE)
    choice: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _one_of_both(self) -> "MessageIn":
        if (self.text is None) == (self.choice is None):
            raise ValueError("send either text or choice")
        return self


def _is_none(value: object) -> bool:
    return value is None


class ReplySource(BaseModel):
    """The document that a sentence of a composed reply stands in."""

    title: str
    url: str | None
    heading: str = Field(description="The path to the section, the document's title first")


class ReplyPart(BaseModel):
    """A whole answer, or one sentence of a composed reply with the section it is quoted from."""

    text: str
    answer_id: str | None
    section_id: str | None = Field(default=None, exclude_if=_is_none, description="Only of a quoted sentence")
    source: ReplySource | None = Field(
        default=None, exclude_if=_is_none, description="Only of a quoted sentence"
    )


class ReplyOut(BaseModel):
    text: str
    language: str
    parts: list[ReplyPart]


class Choice(BaseModel):
    answer_id: str
    question: str


class CandidateOut(BaseModel):
    answer_id: str
    question: str
    similarity: float
    lexical: float
    support: float
    confidence: float


class ExchangeOut(BaseModel):
    """One utterance and its reply."""

    id: str
    conversation_id: str
    outcome: Literal["answered", "clarified", "composed", "handed_off"]
    reply: ReplyOut
    choices: list[Choice]
    suggestions: list[str]
    release: str | None
    created_at: datetime


class ExplainedExchange(ExchangeOut):
    """With an API key and ``?explain=true``: also what led to the reply."""

    confidence: float
    intent: str | None
    candidates: list[CandidateOut]
    evidence: dict[str, Any]
    rule: str
    latency_ms: dict[str, float]


class MessageOut(BaseModel):
    id: str
    role: Literal["customer", "bot", "agent", "system"]
    text: str
    created_at: datetime
    exchange_id: str | None
