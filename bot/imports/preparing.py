"""Records of a file made ready to be stored: personal data masked, languages told, texts hashed. No database here."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.db.base import JsonObject
from bot.errors import InvalidInputError
from bot.imports import records
from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import
from bot.imports.records import RejectedLine
from bot.knowledge.folding import folded_hash, text_hash
from bot.knowledge.personal_data import masked_answer, masked_question
from bot.settings import SUPPORTED_LANGUAGES
from bot.sources.blocks import clean_line
from bot.sources.fetching import Fetcher
from bot.sources.files import accepted, find_files
from bot.sources.preparing import PreparedDocument, PreparedDocuments
from bot.sources.sitemap import SitemapError, find_pages, is_sitemap
from retrieval.language import detect_language
from retrieval.masking import mask
from retrieval.normalize import fold

CONFLICT_TAG = "conflict"
"""Marks the drafts that an import made of conflicting rows; files can't give it."""

NOTHING_TO_COMPARE = "has no letter or digit in it, so nothing can be found by it: write it out"


@dataclass(frozen=True, slots=True)
class PreparedQuestion:
    text: str
    folded: str
    language: str
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedSource:
    """A turn of a past dialogue that a mined answer was taken from."""

    conversation_id: str
    turn: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Validity:
    """When an answer may be given: from ``since`` on, before ``until``; without one, without end."""

    since: datetime | None = None
    until: datetime | None = None

    def overlaps(self, other: "Validity") -> bool:
        return _ordered(self.since, other.until) and _ordered(other.since, self.until)


def _ordered(since: datetime | None, until: datetime | None) -> bool:
    return since is None or until is None or since < until


ALWAYS = Validity()


@dataclass(frozen=True, slots=True)
class PreparedRow:
    """One answer text with questions that lead to it."""

    text: str
    text_hash: str
    language: str
    questions: tuple[PreparedQuestion, ...]
    intent: str | None = None
    tags: tuple[str, ...] = ()
    answer_key: str | None = None
    validity: Validity = ALWAYS
    sources: tuple[PreparedSource, ...] = ()
    approvable: bool = True
    """False for a mined answer with slots, which a person has to word first."""


@dataclass(frozen=True, slots=True)
class PreparedDialogue:
    """A past dialogue, masked; ``content_hash`` is the SHA-256 of its turns' roles and texts as they are stored."""

    dialogue: records.Dialogue
    content_hash: str
    language: str

    def turns_json(self) -> list[JsonObject]:
        return [
            {"role": turn.role, "text": turn.text, "at": turn.at.isoformat() if turn.at else None}
            for turn in self.dialogue.turns
        ]


@dataclass(slots=True)
class PreparedFile:
    """All that a file holds, and what was found on the way."""

    filename: str
    file_hash: str
    format: ImportFormat
    rows: list[PreparedRow] = field(default_factory=list)
    dialogues: list[PreparedDialogue] = field(default_factory=list)
    documents: list[PreparedDocument] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    masked: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    html: int = 0
    """Texts that the file has as HTML."""


class _LineError(Exception):
    """A record that can't be taken in; the message is the reason shown."""


