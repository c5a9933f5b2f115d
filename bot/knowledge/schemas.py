"""What travels over HTTP about answers and questions."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.db.knowledge_tables import AnswerState, LabelSource
from bot.moments import Moment

LONGEST_QUESTION = 4_000
LONGEST_ANSWER = 20_000
MOST_QUESTIONS = 1_000

QuestionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUESTION)
]
AnswerBody = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ANSWER)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Language = Annotated[str, StringConstraints(max_length=16)]
Replace = Annotated[bool, Field(description="Take the place of questions that lead elsewhere already")]


class AnswerIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Delivery takes two to three working days.",
                    "language": "en",
                    "questions": ["How long does delivery take?"],
                }
            ]
        }
    )

    text: AnswerBody
    language: Language | None = Field(None, description="Told from the text when left out")
    questions: list[QuestionText] = Field([], max_length=MOST_QUESTIONS)
    intent: Name | None = None
    tags: list[Name] = Field([], max_length=100)
    state: AnswerState = AnswerState.APPROVED
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    replace: Replace = False


class AnswerPatch(BaseModel):
    """Only what is sent changes; null clears intent and dates."""

    text: AnswerBody | None = None
    language: Language | None = Field(
        None, description="Of the text; when left out, that of the answer's `text`"
    )
    state: AnswerState | None = None
    intent: Name | None = None
    tags: list[Name] | None = Field(None, max_length=100)
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    replace: Replace = False

    @model_validator(mode="after")
    def _text_with_language(self) -> Self:
        if self.language is not None and self.text is None:
            raise ValueError("language says which text is sent; send text with it")
        return self


class AnswerOut(BaseModel):
    """``text`` and ``language`` are the first variant, or that of the language asked for."""

    id: str
    text: str
    language: str
    variants: dict[str, str]
    state: AnswerState
    intent: str | None
    tags: list[str]
    version: int
    valid_from: datetime | None
    valid_until: datetime | None
    questions: int = Field(description="How many lead to it")
    created_at: datetime
    updated_at: datetime


class AnswerVersionOut(BaseModel):
    version: int
    content: dict[str, Any]
    changed_by: str
    created_at: datetime


class SourceOut(BaseModel):
    """A turn of a past dialogue that a mined answer or one of its questions was taken from."""

    conversation_id: str
    turn: int = Field(description="Counted from 0")
    role: str
    text: str


class QuestionIn(BaseModel):
    text: QuestionText
    answer_id: str = Field(max_length=64)
    language: Language | None = Field(None, description="Told from the text when left out")
    replace: Replace = False


class QuestionOut(BaseModel):
    id: str
    answer_id: str
    text: str
    language: str
    source: LabelSource
    created_at: datetime
