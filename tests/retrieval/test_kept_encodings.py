"""What was encoded once is read, not encoded again, and is what encoding gives."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from retrieval.kept_encodings import KeptEncodings, encoded_before
from retrieval.records import Knowledge, SectionRecord
from retrieval.retriever import Retriever
from retrieval.sources import EncodedSections, encode_sections
from tests.fixtures.fakes import HashEncoder

SECTIONS = [
    SectionRecord(
        n, f"sec_{n}", "doc", f"Page {n}" if n % 2 else "", f"Room {n} is large. It has {n} chairs.", "en"
    )
    for n in range(1, 7)
]


class CountingEncoder(HashEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[str] = []

    def encode_passages(self, texts, *, progress=None):
        self.encoded += texts
        return super().encode_passages(texts, progress=progress)


def same(one: EncodedSections, other: EncodedSections) -> bool:
    return (
        list(one.sections) == list(other.sections)
        and np.array_equal(one.vectors, other.vectors)
        and all(
            (a.record, a.spans) == (b.record, b.spans) and np.array_equal(a.directions, b.directions)
            for a, b in zip(one.sections.values(), other.sections.values(), strict=True)
        )
    )


def test_a_block_is_encoded_once_whoever_asks(tmp_path: Path) -> None:
    first, second = CountingEncoder(), CountingEncoder()
    made = KeptEncodings(tmp_path / "later", first).of(SECTIONS)
    again = KeptEncodings(tmp_path / "later", second).of(SECTIONS)
    assert same(made, encode_sections(HashEncoder(), SECTIONS))
    assert same(again, made)
    assert (len(first.encoded), second.encoded) == (
        6 * 4,
        [],
    )  # of each section the text, its heading, two sentences


def test_kept_sections_are_found_in_whatever_blocks_they_were_encoded(tmp_path: Path) -> None:
    kept = KeptEncodings(tmp_path, HashEncoder())
    kept.of(SECTIONS[3:5])
    kept.of(SECTIONS[:3])
    found = KeptEncodings(tmp_path, HashEncoder()).find([*SECTIONS[1:4], SECTIONS[5]])
    assert same(found, encode_sections(HashEncoder(), SECTIONS[1:4]))


def test_nothing_is_found_where_nothing_was_kept(tmp_path: Path) -> None:
    found = KeptEncodings(tmp_path / "none", HashEncoder()).find(SECTIONS)
    assert (found.sections, found.vectors.shape) == ({}, (0, HashEncoder().dimension))


def test_another_section_under_the_same_number_is_not_taken_for_it(tmp_path: Path) -> None:
    KeptEncodings(tmp_path, HashEncoder()).of(SECTIONS)
    other = SectionRecord(1, "sec_other", "doc", "Page 1", "Something else.", "en")
    assert KeptEncodings(tmp_path, HashEncoder()).find([other]).sections == {}


def test_what_another_encoder_made_is_encoded_anew(tmp_path: Path) -> None:
    KeptEncodings(tmp_path, HashEncoder()).of(SECTIONS)
    other = CountingEncoder()
    other.fingerprint = "another"
    kept = KeptEncodings(tmp_path, other)
    assert kept.find(SECTIONS).sections == {}
    kept.of(SECTIONS)
    assert len(other.encoded) == 24
    assert len(kept.find(SECTIONS).sections) == 6


@pytest.mark.parametrize("content", [b"", b"half a file", b"\xff" * 64])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    kept = KeptEncodings(tmp_path, HashEncoder())
    kept.of(SECTIONS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert kept.find(SECTIONS).sections == {}
    assert same(kept.of(SECTIONS), encode_sections(HashEncoder(), SECTIONS))
    assert same(kept.find(SECTIONS), encode_sections(HashEncoder(), SECTIONS))


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("pathlib.Path.replace", OSError(28, "No space left on device")),
        ("safetensors.numpy.save_file", SafetensorError("I/O error: No space left on device (os error 28)")),
    ],
)
def test_what_cannot_be_written_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(where, full)
    with pytest.raises(OSError, match="No space left"):
        KeptEncodings(tmp_path, HashEncoder()).of(SECTIONS)
    assert list(tmp_path.iterdir()) == []


def snapshot_of(folder: Path, sections: list[SectionRecord]) -> Path:
    Retriever.build(HashEncoder(), Knowledge(sections=sections)).save(folder / "snp", meta={"revision": 1})
    return folder / "snp"


def before(snapshot: Path, encoder: HashEncoder) -> EncodedSections:
    later = snapshot.with_name("snp.later")
    return encoded_before(snapshot, later=later, encoder=encoder, records=SECTIONS)


def test_a_new_index_takes_what_the_serving_one_and_its_workers_have_encoded(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, SECTIONS[:3])
    KeptEncodings(tmp_path / "snp.later", HashEncoder()).of(SECTIONS[3:5])
    encoder, told = CountingEncoder(), []
    found = before(snapshot, encoder)
    assert same(found, encode_sections(HashEncoder(), SECTIONS[:5]))
    built = Retriever.build(
        encoder,
        Knowledge(sections=SECTIONS),
        encoded=found,
        progress=lambda done, total: told.append((done, total)),
    )
    rooms = {text for text in encoder.encoded if "Room" in text or "Page" in text}
    assert rooms == {"Room 6 is large. It has 6 chairs.", "Room 6 is large."}
    assert told[-2:] == [(5, 6), (6, 6)]
    whole = Retriever.build(HashEncoder(), Knowledge(sections=SECTIONS)).view.sources
    assert np.array_equal(built.view.sources.index.vectors(range(1, 7)), whole.index.vectors(range(1, 7)))
    assert list(built.view.sources.sections) == list(whole.sections) == [1, 2, 3, 4, 5, 6]
    query = HashEncoder().encode_queries(["chairs in room 4"])[0]
    for number in range(1, 7):
        assert np.array_equal(
            built.view.sources.sections[number].similarities(query),
            whole.sections[number].similarities(query),
        )


def test_a_section_that_changed_under_its_number_is_encoded_anew(tmp_path: Path) -> None:
    found = before(snapshot_of(tmp_path, SECTIONS), HashEncoder())
    changed = SectionRecord(2, "sec_2", "doc", "", "Room 2 is closed.", "en")
    encoder = CountingEncoder()
    built = Retriever.build(encoder, Knowledge(sections=[SECTIONS[0], changed]), encoded=found)
    assert [text for text in encoder.encoded if "Room" in text] == ["Room 2 is closed."] * 3
    assert built.view.sources.sections[2].sentences() == ["Room 2 is closed."]
    assert list(built.view.sources.sections) == [1, 2]


def test_nothing_is_taken_of_another_encoder_a_damaged_or_a_missing_snapshot(tmp_path: Path) -> None:
    other = HashEncoder()
    other.fingerprint = "another"
    snapshot = snapshot_of(tmp_path, SECTIONS)
    assert before(snapshot, other).sections == {}
    (snapshot / "sections.jsonl").write_text("[]")
    assert before(snapshot, HashEncoder()).sections == {}
    assert before(tmp_path / "gone", HashEncoder()).sections == {}
