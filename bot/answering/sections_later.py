"""Many new sections are made searchable behind the scenes, so that a correction never waits for an import of documents.

What was removed counts at once, and what may be quoted is read from the database at each reply, so that a section which
comes late is only found late.
"""

import asyncio
from collections.abc import Sequence

import structlog

from retrieval.records import Knowledge, SectionRecord
from retrieval.retriever import Retriever

AT_ONCE = 64
"""Sections that are encoded right away, in a second or two; more go in blocks of so many."""

log = structlog.get_logger(__name__)
_running: set[asyncio.Task[None]] = set()


def add_later(retriever: Retriever, sections: Sequence[SectionRecord]) -> None:
    """Begins to add them; a fault is logged, and they are found after the next start."""
    task = asyncio.create_task(_add(retriever, sections))
    _running.add(task)
    task.add_done_callback(_running.discard)


async def all_added() -> None:
    """Returns when everything begun in this event loop is searchable."""
    loop = asyncio.get_running_loop()
    while own := [task for task in _running if task.get_loop() is loop]:
        await asyncio.gather(*own)


async def _add(retriever: Retriever, sections: Sequence[SectionRecord]) -> None:
    try:
        for begin in range(0, len(sections), AT_ONCE):
            block = Knowledge(sections=sections[begin : begin + AT_ONCE])
            await asyncio.to_thread(retriever.apply, upsert=block)
    except Exception as error:
        log.error("sections_not_added", error=repr(error))
