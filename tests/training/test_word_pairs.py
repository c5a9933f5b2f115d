"""Which words mean the same, by a corpus worked by hand and by the one that Kefu's file was made of."""

from pathlib import Path

from typer.testing import CliRunner

from retrieval.word_pairs import FILE
from training.__main__ import app
from training.corpus import Need
from training.word_pairs import word_pairs


def need(english: str, chinese: str) -> Need:
    return Need("shop", "t", "", {"en": [english], "zh": [chinese]}, {"en": "", "zh": ""})


def test_pairs_by_hand() -> None:
    """Of twelve needs two have "refund" and 退款, two others "parcel" and 包裹; 退款 once stands with "parcel" alone."""
    needs = [
        need("refund", "退款"),
        need("refund", "退款"),
        need("parcel", "包裹"),
        need("parcel", "包裹"),
        *(need(f"word{place}", "其他") for place in range(8)),
    ]
    assert word_pairs(needs) == [("包裹", "parcel", 1.0), ("退款", "refund", 1.0)]
    mixed = [*needs[:3], need("parcel", "退款"), *needs[4:]]
    assert word_pairs(mixed) == [("退款", "refund", 0.8)]


def test_file_is_what_the_corpus_gives(tmp_path: Path) -> None:
    made = tmp_path / "pairs.tsv"
    result = CliRunner().invoke(app, ["word-pairs", "--to", str(made)])
    assert result.exit_code == 0
    assert made.read_text(encoding="utf-8") == FILE.read_text(encoding="utf-8")
