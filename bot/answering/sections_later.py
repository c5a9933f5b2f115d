"""Many new sections are made searchable behind the scenes, so that a correction never waits for an import of documents.

What was removed counts at once, and what may be quoted is read from the database at each reply, so that a section which
comes late is only found late.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from retrieval.kept_encodings import KeptEncodings
from retrieval.records import Knowledge, SectionRecord
from retrieval.retriever import Retriever
from retrieval.sources import encode_sections

AT_ONCE = 64
"""Sections that are encoded right away, in a second or two; more go in blocks of so many."""

log = structlog.get_logger(__name__)
_running: set[asyncio.Task[None]] = set()


def add_later(retriever: Retriever, sections: Sequence[SectionRecord], *, folder: Path) -> None:
    """Begins to add them; a fault is logged, and they are found after the next start.

    `folder` keeps what was encoded for the next start and for other workers (`retrieval.kept_encodings`).
    """
    task = asyncio.create_task(_add(retriever, sections, KeptEncodings(folder, retriever.encoder)))
    _running.add(task)
    task.add_done_callback(_running.discard)


async def all_added() -> None:
    """Returns when everything begun in this event loop is searchable."""
    loop = asyncio.get_running_loop()
    while own := [task for task in _running if task.get_loop() is loop]:
        await asyncio.gather(*own)


async def _add(retriever: Retriever, sections: Sequence[SectionRecord], kept: KeptEncodings) -> None:
    try:
        Knowledge(sections=sections).check()
        there = await asyncio.to_thread(kept.find, sections)
        await asyncio.to_thread(retriever.add_sections, there)
        new = [section for section in sections if section.number not in there.sections]
        for begin in range(0, len(new), AT_ONCE):
            await asyncio.to_thread(_add_block, retriever, new[begin : begin + AT_ONCE], kept)
    except Exception as error:
        log.error("sections_not_added", error=repr(error))


def _add_block(retriever: Retriever, block: Sequence[SectionRecord], kept: KeptEncodings) -> None:
    try:
        encoded = kept.of(block)
    except OSError as error:
        log.warning(
            "encodings_not_kept", error=str(error), remedy="They are encoded again at the next start."
        )
        encoded = encode_sections(retriever.encoder, block)
    retriever.add_sections(encoded)
