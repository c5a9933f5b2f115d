"""What travels over HTTP, and out of ``kefu runs --json``, about training runs."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.db.training_tables import RunState, RunTrigger

AUTO = "auto"


class RunOptions(BaseModel):
    """How to train; ``promote`` is a person's word that the new release shall speak at once.

    ``recalibrate`` trains nothing: the checkpoint that speaks gets cut-offs that fit its audited traffic.
    """

    model_config = ConfigDict(frozen=True)

    backbone: str = AUTO
    tune: bool = True
    seed: int = 0
    promote: bool = False
    recalibrate: bool = False


class TrainingRunWish(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "new price list"}]})

    reason: str | None = Field(None, max_length=400, description="Why, for those who read the list")
    tune: bool = Field(True, description="Train the encoder's upper layers where it is worth it")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random")
    recalibrate: bool = Field(
        False,
        description="Train nothing: choose other cut-offs for the release that speaks, on audited traffic",
    )


class RunProgress(BaseModel):
    stage: str
    done: int
    total: int
    loss: float | None
    seconds_left: int | None = Field(description="Of this stage, while something tells")


class RunVerdict(BaseModel):
    passed: bool = Field(description="Whether the gate let it pass")
    reasons: list[str]
    not_compared: str | None = Field(
        description="What was not compared and why, where the release that spoke could not be loaded"
    )


class TrainingRunOut(BaseModel):
    id: str
    state: RunState
    trigger: RunTrigger
    reason: str | None
    requested_by: str
    cancel_requested: bool
    attempts: int = Field(description="How often it was begun; more than once after a kill")
    progress: RunProgress | None
    revision: int | None = Field(description="Revision of the knowledge that is learnt")
    checkpoint_id: str | None
    release_id: str | None = Field(description="The candidate release, when it is done")
    report: str | None = Field(description="Path of the report's page")
    verdict: RunVerdict | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None = Field(
        description="When the process that trains last showed that it lives"
    )
    ended_at: datetime | None
