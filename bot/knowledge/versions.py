"""How an answer stood: the content of ``answer_versions``, one row for every version, the present one included.

``changed_by`` is a principal (``key:…``, ``cli``) or, for what imports did, ``import:<batch>`` and ``undo:<batch>``;
by these an import is undone, and a person's edit is told from what a file once said. ``merge:<label>`` retired an answer
into another, ``withdrawal:<audit entry>`` took labels out (or back in) with what they had made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.db.base import JsonObject

IMPORTED, UNDONE = "import:", "undo:"
MERGED, WITHDRAWN = "merge:", "withdrawal:"


def imported_by(batch_id: str) -> str:
    return IMPORTED + batch_id


def undone_by(batch_id: str) -> str:
    return UNDONE + batch_id


def merged_by(label_id: str) -> str:
    return MERGED + label_id


def withdrawn_by(audit_id: str) -> str:
    return WITHDRAWN + audit_id


@dataclass(frozen=True)
class AnswerContent:
    """Everything of an answer that a version keeps."""

    state: str
    texts: Mapping[str, str]
    intent: str | None = None
    tags: Sequence[str] = ()
    answer_key: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def to_json(self) -> JsonObject:
        return {
            "state": self.state,
            "texts": dict(self.texts),
            "intent": self.intent,
            "tags": list(self.tags),
            "answer_key": self.answer_key,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> "AnswerContent":
        return cls(
            state=content["state"],
            texts=content["texts"],
            intent=content["intent"],
            tags=content["tags"],
            answer_key=content["answer_key"],
            valid_from=_moment(content["valid_from"]),
            valid_until=_moment(content["valid_until"]),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
