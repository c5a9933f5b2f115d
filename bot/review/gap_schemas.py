"""What travels over HTTP about gaps."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.db.review_tables import GapState
from bot.knowledge.schemas import MOST_QUESTIONS, AnswerBody, Language
from bot.pagination import Page

ExchangeId = Annotated[str, Field(max_length=64)]


class GapAnswerIn(BaseModel):
    """An answer for a gap's questions: its draft when nothing is sent, a text, or an answer that is there."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "We repair umbrellas.", "language": "en"}]}
    )

    text: AnswerBody | None = Field(None, description="Instead of the draft")
    language: Language | None = Field(None, description="Of the text; told from it when left out")
    answer_id: str | None = Field(None, max_length=64, description="An answer that says this already")
    exchange_ids: list[ExchangeId] | None = Field(
        None,
        min_length=1,
        max_length=MOST_QUESTIONS,
        description="Whose questions lead to the answer; all of the gap's when left out",
    )
    force: bool = Field(False, description="Add the answer although others are much like it")

    @model_validator(mode="after")
    def _text_or_answer(self) -> Self:
        if self.text is not None and self.answer_id is not None:
            raise ValueError("send text or answer_id, not both")
        if self.language is not None and self.text is None:
            raise ValueError("language says which text is sent; send text with it")
        return self


class DraftOut(BaseModel):
    text: str
    language: str
    source: Literal["agent_reply", "dialogue"] = Field(
        description="A reply in a handoff, or in a past dialogue"
    )
    origin: str = Field(description="The label, or the past dialogue, that it comes from")
    asked: str = Field(description="What it replied to")


class ForecastOut(BaseModel):
    """Messages a week that the answer takes over: the mean, and where nine weeks in ten lie."""

    per_week: float
    low: int
    high: int
    coverage: float = Field(description="Share of the gap's messages that is expected to be answered")
    messages: int
    weeks: float


class ActualOut(BaseModel):
    """What happened since it was answered."""

    answered: int
    weeks: float
    per_week: float
    within: bool | None = Field(description="Whether the forecast holds it; null before a week is over")


class WeekOut(BaseModel):
    week: str = Field(examples=["2026-W48"], description="ISO 8601")
    messages: int


class GapQuestion(BaseModel):
    exchange_id: str
    utterance: str
    asked: int


class GapOut(BaseModel):
    id: str
    name: str | None = Field(description="The question that is most like the others; null when it was erased")
    terms: list[str]
    state: GapState
    language: str
    messages: int
    visitors: int
    languages: dict[str, int] = Field(description="Messages by language")
    trend: list[WeekOut]
    examples: dict[str, list[GapQuestion]] = Field(description="By language, the most asked first")
    draft: DraftOut | None = Field(description="Null when no person has replied to such a question")
    answer_id: str | None
    forecast: ForecastOut | None = Field(
        description="As stored when it was answered; before, for all of its questions"
    )
    actual: ActualOut | None
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime
    updated_at: datetime


class GapsFound(BaseModel):
    open: int


GapPage = Page[GapOut]
