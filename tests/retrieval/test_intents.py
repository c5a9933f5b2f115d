"""The intent head reads meaning and wording; n-grams are worked by hand."""

import json
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from retrieval.errors import RetrievalError
from retrieval.intents import ANSWERS_FILE, WEIGHTS_FILE, IntentHead
from retrieval.ngrams import COLUMNS, hashed_ngrams


def column(gram: str) -> int:
    return (crc32(gram.encode()) >> 1) % COLUMNS


def value(gram: str) -> float:
    return 1.0 if crc32(gram.encode()) & 1 else -1.0


def as_dict(text: str) -> dict[int, float]:
    columns, values = hashed_ngrams(text)
    return dict(zip(columns.tolist(), values.tolist(), strict=True))


def test_ngrams_of_an_english_word_are_its_pieces_and_itself() -> None:
    grams = [" a", "ab", "b ", " ab", "ab ", " ab ", "ab ab"]
    assert as_dict("Ab!") == pytest.approx({column(gram): value(gram) for gram in grams})


def test_ngrams_of_chinese_are_one_to_three_characters_in_either_script() -> None:
    grams = ["退", "款", "退款"]
    assert as_dict("退款") == pytest.approx({column(gram): value(gram) for gram in grams})
    assert as_dict("運費") == as_dict("运费")


def test_repeated_ngram_counts_by_its_logarithm_and_nothing_gives_nothing() -> None:
    assert as_dict("哈哈")[column("哈")] == pytest.approx(value("哈") * (1 + np.log(2)))
    assert as_dict("?!") == {}


def head() -> IntentHead:
    """Refund is meant by the first axis and worded "ab"; delivery by the second, without words of its own."""
    wording = np.zeros((COLUMNS, 2), np.float16)
    wording[column("ab"), 0] = 2.0 * value("ab")
    return IntentHead(
        answers=("refund", "delivery"),
        meaning=np.array([[4.0, 0.0], [0.0, 4.0]], np.float32),
        meaning_bias=np.array([0.5, -0.5], np.float32),
        rarity=np.ones(COLUMNS, np.float32),
        wording=wording,
        wording_bias=np.array([-1.0, -0.25], np.float32),
    )


def test_reading_is_linear_in_the_vector_and_in_unit_ngrams() -> None:
    reading = head().read(np.array([0.6, 0.8], np.float32), "ab")
    assert reading.meaning.tolist() == pytest.approx([0.6 * 4 + 0.5, 0.8 * 4 - 0.5])
    assert reading.wording.tolist() == pytest.approx([2.0 / np.sqrt(7) - 1.0, -0.25], abs=1e-6)  # 7 n-grams
    assert reading.best(1) == ["refund"]
    assert reading.best(2) == ["refund", "delivery"]


def test_text_without_letters_reads_as_the_biases() -> None:
    assert head().read(np.array([1.0, 0.0], np.float32), "?").wording.tolist() == [-1.0, -0.25]


def test_answer_newer_than_the_head_reads_like_the_best_one() -> None:
    reading = head().read(np.array([0.6, 0.8], np.float32), "ab")
    found = reading.of(["new", "refund"])
    assert found[0].tolist() == pytest.approx([0.6 * 4 + 0.5, reading.wording.max()])
    assert found[1].tolist() == pytest.approx([0.6 * 4 + 0.5, reading.wording[0]])


def adapted_head() -> IntentHead:
    """Whatever points along the first axis is turned to the second; words say nothing."""
    return IntentHead(
        answers=("refund", "delivery"),
        meaning=np.array([[10.0, 0.0], [0.0, 10.0]], np.float32),
        meaning_bias=np.zeros(2, np.float32),
        adapter=np.array([[-1.0, 2.0], [0.0, 0.0]], np.float32),
    )


def test_adapter_moves_the_vector_before_it_is_read() -> None:
    """(0.6, 0.8) is moved by (-0.6, 1.2) to (0, 2), and made a unit row again."""
    reading = adapted_head().read(np.array([0.6, 0.8], np.float32), "ab")
    assert reading.meaning.tolist() == pytest.approx([0.0, 10.0], abs=1e-6)
    assert reading.wording.tolist() == [0.0, 0.0]


def test_saved_head_without_words_reads_the_same(tmp_path: Path) -> None:
    adapted_head().write_weights(tmp_path / WEIGHTS_FILE)
    adapted_head().write_answers(tmp_path / ANSWERS_FILE)
    loaded = IntentHead.load(tmp_path)
    assert loaded.wording is None
    vector = np.array([0.6, 0.8], np.float32)
    np.testing.assert_array_equal(
        loaded.read(vector, "ab").meaning, adapted_head().read(vector, "ab").meaning
    )


def test_head_with_half_of_its_wording_is_refused(tmp_path: Path) -> None:
    replace(head(), rarity=None).write_weights(tmp_path / WEIGHTS_FILE)
    head().write_answers(tmp_path / ANSWERS_FILE)
    with pytest.raises(RetrievalError, match="rarity, wording, wording_bias go together"):
        IntentHead.load(tmp_path)


def saved(folder: Path) -> Path:
    head().write_weights(folder / WEIGHTS_FILE)
    head().write_answers(folder / ANSWERS_FILE)
    return folder


def test_saved_head_reads_the_same(tmp_path: Path) -> None:
    vector = np.array([0.6, 0.8], np.float32)
    loaded = IntentHead.load(saved(tmp_path))
    assert loaded.answers == ("refund", "delivery")
    for name in ("meaning", "wording"):
        np.testing.assert_array_equal(
            getattr(loaded.read(vector, "my ab"), name), getattr(head().read(vector, "my ab"), name)
        )


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (ANSWERS_FILE, b'["refund"]', "make the checkpoint anew"),
        (ANSWERS_FILE, b"{", "make the checkpoint anew"),
        (WEIGHTS_FILE, b"nonsense", "make the checkpoint anew"),
        (WEIGHTS_FILE, None, "cannot be read"),
    ],
)
def test_head_that_does_not_fit_together_is_refused(
    tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    saved(tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(RetrievalError, match=message):
        IntentHead.load(tmp_path)


def test_answers_are_written_as_they_are(tmp_path: Path) -> None:
    assert json.loads((saved(tmp_path) / ANSWERS_FILE).read_text(encoding="utf-8")) == ["refund", "delivery"]
