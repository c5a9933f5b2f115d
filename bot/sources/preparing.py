"""Documents made ready to be stored: split, masked, languages told, hashed. No database here."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.knowledge.personal_data import masked_answer
from bot.settings import SUPPORTED_LANGUAGES
from bot.sources.blocks import DocumentError, Kind, ReadDocument, clean_line
from bot.sources.splitting import Section, split_blocks
from retrieval.language import detect_language
from retrieval.normalize import fold

LONGEST_TITLE = LONGEST_KEY = 400
MOST_SECTIONS = 5_000
_LOOKED_AT = 20_000
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"']{1,1900}", re.IGNORECASE)
"""What customers may be given as a link; a path within the site, or a script, is none."""


@dataclass(frozen=True, slots=True)
class PreparedSection:
    """``content_hash`` is the SHA-256 of heading path and text, so an unchanged section is known again."""

    heading: tuple[str, ...]
    text: str
    language: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    key: str
    title: str
    url: str | None
    language: str
    valid_from: datetime | None
    valid_until: datetime | None
    sections: tuple[PreparedSection, ...]
    content_hash: str


class Found(Protocol):
    """A document that is there to be read, and by what it is known again."""

    @property
    def key(self) -> str: ...

    def read(self) -> ReadDocument:
        """Raises DocumentError."""


@dataclass(slots=True)
class PreparedDocuments:
    """What was found, in order; ``rejected`` are (place counted from 1, reason)."""

    documents: list[PreparedDocument] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    masked: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    def take_found(self, place: int, found: Found, *, languages: Sequence[str]) -> None:
        """Reads one file or page; what is wrong with it rejects this one only."""
        try:
            self.take(found.key, found.read(), languages=languages)
        except DocumentError as error:
            self.rejected.append((place, clean_line(f"{found.key}: {error}")))

    def take(self, key: str, read: ReadDocument, *, languages: Sequence[str]) -> None:
        """Raises DocumentError."""
        masked: Counter[str] = Counter()
        document = prepare_document(key, read, languages=languages, masked=masked)
        self.masked += masked
        self.languages[document.language] += 1
        self.documents.append(document)


def prepare_document(
    key: str, read: ReadDocument, *, languages: Sequence[str], masked: Counter[str]
) -> PreparedDocument:
    """Raises DocumentError for a document without text, in a language that is not served, or with dates in the wrong order."""
    if len(key) > LONGEST_KEY:
        raise DocumentError(f"its path has {len(key)} characters, the limit is {LONGEST_KEY}: move it")
    if read.valid_from and read.valid_until and read.valid_from >= read.valid_until:
        raise DocumentError(
            f"valid_until {read.valid_until.isoformat()} must come after valid_from {read.valid_from.isoformat()}"
        )
    title = _masked(read.title or _only_heading(read) or _title_of(key), masked)[:LONGEST_TITLE]
    split = [_masked_section(section, masked) for section in split_blocks(read.blocks, title=title)]
    split = [section for section in split if fold(section.text)]
    if not split:
        raise DocumentError("holds no text that could be quoted")
    if len(split) > MOST_SECTIONS:
        raise DocumentError(f"has {len(split):,} sections, the limit is {MOST_SECTIONS:,}: split it")
    language = _language(read.language, split, languages)
    sections = {
        section.content_hash: section for section in (_prepared(each, language, languages) for each in split)
    }
    url = _masked(read.url, masked) if read.url and _WEB_ADDRESS.fullmatch(read.url) else None
    parts = tuple(sections.values())
    said = [title, url, language, _iso(read.valid_from), _iso(read.valid_until)]
    hashed = _hash([*said, [section.content_hash for section in parts]])
    return PreparedDocument(key, title, url, language, read.valid_from, read.valid_until, parts, hashed)


def _only_heading(read: ReadDocument) -> str | None:
    """The outermost heading, where there is one only."""
    headings = [block for block in read.blocks if block.kind is Kind.HEADING]
    outermost = min((block.level for block in headings), default=0)
    found = [block.text for block in headings if block.level == outermost]
    return found[0] if len(found) == 1 and headings[0].text == found[0] else None


def _title_of(key: str) -> str:
    return Path(key).stem.replace("-", " ").replace("_", " ").strip() or key


def _masked(text: str, masked: Counter[str]) -> str:
    found = masked_answer(text)
    masked.update(found.counts)
    return found.text


def _masked_section(section: Section, masked: Counter[str]) -> Section:
    return Section(
        tuple(_masked(heading, masked) for heading in section.heading), _masked(section.text, masked)
    )


def _prepared(section: Section, default: str, languages: Sequence[str]) -> PreparedSection:
    language = detect_language(section.text, languages=languages, default=default)
    return PreparedSection(
        section.heading, section.text, language, _hash([list(section.heading), section.text])
    )


def _language(stated: str | None, sections: Iterable[Section], languages: Sequence[str]) -> str:
    known = tuple(dict.fromkeys((*languages, *SUPPORTED_LANGUAGES)))
    words = " ".join(section.text for section in sections)[:_LOOKED_AT]
    language = stated or detect_language(words, languages=known)
    if language not in languages:
        raise DocumentError(
            f"its language {language!r} is not served (KEFU_LANGUAGES={','.join(languages)}): leave it out or add the "
            "language"
        )
    return language


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