def prepare_file(
    path: Path,
    *,
    format: ImportFormat | None = None,
    languages: tuple[str, ...],
    allowed_hosts: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> PreparedFile:
    """Reads and prepares a whole file.

    Args:
        allowed_hosts: whose pages may be asked for, where a sitemap lists them.

    Raises:
        InvalidInputError: the file can't be used at all.
    """
    try:
        kind = format or detect_format(path)
        if kind is ImportFormat.DOCUMENTS:
            return _prepare_documents(path, languages, allowed_hosts, progress)
        prepared = PreparedFile(clean_line(path.name), file_hash(path), kind)
        _prepare_records(prepared, read_import(path, format=kind), languages)
    except ImportFileError as error:
        raise InvalidInputError(str(error)) from error
    prepared.rejected.sort(key=lambda rejected: rejected.line)
    return prepared


def _prepare_documents(
    path: Path,
    languages: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    progress: Callable[[int, int], None] | None,
) -> PreparedFile:
    """Raises InvalidInputError where there is no document at all."""
    try:
        sitemap = is_sitemap(path)
        found = list(find_pages(path, Fetcher(allowed_hosts)) if sitemap else find_files(path))
    except SitemapError as error:
        raise InvalidInputError(str(error)) from error
    if not found or not path.exists():
        raise InvalidInputError(f"{path} holds no document; {accepted()}")
    documents = PreparedDocuments()
    for place, file in enumerate(found, start=1):
        documents.take_found(place, file, languages=languages)
        if progress is not None:
            progress(place, len(found))
    digest = hashlib.sha256("".join(each.key + each.content_hash for each in documents.documents).encode())
    return PreparedFile(
        clean_line(path.resolve().name),
        digest.hexdigest(),
        ImportFormat.DOCUMENTS,
        documents=documents.documents,
        rejected=[RejectedLine(place, reason) for place, reason in documents.rejected],
        masked=documents.masked,
        languages=documents.languages,
    )


def file_hash(path: Path) -> str:
    """SHA-256 of the file, or of all files of a folder with their names."""
    digest = hashlib.sha256()
    for file in _files(path):
        if path.is_dir():
            digest.update(f"\0{file.relative_to(path)}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())


def _prepare_records(
    prepared: PreparedFile,
    read: Iterator[records.Dialogue | records.FaqRow | RejectedLine],
    languages: tuple[str, ...],
) -> None:
    for record in read:
        if isinstance(record, RejectedLine):
            prepared.rejected.append(record)
            continue
        try:
            if isinstance(record, records.Dialogue):
                prepared.dialogues.append(_dialogue(record, prepared, languages))
            else:
                prepared.rows.append(_row(record, prepared, languages))
        except _LineError as error:
            prepared.rejected.append(RejectedLine(record.line, str(error)))


def _row(row: records.FaqRow, prepared: PreparedFile, languages: tuple[str, ...]) -> PreparedRow:
    answer = masked_answer(row.answer)
    language = _language(row.language, answer.text, languages)
    first = _question(row.question, row.language or language, prepared, languages, given=row.language)
    questions = [first]
    for phrasing in row.phrasings:
        try:
            questions.append(_question(phrasing, first.language, prepared, languages, given=row.language))
        except _LineError as error:
            prepared.rejected.append(RejectedLine(row.line, str(error)))
    prepared.masked.update(answer.counts)
    prepared.html += row.html
    return PreparedRow(
        text=answer.text,
        text_hash=text_hash(answer.text),
        language=language,
        questions=tuple(questions),
        intent=row.intent,
        tags=tuple(tag for tag in row.tags if tag != CONFLICT_TAG),
        answer_key=row.answer_key,
        validity=Validity(row.valid_from, row.valid_until),
    )


def _question(
    text: str, default: str, prepared: PreparedFile, languages: tuple[str, ...], *, given: str | None
) -> PreparedQuestion:
    masked = masked_question(text)
    if not fold(masked.text):
        raise _LineError(f"the question {text[:40]!r} {NOTHING_TO_COMPARE}")
    language = given or _language(None, masked.text, languages, default=default)
    prepared.masked.update(masked.counts)
    prepared.languages[language] += 1
    return PreparedQuestion(masked.text, folded_hash(masked.text), language)


def _language(given: str | None, text: str, languages: tuple[str, ...], *, default: str | None = None) -> str:
    """The language stated or told from the text; one that is not served is a reason to reject."""
    known = tuple(dict.fromkeys((*languages, *SUPPORTED_LANGUAGES)))
    language = given or detect_language(text, languages=known, default=default)
    if language not in languages:
        served = ",".join(languages)
        raise _LineError(
            f"its language {language!r} is not served (KEFU_LANGUAGES={served}): remove it or add the language"
        )
    return language


def _dialogue(
    dialogue: records.Dialogue, prepared: PreparedFile, languages: tuple[str, ...]
) -> PreparedDialogue:
    spoken = " ".join(turn.text for turn in dialogue.turns if turn.role == "customer")
    try:
        language = _language(dialogue.language, spoken, languages)
    except _LineError as error:
        raise _LineError(f"dialogue {dialogue.conversation_id!r}: {error}") from error
    turns = []
    for turn in dialogue.turns:
        masked = mask(turn.text)
        prepared.masked.update(masked.counts)
        prepared.html += turn.html
        turns.append(records.Turn(turn.role, masked.text, turn.at))
    prepared.languages[language] += 1
    content = json.dumps([(turn.role, turn.text) for turn in turns], ensure_ascii=False)
    return PreparedDialogue(
        records.Dialogue(dialogue.conversation_id, tuple(turns), dialogue.language),
        hashlib.sha256(content.encode()).hexdigest(),
        language,
    )
