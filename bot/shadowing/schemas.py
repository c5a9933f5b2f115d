"""What travels over HTTP, and out of ``kefu releases shadow-report --json``, about shadows."""

from datetime import datetime

from pydantic import BaseModel, Field

from bot.pagination import Page


class ShadowOut(BaseModel):
    release_id: str
    running: bool
    started_at: datetime = Field(description="When it was switched on last")
    started_by: str
    ended_at: datetime | None


class ShadowedLanguage(BaseModel):
    language: str
    exchanges: int
    kinds: dict[str, int]


class VoteAgreement(BaseModel):
    """Counting votes on exchanges in which an answer was given, by whether the shadow would have done the same."""

    same: int
    different: int


class LabelAgreement(BaseModel):
    """Exchanges whose utterance has a label that counts. Right is the labelled answer, or none where none is right."""

    both_right: int
    only_spoken_right: int
    only_shadow_right: int
    both_wrong: int


class Difference(BaseModel):
    """Exchanges with the same words, the same reply and the same decision of the shadow."""

    kind: str
    count: int
    exchange_id: str = Field(description="The newest of them")
    utterance: str
    language: str
    spoken_answer_id: str | None
    answer_id: str | None = Field(description="What the shadow would have answered")
    confidence: float = Field(description="The shadow's, in the mean")


class ShadowReport(BaseModel):
    release_id: str
    running: bool
    exchanges: int = Field(
        description="On which it has decided; of the newest 10,000 where there are more, like all that follows"
    )
    kinds: dict[str, int] = Field(
        description="same, other_answer, other_choices, or <what was done>_to_<what the shadow would have done>"
    )
    languages: list[ShadowedLanguage]
    votes_up: VoteAgreement
    votes_down: VoteAgreement
    labels: LabelAgreement
    differences: Page[Difference]
