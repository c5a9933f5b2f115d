"""An import of many sections does not keep corrections waiting."""

import asyncio
from pathlib import Path
from threading import Event

import pytest

from bot.answering.sections_later import AT_ONCE, add_later, all_added
from retrieval.records import Knowledge, QuestionRecord, SectionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder
from tests.retrieval.test_kept_encodings import CountingEncoder

SECTIONS = [
    SectionRecord(n, f"sec_{n}", "doc", f"Page {n}", f"Room {n} has {n} chairs.", "en")
    for n in range(1, 2 * AT_ONCE + 2)
]


class HeldEncoder(HashEncoder):
    """Encodes passages when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let = Event(), Event()

    def encode_passages(self, texts, *, progress=None):
        if any(text.startswith("Page") for text in texts):
            self.begun.set()
            assert self.let.wait(20)
        return super().encode_passages(texts, progress=progress)


async def test_correction_counts_while_sections_are_being_encoded(tmp_path: Path) -> None:
    encoder = HeldEncoder()
    retriever = Retriever.build(encoder, Knowledge([QuestionRecord(1, "hours", "When do you open?", "en")]))
    add_later(retriever, SECTIONS, folder=tmp_path)
    assert await asyncio.to_thread(encoder.begun.wait, 20)

    retriever.apply(upsert=Knowledge([QuestionRecord(2, "refund", "How do I get my money back?", "en")]))
    assert retriever.search("How do I get my money back?", language="en").candidates[0].answer_id == "refund"
    assert retriever.view.sources.sections == {}

    encoder.let.set()
    await all_added()
    assert list(retriever.view.sources.sections) == [section.number for section in SECTIONS]
    assert 2 in retriever.view.questions


async def test_the_next_start_encodes_only_what_is_new(tmp_path: Path) -> None:
    add_later(Retriever.build(HashEncoder(), Knowledge()), SECTIONS[:-1], folder=tmp_path / "later")
    await all_added()

    encoder = CountingEncoder()
    started = Retriever.build(encoder, Knowledge())
    encoder.encoded.clear()
    add_later(started, SECTIONS, folder=tmp_path / "later")
    await all_added()
    assert list(started.view.sources.sections) == [section.number for section in SECTIONS]
    last = SECTIONS[-1]
    assert [text for text in encoder.encoded if text.startswith(("Page", "Room"))] == [
        f"{last.heading} {last.text}", last.heading, last.text
    ]  # fmt: skip


async def test_sections_are_found_though_nothing_can_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "later").write_text("no folder")
    retriever = Retriever.build(HashEncoder(), Knowledge())
    add_later(retriever, SECTIONS, folder=tmp_path / "later")
    await all_added()
    assert len(retriever.view.sources.sections) == len(SECTIONS)
    assert "encodings_not_kept" in capsys.readouterr().out


async def test_fault_is_logged_and_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    retriever = Retriever.build(HashEncoder(), Knowledge())
    add_later(retriever, [SECTIONS[0], SECTIONS[0]], folder=tmp_path)
    await all_added()
    assert retriever.view.sources.sections == {}
    assert "sections_not_added" in capsys.readouterr().out


async def test_nothing_to_wait_for_is_waited_for() -> None:
    await asyncio.wait_for(all_added(), 1)
