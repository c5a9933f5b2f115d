"""What travels over HTTP about feedback."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field


class Rating(StrEnum):
    UP = "up"
    DOWN = "down"


class FeedbackReason(StrEnum):
    WRONG_ANSWER = "wrong_answer"
    NOT_MY_QUESTION = "not_my_question"
    OUTDATED = "outdated"
    INCOMPLETE = "incomplete"
    TONE = "tone"
    OTHER = "other"


class FeedbackIn(BaseModel):
    rating: Rating
    reason: FeedbackReason | None = None
    comment: str | None = Field(None, max_length=2000)


class FeedbackOut(BaseModel):
    id: str
    exchange_id: str
    rating: Rating
    reason: FeedbackReason | None
    comment: str | None
    created_at: datetime


class VoteOut(FeedbackOut):
    """A vote as operators see it."""

    given_by: str
    withdrawn_at: datetime | None
    counts: bool = Field(
        description="Whether it is the newest of this person on this exchange, not withdrawn"
    )
