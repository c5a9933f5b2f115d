"""What a backup says of itself. The manifest is the last member, so a file without it was never finished."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FORMAT = "kefu-backup"
FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

FolderKind = Literal["checkpoint", "index_snapshot"]

_PLAIN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
FOLDER_PATH = re.compile(rf"(?:checkpoints|snapshots)/{_PLAIN}")
ROWS_MEMBER = re.compile(r"tables/([a-z][a-z0-9_]{0,62})/\d{6}\.jsonl")
FOLDER_MEMBER = re.compile(rf"folders/({FOLDER_PATH.pattern})/({_PLAIN})")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One file in the archive."""

    sha256: Sha256
    size: Size


class TableContent(_Strict):
    """``last_number`` is the last one the database gave out by itself, though its row may be gone by now."""

    rows: Size
    last_number: Annotated[int, Field(ge=1)] | None


class FolderContent(_Strict):
    """A checkpoint or index snapshot; ``path`` is relative to the data dir, ``digest`` as in the database."""

    path: Annotated[str, StringConstraints(pattern=rf"^{FOLDER_PATH.pattern}$")]
    kind: FolderKind
    digest: Sha256


class Manifest(_Strict):
    format: Literal["kefu-backup"]
    format_version: int
    kefu_version: str
    created_at: datetime
    schema_revision: str
    tables: dict[Name, TableContent]
    folders: tuple[FolderContent, ...]
    members: dict[str, Member]

    @property
    def row_count(self) -> int:
        return sum(table.rows for table in self.tables.values())
