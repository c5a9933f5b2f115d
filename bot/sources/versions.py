"""How a document stood: the content of ``document_versions``, one row for every version.

``changed_by`` is as in ``bot.knowledge.versions``: a principal, or the import that did it or was undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.db.base import JsonObject

PENDING = "pending"
"""The state of a version that never stood, unlike a draft: it waited beside an approved one."""


@dataclass(frozen=True)
class DocumentContent:
    """Everything of a document that a version keeps; sections by id, in reading order."""

    state: str
    title: str
    language: str
    content_hash: str
    sections: Sequence[str]
    url: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def to_json(self) -> JsonObject:
        return {
            "state": self.state,
            "title": self.title,
            "url": self.url,
            "language": self.language,
            "content_hash": self.content_hash,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "sections": list(self.sections),
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> "DocumentContent":
        return cls(
            state=content["state"],
            title=content["title"],
            language=content["language"],
            content_hash=content["content_hash"],
            sections=content["sections"],
            url=content["url"],
            valid_from=_moment(content["valid_from"]),
            valid_until=_moment(content["valid_until"]),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
