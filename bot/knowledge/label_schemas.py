"""What travels over HTTP about labels."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.db.knowledge_tables import LabelSource, LabelState, Verdict
from bot.knowledge.schemas import AnswerBody, Language, QuestionText


class LabelIn(BaseModel):
    """What is right for an utterance: the answer it got, another one, a new one, or none."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"utterance": "is the shop shut on may day", "out_of_scope": True}]}
    )

    utterance: QuestionText | None = Field(None, description="Left out, it is that of the exchange")
    answer_id: str | None = Field(None, max_length=64)
    out_of_scope: bool = False
    right: bool = Field(False, description="The answer that the exchange gave is right")
    text: AnswerBody | None = Field(None, description="A new answer, approved at once")
    language: Language | None = Field(None, description="Of the new answer; told from the text when left out")
    exchange_id: str | None = Field(None, max_length=64)
    force: bool = Field(False, description="Add the new answer although others are much like it")

    @model_validator(mode="after")
    def _one_verdict(self) -> Self:
        said = [self.answer_id is not None, self.out_of_scope, self.right, self.text is not None]
        if sum(said) != 1:
            raise ValueError("send one of answer_id, out_of_scope: true, right: true, or text")
        if self.exchange_id is None and (self.right or self.utterance is None):
            raise ValueError("send exchange_id, or say which utterance (and which answer) is meant")
        if self.language is not None and self.text is None:
            raise ValueError("language says which text is sent; send text with it")
        return self


class AcceptIn(BaseModel):
    """What a candidate is accepted as; left out, as it stands."""

    answer_id: str | None = Field(None, max_length=64, description="An answer that says this already")
    text: AnswerBody | None = Field(None, description="The new answer in better words than the draft")
    language: Language | None = Field(None, description="Of the new answer; told from the text when left out")
    force: bool = Field(False, description="Add the new answer although others are much like it")

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if self.answer_id is not None and self.text is not None:
            raise ValueError("send answer_id or text, not both")
        return self


class LabelOut(BaseModel):
    id: str
    utterance: str
    language: str
    answer_id: str | None
    out_of_scope: bool
    verdict: Verdict | None = Field(description="What it says of the reply it was given to")
    source: LabelSource
    state: LabelState
    draft_text: str | None = Field(description="What the agent wrote, with names and numbers masked")
    given_by: str
    exchange_id: str | None
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    withdrawn_at: datetime | None
