"""What imported documents change, worked out without a database.

A document is known by its key. With ``approve`` it counts at once; without, nothing that customers are told changes: a
new document is a draft, and a change of an approved one waits as its pending version. What a person retired stays retired:
another text of it is a conflict, counted and left alone. What an undone import retired comes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.db.knowledge_tables import AnswerState
from bot.imports.counts import Count
from bot.sources.preparing import PreparedDocument
from bot.sources.versions import PENDING, DocumentContent


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document in the database; ``newest`` is the highest version there is, ``waiting`` the one that is pending."""

    id: str
    key: str
    version: int
    newest: int
    content: DocumentContent
    waiting: int | None = None
    pending: DocumentContent | None = None
    undone: bool = False
    """Retired because the import that brought it was undone."""


class Step(StrEnum):
    """What is to be done with a document."""

    ADD = "add"
    PUT = "put"
    """Its content takes the place of what stands."""
    WAIT = "wait"
    """Its content waits for approval beside what stands."""
    FORGET_PENDING = "forget_pending"


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    step: Step
    state: str
    document: PreparedDocument
    stored: StoredDocument | None = None


@dataclass(slots=True)
class DocumentPlan:
    counts: Counter[Count] = field(default_factory=Counter)
    steps: list[PlannedDocument] = field(default_factory=list)

    @property
    def adds_nothing(self) -> bool:
        return not self.steps


def plan_documents(
    documents: Iterable[PreparedDocument], known: Mapping[str, StoredDocument], *, approve: bool
) -> DocumentPlan:
    """The steps that bring the documents in; of several with one key or the very same content the first counts."""
    plan = DocumentPlan()
    seen: set[str] = set()
    for document in documents:
        if {document.key, document.content_hash} & seen:
            plan.counts[Count.DUPLICATE] += 1
            continue
        seen |= {document.key, document.content_hash}
        count, step = _planned(document, known.get(document.key), approve=approve)
        plan.counts[count] += 1
        if step is not None:
            plan.steps.append(step)
    return plan


def _planned(
    document: PreparedDocument, stored: StoredDocument | None, *, approve: bool
) -> tuple[Count, PlannedDocument | None]:
    state = AnswerState.APPROVED if approve else AnswerState.DRAFT
    if stored is None:
        return Count.NEW, PlannedDocument(Step.ADD, state, document)
    if stored.undone:
        return Count.NEW, PlannedDocument(Step.PUT, state, document, stored)
    same = stored.content.content_hash == document.content_hash
    if stored.content.state == AnswerState.RETIRED:
        return (Count.UNCHANGED if same else Count.CONFLICTING), None
    if same:
        return Count.UNCHANGED, _settled(document, stored, approve=approve)
    if stored.content.state == AnswerState.APPROVED and not approve:
        waits = stored.pending is not None and stored.pending.content_hash == document.content_hash
        if waits:
            return Count.UNCHANGED, None
        return Count.CHANGED, PlannedDocument(Step.WAIT, PENDING, document, stored)
    return Count.CHANGED, PlannedDocument(Step.PUT, state, document, stored)


def _settled(document: PreparedDocument, stored: StoredDocument, *, approve: bool) -> PlannedDocument | None:
    """What is left to do where the file says what stands: approve a draft, or drop a change that is none any more."""
    if approve and stored.content.state == AnswerState.DRAFT:
        return PlannedDocument(Step.PUT, AnswerState.APPROVED, document, stored)
    if stored.pending is not None:
        return PlannedDocument(Step.FORGET_PENDING, stored.content.state, document, stored)
    return None
