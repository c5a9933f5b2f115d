"""What travels over HTTP, and out of ``kefu import --json``, about imports."""

from datetime import datetime

from pydantic import BaseModel, Field

from bot.imports.readers import ImportFormat


class RejectedOut(BaseModel):
    line: int = Field(description="Of documents: which of the files, counted from 1; the reason names it")
    reason: str


class MinedReport(BaseModel):
    """What the dialogues of a file gave: answers and questions added, and what was passed over, by reason."""

    answers: int
    questions: int
    unchanged: int
    conflicting: int
    need_wording: int = Field(
        description="Answers with slots such as {order_number}: drafts until a person words them"
    )
    skipped: dict[str, int]


class ImportReport(BaseModel):
    """Counts are per question of a FAQ (further phrasings count too), per dialogue, or per document."""

    batch_id: str | None = Field(description="Null after a dry run, and when the file added nothing")
    format: ImportFormat
    dry_run: bool
    approved: bool
    new: int
    changed: int = Field(
        description="Known questions whose answer got another text; dialogues with other turns; documents with another text"
    )
    unchanged: int
    duplicate: int = Field(description="Repeated within the file")
    conflicting: int = Field(
        description="Lead to another answer already; kept as drafts tagged conflict. Documents that a person retired"
    )
    masked: int = Field(description="Pieces of personal data that were taken out")
    masked_kinds: dict[str, int]
    html: int = Field(
        default=0, description="Texts that were HTML and are plain text now; 0 in reports of earlier versions"
    )
    languages: dict[str, int]
    rejected: list[RejectedOut]
    mined: MinedReport | None


class BatchOut(BaseModel):
    id: str
    filename: str
    format: ImportFormat
    approved: bool
    imported_by: str
    created_at: datetime
    undone_at: datetime | None
    report: ImportReport


class UndoReport(BaseModel):
    """What was taken out again."""

    batch_id: str
    questions: int
    answers: int = Field(description="Answers retired")
    restored: int = Field(description="Answers that stand as they did before the import")
    kept: int = Field(
        description="Answers left as they are, since somebody used or changed them after the import"
    )
    dialogues: int
    documents: int = Field(description="Documents retired")
    documents_restored: int = Field(description="Documents that stand as they did before the import")
    documents_kept: int = Field(description="Documents left as they are, since somebody changed them since")
