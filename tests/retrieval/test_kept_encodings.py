"""What was encoded once is read, not encoded again, and is what encoding gives."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.kept_encodings import KeptEncodings
from retrieval.records import SectionRecord
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


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        KeptEncodings(tmp_path, HashEncoder()).of(SECTIONS)
    assert list(tmp_path.iterdir()) == []
