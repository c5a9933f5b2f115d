"""What travels over HTTP, and out of ``kefu releases --json``, about releases."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class ReleaseOut(BaseModel):
    id: str
    promoted: bool = Field(description="Whether it speaks now")
    created_at: datetime
    created_by: str
    promoted_at: datetime | None = Field(description="When it was promoted last")
    gate_passed: bool | None = Field(description="Whether the gate let it pass; null where it was not judged")
    removed_at: datetime | None = Field(
        description="Since when its folders are gone: it was old, or not in the backup that was restored"
    )


class CheckpointOut(BaseModel):
    """Paths are absolute, on the machine that answers this."""

    id: str
    path: str
    onnx: str
    tokenizer: str
    digest: str
    summary: dict[str, Any]


class SnapshotOut(BaseModel):
    id: str
    path: str
    digest: str
    revision: int
    summary: dict[str, Any]


class GateCheckOut(BaseModel):
    name: str
    passed: bool
    reason: str


class GateOut(BaseModel):
    passed: bool
    made_at: datetime
    report: str | None = Field(
        description="The page on the machine that answers this; null when it was removed"
    )
    checks: list[GateCheckOut]
    not_compared: str | None = Field(
        description="What was not compared and why, where the release that spoke could not be loaded"
    )


class ReleaseDecisionOut(BaseModel):
    """What people decided; one that was rejected can't be promoted."""

    approved: bool
    reason: str
    decided_by: str
    decided_at: datetime


class ReleaseDetails(ReleaseOut):
    checkpoint: CheckpointOut
    snapshot: SnapshotOut
    gate: GateOut | None = Field(description="The gate's verdict; null where it was not judged")
    decision: ReleaseDecisionOut | None = Field(description="What people decided; null while nobody has")
