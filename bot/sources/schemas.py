"""What travels over HTTP, and out of ``kefu documents --json``, about documents."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.db.knowledge_tables import AnswerState
from bot.moments import Moment


class SectionOut(BaseModel):
    id: str
    heading: list[str] = Field(description="The path of headings to it, without the document's title")
    text: str
    language: str


class DocumentOut(BaseModel):
    id: str
    key: str = Field(description="By which an import knows it again: its path, or its address")
    title: str
    url: str | None
    language: str
    state: AnswerState
    version: int
    pending: int | None = Field(description="A version that an import brought and nobody approved yet")
    valid_from: datetime | None
    valid_until: datetime | None
    section_count: int
    created_at: datetime
    updated_at: datetime


class DocumentVersionOut(BaseModel):
    version: int
    state: str = Field(description="draft, approved, retired, or pending for one that has only waited")
    title: str
    url: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    section_ids: list[str] = Field(description="In reading order")
    changed_by: str
    created_at: datetime


class DocumentDetail(DocumentOut):
    """With the sections of the version that stands, and how it stood before."""

    sections: list[SectionOut]
    versions: list[DocumentVersionOut]


class DocumentVersionDetail(DocumentVersionOut):
    sections: list[SectionOut]


class DocumentPatch(BaseModel):
    """Only what is sent changes; null clears a date. Approving takes over what is pending."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "approved"}]})

    state: AnswerState | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    drop_pending: bool = Field(False, description="Forget the pending version instead")
