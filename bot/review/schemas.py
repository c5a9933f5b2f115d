"""What travels over HTTP about the review queue."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.feedback.trust import Flag
from bot.knowledge.label_schemas import LabelOut
from bot.knowledge.schemas import AnswerBody, Language
from bot.moments import Moment


class Decision(StrEnum):
    """What an operator says about a reply; ``skip`` puts the question off."""

    RIGHT = "right"
    OTHER_ANSWER = "other_answer"
    NEW_ANSWER = "new_answer"
    OUT_OF_SCOPE = "out_of_scope"
    SKIP = "skip"


class DecisionIn(BaseModel):
    """One decision: other_answer takes ``answer_id``, new_answer ``text``, skip may take ``until``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "out_of_scope"}]})

    verdict: Decision
    answer_id: str | None = Field(None, max_length=64)
    text: AnswerBody | None = Field(None, description="The new answer, approved at once")
    language: Language | None = Field(None, description="Of the new answer; told from the text when left out")
    until: Moment | None = Field(None, description="For skip; a day from now when left out")
    force: bool = Field(False, description="Add the new answer although others are much like it")

    @model_validator(mode="after")
    def _what_the_verdict_takes(self) -> Self:
        if (self.verdict is Decision.OTHER_ANSWER) != (self.answer_id is not None):
            raise ValueError("other_answer takes answer_id, the others do not")
        if (self.verdict is Decision.NEW_ANSWER) != (self.text is not None):
            raise ValueError("new_answer takes text, the others do not")
        if self.language is not None and self.text is None:
            raise ValueError("language says which text is sent; send text with it")
        if self.until is not None and self.verdict is not Decision.SKIP:
            raise ValueError("until is for skip")
        return self


class AnswerShown(BaseModel):
    """An answer that may be right, with its words in the question's language where it has them."""

    answer_id: str
    question: str | None = Field(description="The past question that led to it")
    text: str
    confidence: float
    similarity: float
    lexical: float
    support: float


class Votes(BaseModel):
    up: int
    down: int
    reasons: dict[str, int]
    comments: list[str] = Field(description="The newest ones, masked")


class ProposalOut(BaseModel):
    """What visitors favour; it teaches nothing until somebody decides."""

    answer_id: str | None
    eligible: bool
    support: float
    dissent: float
    independent: int
    flags: list[Flag]


class Why(BaseModel):
    """Why it stands where it stands: see the review queue in docs/feedback.md."""

    gain: float = Field(
        description="Messages of the last 90 days that a decision puts right; orders the queue"
    )
    uncertainty: float = Field(description="Of the bot's decision, 0 to 1")
    doubt: float = Field(description="Uncertainty with votes and signals, 0 to 1")
    settles: float = Field(description="Messages that are like it, itself included")


class Quoted(BaseModel):
    """A sentence of a composed reply and where it stands."""

    text: str
    heading: str
    section_id: str


class ReviewItem(BaseModel):
    exchange_id: str = Field(description="The newest exchange in which it was asked")
    utterance: str
    language: str
    asked: int = Field(description="By how many visitors in the last 90 days, near-duplicates included")
    asked_at: datetime
    outcome: str
    rule: str
    answer_at: float | None = Field(description="The confidence from which it would have been answered")
    reply: str
    given: str | None = Field(description="The answer that the reply gave")
    quoted: list[Quoted] = Field(description="What a composed reply quotes; empty for any other")
    candidates: list[AnswerShown]
    votes: Votes
    signals: dict[str, int]
    proposal: ProposalOut | None
    audit: bool = Field(description="Drawn by lot, to measure how often the bot errs; not by its gain")
    why: Why


class ReviewPage(BaseModel):
    items: list[ReviewItem]
    next_cursor: str | None
    waiting: int = Field(description="Questions in the queue, this page included")


class Decided(BaseModel):
    """What a decision did. ``repeated`` when it had been made already."""

    verdict: Decision
    label: LabelOut | None = Field(description="None when it was skipped")
    until: datetime | None
    repeated: bool


class DecidedAndNext(BaseModel):
    decided: Decided
    next: ReviewItem | None = Field(description="What to decide about now; null when nothing waits")
    waiting: int
