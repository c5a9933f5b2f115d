"""Encoders give unit vectors that depend on the text alone, and refuse to load when they would not."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

import retrieval.encoder
from retrieval.artifacts import verify_artifact, write_artifact
from retrieval.encoder import (
    EncoderSettings,
    OnnxEncoder,
    SelfTest,
    batches_by_length,
    encoder_fingerprint,
    pad,
)
from retrieval.errors import ArtifactError
from tests.fixtures.tiny_bert import LETTERS
from training.known_pairs import KNOWN_PAIRS, STADIUM, SUNNY, WEATHER, check_pairs

texts = st.lists(st.text(alphabet=[*LETTERS, " "], max_size=20), max_size=12)
shared_encoder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)


@shared_encoder
@given(texts=texts)
def test_vectors_are_contiguous_float32_unit_rows(tiny_bert: OnnxEncoder, texts: list[str]) -> None:
    for vectors in (tiny_bert.encode_queries(texts), tiny_bert.encode_passages(texts)):
        assert vectors.shape == (len(texts), 16)
        assert vectors.dtype == np.float32
        assert vectors.flags.c_contiguous
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.ones(len(texts)), atol=1e-5)


@shared_encoder
@given(texts=texts)
def test_text_gets_the_same_vector_alone_and_among_others(tiny_bert: OnnxEncoder, texts: list[str]) -> None:
    together = tiny_bert.encode_queries(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(tiny_bert.encode_queries([text])[0], vector, atol=1e-5)


def test_differing_texts_get_differing_vectors(tiny_bert: OnnxEncoder) -> None:
    vectors = tiny_bert.encode_queries(["refund", "my card", "退款多久到账"])
    assert (vectors @ vectors.T - np.eye(3)).max() < 0.99


def test_queries_and_passages_carry_their_prefixes(tiny_bert: OnnxEncoder, plain_bert: OnnxEncoder) -> None:
    plain = plain_bert.encode_queries(["query: cat", "passage: cat"])
    np.testing.assert_allclose(tiny_bert.encode_queries(["cat"])[0], plain[0], atol=1e-5)
    np.testing.assert_allclose(tiny_bert.encode_passages(["cat"])[0], plain[1], atol=1e-5)
    assert float(plain[0] @ plain[1]) < 0.999


def test_long_text_is_cut_at_the_end_and_keeps_its_last_special_token(plain_bert: OnnxEncoder) -> None:
    # 32 tokens are [CLS], 30 words and [SEP].
    kept = " ".join(["cat"] * 30)
    vectors = plain_bert.encode_queries([kept, kept + " dog" * 500, kept[4:] + " dog"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    assert float(vectors[0] @ vectors[2]) < 0.9999


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("my card", 2), ("card!", 2), ("退款", 2), ("abc", 3), ("cat " * 500, 500)]
)
def test_tokens_are_counted_without_prefix_and_special_tokens_and_uncut(
    tiny_bert: OnnxEncoder, text: str, tokens: int
) -> None:
    assert tiny_bert.count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("lengths", "batch_tokens", "expected"),
    [
        ([], 10, []),
        ([7], 6, [[0]]),
        # Sorted 1, 3, 5, 9: two rows of 3 are 6 tokens, three of 5 are too many.
        ([5, 1, 3, 9], 6, [[1, 2], [0], [3]]),
        ([2, 2, 2, 2], 4, [[0, 1], [2, 3]]),
        ([4, 4], 8, [[0, 1]]),
        ([4, 4], 7, [[0], [1]]),
    ],
)
def test_batches_hold_rows_of_like_length_within_the_budget(
    lengths: list[int], batch_tokens: int, expected: list[list[int]]
) -> None:
    assert [rows.tolist() for rows in batches_by_length(lengths, batch_tokens=batch_tokens)] == expected


@given(lengths=st.lists(st.integers(1, 40), max_size=60), batch_tokens=st.integers(1, 200))
def test_batches_hold_every_row_once(lengths: list[int], batch_tokens: int) -> None:
    batches = [rows.tolist() for rows in batches_by_length(lengths, batch_tokens=batch_tokens)]
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    for rows in batches:
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= batch_tokens


def test_padding_is_masked() -> None:
    input_ids, attention_mask = pad([np.array([5, 6, 7]), np.array([8])])
    assert input_ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_many_texts_keep_their_order_over_windows_and_batches(
    tiny_bert: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["cat " * (row * 7 % 11) + "dog" * (row % 3) for row in range(23)]
    expected = np.concatenate([tiny_bert.encode_queries([text]) for text in texts])
    monkeypatch.setattr(retrieval.encoder, "WINDOW_TEXTS", 5)
    monkeypatch.setattr(retrieval.encoder, "BATCH_TOKENS", 20)
    np.testing.assert_allclose(tiny_bert.encode_queries(texts), expected, atol=1e-5)


def test_progress_counts_up_to_all_texts(tiny_bert: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval.encoder, "WINDOW_TEXTS", 4)
    monkeypatch.setattr(
        retrieval.encoder, "BATCH_TOKENS", 10
    )  # "query: cat" is five tokens: two rows a batch
    seen: list[tuple[int, int]] = []
    tiny_bert.encode_queries(["cat"] * 7, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 7), (4, 7), (6, 7), (7, 7)]
    seen.clear()
    tiny_bert.encode_passages(["cat"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


def test_several_threads_get_the_vectors_of_one(tiny_bert: OnnxEncoder) -> None:
    texts = [
        " ".join(["refund", "cat", "card"][: 1 + row % 3]) + " " + "abcdefgh"[row % 8] for row in range(64)
    ]
    expected = np.concatenate([tiny_bert.encode_queries([text]) for text in texts])
    with ThreadPoolExecutor(8) as pool:
        found = np.concatenate(list(pool.map(lambda text: tiny_bert.encode_queries([text]), texts)))
        bulk = list(pool.map(lambda _: tiny_bert.encode_queries(texts), range(4)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for each in bulk:
        np.testing.assert_allclose(each, expected, atol=1e-5)


def test_fingerprint_follows_the_encoder_files_and_nothing_else(
    tiny_bert_folder: Path, tmp_path: Path
) -> None:
    original = verify_artifact(tiny_bert_folder, kind="encoder")
    copy_folder(tiny_bert_folder, tmp_path / "more", extra={"confidence.json": b"{}"})
    copy_folder(tiny_bert_folder, tmp_path / "other", change=renamed("other"))
    more = verify_artifact(tmp_path / "more", kind="encoder")
    other = verify_artifact(tmp_path / "other", kind="encoder")
    assert OnnxEncoder.load(tiny_bert_folder).fingerprint == encoder_fingerprint(original)
    assert encoder_fingerprint(more) == encoder_fingerprint(original)
    assert encoder_fingerprint(other) != encoder_fingerprint(original)


def test_settings_survive_json() -> None:
    settings = EncoderSettings(
        name="某模型",
        dimension=4,
        pooling="cls",
        query_prefix="query: ",
        passage_prefix="",
        max_tokens=128,
        precision="int8",
        self_test=SelfTest("hi 你好", (0.25, -0.5), 0.01),
    )
    assert EncoderSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda document: document.pop("name"), "malformed"),
        (lambda document: document.update(colour="red"), "malformed"),
        (lambda document: document.pop("self_test"), "malformed"),
        (lambda document: document.update(self_test=None), "malformed"),
        (lambda document: document["self_test"].update(expected=["x"]), "malformed"),
        (lambda document: document.update(dimension=0), "malformed"),
        (lambda document: document.update(max_tokens=2), "malformed"),
        (lambda document: document.update(dimension=17), "for its known sentence"),
        (lambda document: document["self_test"].update(text="another"), "for its known sentence"),
        (lambda document: document["self_test"]["expected"].reverse(), "for its known sentence"),
        (lambda document: document["self_test"].update(expected=[float("nan")]), "for its known sentence"),
    ],
)
def test_settings_that_do_not_fit_the_graph_are_refused(
    tiny_bert_folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    copy_folder(tiny_bert_folder, tmp_path / "x", change=change)
    with pytest.raises(ArtifactError, match=problem):
        OnnxEncoder.load(tmp_path / "x")


@pytest.mark.parametrize("file", ["encoder.onnx", "tokenizer.json", "encoder.json"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"[]", b"\xff\xfe"])
def test_file_that_is_something_else_is_refused_though_its_hash_is_right(
    tiny_bert_folder: Path, tmp_path: Path, file: str, content: bytes
) -> None:
    copy_folder(tiny_bert_folder, tmp_path / "x", extra={file: content})
    with pytest.raises(ArtifactError) as caught:
        OnnxEncoder.load(tmp_path / "x")
    assert caught.value.file == file
    assert "kefu models get" in str(caught.value)


@pytest.mark.parametrize("file", ["encoder.onnx", "tokenizer.json", "encoder.json"])
def test_missing_file_is_refused(tiny_bert_folder: Path, tmp_path: Path, file: str) -> None:
    copy_folder(tiny_bert_folder, tmp_path / "x", without=file)
    with pytest.raises(ArtifactError, match="is missing") as caught:
        OnnxEncoder.load(tmp_path / "x")
    assert caught.value.file == file


def test_altered_file_is_refused_before_any_parser_sees_it(
    tiny_bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_folder(tiny_bert_folder, tmp_path / "x")
    content = bytearray((tmp_path / "x" / "encoder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "x" / "encoder.onnx").write_bytes(content)

    def parse(*_: object, **__: object) -> None:
        raise AssertionError("a parser was called")

    monkeypatch.setattr(retrieval.encoder, "_open_session", parse)
    monkeypatch.setattr(retrieval.encoder, "_load_tokenizer", parse)
    with pytest.raises(ArtifactError, match="differs from its manifest"):
        OnnxEncoder.load(tmp_path / "x")


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_graph_that_gives_no_numbers_is_refused(
    tiny_bert_folder: Path, tmp_path: Path, poison: float
) -> None:
    graph = onnx.load(str(tiny_bert_folder / "encoder.onnx"))
    for constant in graph.graph.initializer:
        if constant.name.endswith("word_embeddings.weight"):
            table = numpy_helper.to_array(constant).copy()
            table[:] = poison
            constant.CopyFrom(numpy_helper.from_array(table, constant.name))
    copy_folder(tiny_bert_folder, tmp_path / "x", extra={"encoder.onnx": graph.SerializeToString()})
    with pytest.raises(ArtifactError, match="for its known sentence"):
        OnnxEncoder.load(tmp_path / "x")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no encoder folder here"):
        OnnxEncoder.load(tmp_path / "nowhere")


def test_importing_the_module_loads_no_heavy_library() -> None:
    script = (
        "import sys, retrieval.encoder, retrieval.models, retrieval.artifacts;"
        "print([each for each in ('torch', 'transformers', 'onnxruntime', 'tokenizers') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.model
def test_english_backbone_without_its_adaptation_gives_the_published_similarities(tmp_path: Path) -> None:
    from training.backbones import load_backbone
    from training.onnx_export import export_encoder

    export_encoder(load_backbone("english", plain=True), tmp_path / "plain")
    # README of sentence-transformers: [0.6660, 0.1046, 0.1411]
    assert similarities_of_weather(tmp_path / "plain") == pytest.approx([0.6660, 0.1046, 0.1411], abs=0.02)


@pytest.mark.model
def test_english_backbone_gives_the_known_similarities(english_encoder: OnnxEncoder) -> None:
    found = [check.found for check in check_pairs(english_encoder, KNOWN_PAIRS[english_encoder.name])]
    assert found == pytest.approx([0.740, 0.187, 0.246], abs=0.02)


def similarities_of_weather(folder: Path) -> list[float]:
    vectors = OnnxEncoder.load(folder).encode_queries([WEATHER, SUNNY, STADIUM])
    return [float(vectors[one] @ vectors[other]) for one, other in ((0, 1), (0, 2), (1, 2))]


@pytest.mark.model
def test_multilingual_backbone_ranks_translations_first(multilingual_encoder: OnnxEncoder) -> None:
    english = ["How long does a refund take?", "Where is my parcel?", "How do I reset my password?"]
    chinese = ["退款多久到账？", "我的快递到哪里了？", "怎么重置登录密码？"]
    similarities = (
        multilingual_encoder.encode_queries(english) @ multilingual_encoder.encode_queries(chinese).T
    )
    assert similarities.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarities.argmax(axis=0).tolist() == [0, 1, 2]


def renamed(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.update(name=name)


def copy_folder(
    source: Path,
    target: Path,
    *,
    change: Callable[[dict[str, Any]], object] | None = None,
    extra: dict[str, bytes] | None = None,
    without: str = "",
) -> None:
    """Write the same artifact again with changes, so that its hashes are right."""
    contents = dict(_contents(source)) | (extra or {})
    if change is not None:
        document = json.loads(contents["encoder.json"])
        change(document)
        contents["encoder.json"] = json.dumps(document).encode()
    contents.pop(without, None)
    write_artifact(
        target,
        kind="encoder",
        files={name: lambda file, name=name: file.write_bytes(contents[name]) for name in contents},
        meta={},
    )


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in ("encoder.onnx", "tokenizer.json", "encoder.json"):
        yield name, (folder / name).read_bytes()
