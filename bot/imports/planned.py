"""What a plan of an import is made of: answers as they will stand, what leads to them, and counts."""

from collections import Counter
from dataclasses import dataclass, field

from bot.db.knowledge_tables import AnswerState
from bot.imports.counts import Count as Count
from bot.imports.preparing import ALWAYS, CONFLICT_TAG, PreparedQuestion, PreparedSource, Validity
from bot.knowledge.versions import AnswerContent


@dataclass(slots=True)
class PlannedText:
    text: str
    text_hash: str
    number: int | None = None
    dirty: bool = False


@dataclass(slots=True, eq=False)
class PlannedAnswer:
    """An answer as it will stand; ``version`` is 0 for one that is not in the database yet."""

    id: str
    state: str
    version: int
    key: str | None = None
    intent: str | None = None
    tags: list[str] = field(default_factory=list)
    texts: dict[str, PlannedText] = field(default_factory=dict)
    validity: Validity = ALWAYS
    former: set[tuple[str, str]] = field(default_factory=set)
    """Languages and hashes of texts it had in earlier versions."""
    edited: bool = False
    """A person wrote or changed its texts."""
    dated: bool = False
    """A person set its dates."""
    questions: set[str] = field(default_factory=set)
    """Folds of its questions in use; of answers in the database known for drafts only."""
    changed: bool = False
    claimed: set[str] = field(default_factory=set)
    """Languages whose text this file has spoken for."""

    @property
    def is_new(self) -> bool:
        return self.version == 0

    @property
    def in_conflict(self) -> bool:
        return self.state == AnswerState.DRAFT and CONFLICT_TAG in self.tags

    @property
    def approved(self) -> bool:
        return self.state == AnswerState.APPROVED

    @property
    def content(self) -> AnswerContent:
        return AnswerContent(
            state=self.state,
            texts={language: text.text for language, text in self.texts.items()},
            intent=self.intent,
            tags=self.tags,
            answer_key=self.key,
            valid_from=self.validity.since,
            valid_until=self.validity.until,
        )

    def says(self, text_hash: str) -> bool:
        return any(text.text_hash == text_hash for text in self.texts.values())

    def said(self, text_hash: str) -> bool:
        """Now or in an earlier version."""
        return self.says(text_hash) or any(hashed == text_hash for _, hashed in self.former)

    def outgrew(self, text_hash: str) -> bool:
        """A person replaced this text, so files that still hold it are out of date."""
        return self.edited and any(hashed == text_hash for _, hashed in self.former)


@dataclass(frozen=True, slots=True)
class Lead:
    """A question in the database: its answer, and whether it is in use."""

    answer: PlannedAnswer
    active: bool


@dataclass(slots=True)
class Known:
    """What the database holds of what a file mentions."""

    answers: list[PlannedAnswer] = field(default_factory=list)
    leads: dict[str, list[Lead]] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    counts: Counter[Count] = field(default_factory=Counter)
    answers: list[PlannedAnswer] = field(default_factory=list)
    """New answers, in the file's order."""
    changed: list[PlannedAnswer] = field(default_factory=list)
    questions: list[tuple[PlannedAnswer, PreparedQuestion]] = field(default_factory=list)
    sources: list[tuple[PlannedAnswer, PreparedSource]] = field(default_factory=list)

    @property
    def adds_nothing(self) -> bool:
        return not (self.answers or self.changed or self.questions)
