"""What travels over HTTP about corrections."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.knowledge.label_schemas import LabelOut
from bot.knowledge.schemas import MOST_QUESTIONS, AnswerBody, AnswerOut, Language

QuestionId = Annotated[str, Field(max_length=64)]


class Action(StrEnum):
    """``replace`` the text of the answer that was given; ``split`` questions off it; ``merge`` it into another; or
    ``add`` a new one beside it."""

    REPLACE = "replace"
    SPLIT = "split"
    MERGE = "merge"
    ADD = "add"


class CorrectionIn(BaseModel):
    """Put right what caused a wrong reply.

    replace and add take ``text``; merge takes ``answer_id``; split takes one of both, and may name further questions
    of the answer that was given.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"action": "replace", "text": "Parcels arrive within three working days."}]
        }
    )

    action: Action
    text: AnswerBody | None = None
    language: Language | None = Field(
        None, description="Of the text; when left out, for replace that of the reply, else told from the text"
    )
    answer_id: str | None = Field(
        None, max_length=64, description="The answer to merge into, or to move questions to"
    )
    question_ids: list[QuestionId] = Field(
        [], max_length=MOST_QUESTIONS, description="For split: further questions that move along"
    )
    version: int | None = Field(
        None,
        description="For replace: how the answer stood when its text was read; refused if it has changed since",
    )
    force: bool = Field(False, description="Go on although other answers are much like it")
    overrule: bool = Field(False, description="Go on although somebody else has decided about the question")

    @model_validator(mode="after")
    def _what_the_action_needs(self) -> Self:
        needs_text = self.action in (Action.REPLACE, Action.ADD)
        if needs_text and (self.text is None or self.answer_id is not None):
            raise ValueError(f"{self.action.value} takes text, and no answer_id")
        if self.action is Action.MERGE and (self.answer_id is None or self.text is not None):
            raise ValueError("merge takes answer_id, and no text")
        if self.action is Action.SPLIT and (self.text is None) == (self.answer_id is None):
            raise ValueError("split takes either text (a new answer) or answer_id")
        if self.version is not None and self.action is not Action.REPLACE:
            raise ValueError("version is for replace; the other actions overwrite no text")
        if self.question_ids and self.action is not Action.SPLIT:
            raise ValueError("question_ids are for split; the other actions move none or all")
        return self


class CorrectionOut(BaseModel):
    action: Action
    answer: AnswerOut = Field(description="The right answer as it stands now")
    label: LabelOut
    moved: list[str] = Field(description="Questions that led to the answer given and lead to this one now")
    retired: str | None = Field(description="The answer that was merged into this one")
