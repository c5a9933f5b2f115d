"""What an export says of itself: beside the file on disk, and over HTTP.

``<name>.manifest.json`` lies beside every JSON Lines file, so that the lines themselves can be read by programs that
know nothing of Kefu (a knowledge export is a FAQ file that ``kefu import`` takes).
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT_VERSION = 1
MANIFEST_SUFFIX = ".manifest.json"
NOTICE = (
    "Replies to customers in this file were given by a machine (Kefu), except those of role agent. "
    "本文件中对客户的回复由机器（Kefu）自动生成，角色为 agent 的除外。"
)
"""That a machine answered has to be said (EU AI Act, art. 50; Chinese rules on labelling generated content)."""


class ExportKind(StrEnum):
    EXCHANGES = "exchanges"
    KNOWLEDGE = "knowledge"
    LABELS = "labels"
    CONVERSATION = "conversation"


class ExportManifest(BaseModel):
    format: Literal["kefu-export"]
    format_version: int
    kind: ExportKind
    notice: str
    kefu_version: str
    schema_revision: str
    created_at: datetime
    file: str
    rows: int
    bytes: int
    sha256: str
    left_out: int
    """Answers without any question in use, which a FAQ has no line for."""

    label_sources: dict[str, int] = {}
    """For labels: how many there are of each source."""


class ExportWish(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "exchanges"}]})

    kind: ExportKind
    conversation_id: str | None = Field(None, max_length=64, description="For kind conversation: which one")

    @model_validator(mode="after")
    def _conversation_named(self) -> "ExportWish":
        if (self.kind is ExportKind.CONVERSATION) != (self.conversation_id is not None):
            raise ValueError("conversation_id is needed for kind conversation, and only there")
        return self


class ExportOut(BaseModel):
    id: str
    kind: ExportKind
    rows: int
    bytes: int
    sha256: str
    created_at: datetime
    url: str = Field(description="Where the file can be had, with the same key")
