"""What travels over HTTP, and out of ``kefu releases experiment --json``, about experiments."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class ExperimentWish(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"release_a": "rel_1", "release_b": "rel_2", "share": 0.5}]}
    )

    release_a: str = Field(max_length=64, description="The release that speaks")
    release_b: str = Field(max_length=64, description="The release that is tried")
    share: float = Field(0.5, ge=0.05, le=0.95, description="Of the visitors who get release_b")
    lead_s: int = Field(
        10, ge=0, le=3600, description="Seconds until it begins, in which every worker loads both releases"
    )
    force: bool = Field(False, description="Although the gate refused release_b; the audit log keeps that")


class EstimateOut(BaseModel):
    metric: str = Field(
        description="resolved (neither handoff nor thumbs-down), handoffs, thumbs_down, slow_replies or wrong_language"
    )
    mean_a: float | None
    mean_b: float | None
    difference: float = Field(description="B less A, weighted by the chance of each visitor's arm")
    lower: float = Field(description="The interval holds at every moment at once, however often it is read")
    upper: float
    confidence: float = Field(description="With which the interval holds")


class ExperimentOut(BaseModel):
    id: str
    release_a: str
    release_b: str
    share: float
    running: bool
    started_at: datetime
    started_by: str
    begins_at: datetime = Field(description="Conversations that began before stay out")
    ended_at: datetime | None
    ended_by: str | None
    end_kind: str | None = Field(
        description="decided, guarded (a guardrail), promoted, rejected (a release was), broken (a release can't be loaded) "
        "or stopped (by a person)"
    )
    end_reason: str | None


class ExperimentDetails(ExperimentOut):
    visitors_a: int = Field(description="Whose half hour is over")
    visitors_b: int
    visitors_waiting: int = Field(description="Who came less than half an hour ago and do not count yet")
    estimates: list[EstimateOut]
    figured_at: datetime = Field(
        description="When these figures were made: now, or where there are many visitors when the experiment was looked at last, once a minute"
    )
