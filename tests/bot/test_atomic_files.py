"""A file is there whole or not at all, and nothing is overwritten."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.atomic_files import written_aside
from bot.errors import InvalidInputError


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def write(target: Path, content: bytes, *, meanwhile: Callable[[], object] = int) -> None:
    with written_aside(target) as stream:
        stream.write(content)
        meanwhile()


def test_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    with written_aside(target) as stream:
        stream.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["b.tar.gz"]


def test_failing_block_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "b", b"half", meanwhile=fail)
    assert names_in(tmp_path) == []


def test_what_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "b"
    with pytest.raises(InvalidInputError, match="exists already"):
        write(target, b"ours", meanwhile=lambda: target.write_bytes(b"theirs"))
    assert target.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["b"]


def test_what_a_kill_has_left_goes_when_the_folder_is_written_to_again(tmp_path: Path) -> None:
    """Backups are named by their day, so that the same name hardly comes again."""
    left, young = f".monday.tar.gz.{'a' * 32}.partial", f".sunday.tar.gz.{'b' * 32}.partial"
    foreign = ".film.mkv.partial"
    for name, hours in ((left, 2), (young, 0), (foreign, 2)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - hours * 3600,) * 2)

    write(tmp_path / "tuesday.tar.gz", b"whole")

    assert names_in(tmp_path) == sorted([young, foreign, "tuesday.tar.gz"])


def test_dangling_links_count_as_existing(tmp_path: Path) -> None:
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidInputError, match="exists already"), written_aside(tmp_path / "b"):
        pass


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInputError, match=r"no folder .*/none; make it first"),
        written_aside(tmp_path / "none/b"),
    ):
        pass
