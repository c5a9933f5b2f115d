"""The support corpus: what a file may hold, and that the shipped one holds what the adaptation relies on."""

import re
from collections import Counter
from pathlib import Path

import pytest

from training.corpus import corpus_digest, read_corpus
from training.errors import TrainingError

FILE = """# Parcels
= where is it
e where is my parcel

e tracking stuck
z 快递到哪了
z 物流不动
A Look at the tracking page.
B 请查看物流页面。
= broken
e arrived in pieces
e the box was crushed
z 东西碎了
z 箱子压扁了
A Send us a photo.
B 请发照片给我们。
"""


def corpus(folder: Path, text: str) -> Path:
    (folder / "courier.txt").write_text(text, encoding="utf-8")
    return folder


def test_needs_come_with_their_business_topic_phrasings_and_answers(tmp_path: Path) -> None:
    first, second = read_corpus(corpus(tmp_path, FILE))
    assert (first.business, first.topic, first.name) == ("courier", "Parcels", "where is it")
    assert first.phrasings == {
        "en": ["where is my parcel", "tracking stuck"],
        "zh": ["快递到哪了", "物流不动"],
    }
    assert second.answers == {"en": "Send us a photo.", "zh": "请发照片给我们。"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE + "? what\n", r"courier.txt, line 17: '\? what' begins with none of"),
        ("e before any need\n", "line 1"),
        (FILE.replace("z 物流不动\n", ""), "'where is it' lacks two phrasings"),
        (FILE.replace("A Send us a photo.\n", ""), "'broken' lacks"),
    ],
)
def test_malformed_corpus_names_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        read_corpus(corpus(tmp_path, text))


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no corpus files"):
        read_corpus(tmp_path)


def test_digest_changes_with_any_letter(tmp_path: Path) -> None:
    before = corpus_digest(corpus(tmp_path, FILE))
    assert corpus_digest(tmp_path) == before
    assert corpus_digest(corpus(tmp_path, FILE.replace("crushed", "squashed"))) != before


def test_shipped_corpus_is_whole() -> None:
    needs = read_corpus()
    assert len({need.business for need in needs}) == 64
    assert Counter(len(need.phrasings["en"]) for need in needs)[4] == len(needs) == 2695
    topics = Counter((need.business, need.topic) for need in needs)
    assert min(topics.values()) >= 6  # siblings, which are what is hard


def test_shipped_corpus_names_no_addresses_and_repeats_no_phrasing_of_another_need() -> None:
    needs = read_corpus()
    texts = [(text, need) for need in needs for own in need.phrasings.values() for text in own]
    assert [text for text, _ in texts if re.search(r"https?://|www\.|\S@\S+\.\w", text)] == []
    owners: dict[str, set[tuple[str, str]]] = {}
    for text, need in texts:
        owners.setdefault(text.casefold(), set()).add((need.business, need.name))
    shared = [text for text, own in owners.items() if len(own) > 1 and len({b for b, _ in own}) == 1]
    assert shared == []
