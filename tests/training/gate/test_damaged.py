"""Damaged candidates are refused, each for the reason that fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from retrieval.records import Knowledge, QuestionRecord
from tests.fixtures.shops import shop_knowledge
from tests.training.gate.conftest import Made, Shop
from tests.training.gate.damaging import (
    Edit,
    Rows,
    document,
    hurt,
    links,
    reencoded,
    remade,
    rows,
    tensors,
    vectors,
    weights,
)
from training.gate.folders import ReleaseFolders
from training.gate.judging import judge_release

Damage = Callable[[ReleaseFolders, Path, Shop], ReleaseFolders]
WHOLE = shop_knowledge()
CHK, SNP = "checkpoint", "snapshot"
Q, P = "questions.jsonl", "passages.jsonl"


def text_edit(file: str, change: Callable[[bytes], bytes]) -> Edit:
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_bytes())) and None


def gone(file: str) -> Edit:
    return lambda folder: (folder / file).unlink()


def confidence(**changes: Any) -> Edit:
    return document(
        "confidence.json", lambda old: old | {name: each(old[name]) for name, each in changes.items()}
    )


def scaled(factor: float) -> Callable[[dict[str, float]], dict[str, float]]:
    return lambda old: {name: factor * value for name, value in old.items()}


def cut(at: float) -> Edit:
    """Answers from `at` on, and asks back from there on, too."""
    bound = {"answer_at": at, "clarify_at": at}
    return confidence(
        default_cutoffs=lambda old: old | bound,
        cutoffs=lambda old: {language: each | bound for language, each in old.items()},
    )


def mixed(array: NDArray[Any]) -> NDArray[Any]:
    """Its columns or rows in another order in which each has moved."""
    return np.roll(array, 1, axis=-1)


def head_columns_moved(found: dict[str, NDArray[Any]]) -> None:
    for name in ("meaning", "meaning_bias", "wording", "wording_bias"):
        found[name] = mixed(found[name])


def half_of_head_moved(found: dict[str, NDArray[Any]]) -> None:
    for name in ("meaning", "wording"):
        found[name][..., :9] = mixed(found[name][..., :9])


def nan_in_head(found: dict[str, NDArray[Any]]) -> None:
    found["meaning"][3, 2] = np.nan


def head_zeroed(found: dict[str, NDArray[Any]]) -> None:
    found["wording"][:] = 0


def other_tokenizer(folder: Path) -> None:
    """Two thousand pieces, each under the number of another one."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = dict(zip(vocabulary, reversed(vocabulary.values()), strict=True))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def unused_row(value: float) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The last piece is that of no common word: nothing else shows it."""

    def change(table: NDArray[np.float32]) -> NDArray[np.float32]:
        table[-1, 0] = value
        return table

    return change


def slow_graph(folder: Path) -> None:
    """A large product whose outcome is multiplied by 0 and added."""
    model = onnx.load(str(folder / "encoder.onnx"))
    graph = model.graph
    square = np.random.default_rng(0).random((700, 700)).astype(np.float32)
    for name, array in (("square", square), ("nothing", np.zeros(1, np.float32))):
        graph.initializer.append(numpy_helper.from_array(array, name))
    graph.node[-1].output[0] = "quick"
    graph.node.extend(
        [
            helper.make_node("ReduceSum", ["quick"], ["total"], keepdims=0),
            helper.make_node("Mul", ["square", "total"], ["filled"]),
            helper.make_node("MatMul", ["filled", "square"], ["once"]),
            helper.make_node("MatMul", ["once", "square"], ["twice"]),
            helper.make_node("ReduceMax", ["twice"], ["largest"], keepdims=0),
            helper.make_node("Mul", ["largest", "nothing"], ["zero"]),
            helper.make_node("Add", ["quick", "zero"], ["embedding"]),
        ]
    )
    onnx.save(model, str(folder / "encoder.onnx"))


def swapped(one: str, other: str) -> Callable[[Rows], Rows]:
    names = {one: other, other: one}
    return lambda found: [[row[0], names.get(row[1], row[1]), *row[2:]] for row in found]


def renumbered(found: Rows) -> Rows:
    return [[row[0] + 1, *row[1:]] for row in found]


def without_answer(found: Rows) -> Rows:
    return [row for row in found if row[1] != "refund"]


def indexed(change: Callable[[Knowledge], Knowledge]) -> Damage:
    """A snapshot, sound in itself, of other knowledge than was approved."""
    return lambda folders, target, shop: shop.index(f"other-{target.name}", folders.checkpoint, change(WHOLE))


def doubled(knowledge: Knowledge) -> Knowledge:
    more = [
        QuestionRecord(9000 + q.number, q.answer_id, q.text, q.language) for q in knowledge.questions[:50]
    ]
    return Knowledge([*knowledge.questions, *more], knowledge.passages)


def shuffled(knowledge: Knowledge) -> Knowledge:
    """Every question leads to a random answer."""
    answers = np.random.default_rng(3).permutation([q.answer_id for q in knowledge.questions]).tolist()
    moved = [
        QuestionRecord(q.number, answer, q.text, q.language)
        for q, answer in zip(knowledge.questions, answers, strict=True)
    ]
    return Knowledge(moved, knowledge.passages)


def head_of_shuffled_labels(folders: ReleaseFolders, target: Path, shop: Shop) -> ReleaseFolders:
    """Everything is sound but that the head was taught shuffled labels."""
    taught = shop.make(f"shuffled-{target.name}", WHOLE, taught=shuffled(WHOLE))
    head = (taught.folders.checkpoint / "head.safetensors").read_bytes()
    names = (taught.folders.checkpoint / "head.json").read_bytes()

    def put(folder: Path) -> None:
        (folder / "head.safetensors").write_bytes(head)
        (folder / "head.json").write_bytes(names)

    return remade(CHK, put)(folders, target, shop)


def add_file(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"x")


def first_number_twice(found: Rows) -> Rows:
    return [found[0], [found[0][0], *found[1][1:]], *found[2:]]


def without_links(found: NDArray[np.int32]) -> NDArray[np.int32]:
    """Nine in ten lists of links are lost, so that most questions are not found from anywhere."""
    return np.where(np.random.default_rng(5).random(len(found)) < 0.9, -1, found)


def cut_graph(folder: Path) -> None:
    links(lambda whole: whole)(folder)
    text_edit("questions.faiss", lambda old: old[:-999])(folder)


DAMAGES: dict[str, tuple[str, str, Damage]] = {
    # What an accident on the disk does.
    "damaged manifest": ("manifests", "is not JSON", hurt(CHK, text_edit("manifest.json", lambda old: old[:-40]))),
    "no manifest": ("manifests", "is missing", hurt(SNP, gone("manifest.json"))),
    "old schema": (
        "manifests", "schema version 0",
        hurt(CHK, document("manifest.json", lambda old: old | {"schema_version": 0})),
    ),
    "truncated ONNX": ("manifests", "encoder.onnx: has", hurt(CHK, text_edit("encoder.onnx", lambda old: old[:5000]))),
    "one bit flipped in the head": (
        "manifests", "content differs",
        hurt(CHK, text_edit("head.safetensors", lambda old: old[:-1] + bytes([old[-1] ^ 1]))),
    ),
    "unlisted file": ("manifests", "not in the manifest", hurt(CHK, add_file)),
    "missing vectors": ("manifests", "questions.faiss", hurt(SNP, gone("questions.faiss"))),
    # What a bug in training or indexing does: the manifest vouches for it.
    "truncated ONNX, vouched for": (
        "loads", "not a usable ONNX model", remade(CHK, text_edit("encoder.onnx", lambda old: old[:5000])),
    ),
    "no confidence": ("loads", "confidence.json: is missing", remade(CHK, gone("confidence.json"))),
    "confidence of other evidence": (
        "loads", "has the weights",
        remade(CHK, confidence(weights=lambda old: {n: v for n, v in old.items() if n != "margin"})),
    ),
    "head without its answers": ("loads", "head", remade(CHK, document("head.json", lambda old: old[:-1]))),
    "wrong dimension": ("loads", "rows of 32, expected", remade(SNP, vectors(lambda old: old[:, :32]))),
    "other tokenizer": ("loads", "for its known sentence", remade(CHK, other_tokenizer)),
    "other tokenizer, index made with it": ("tokenizer", "not that of the backbone", reencoded(other_tokenizer, WHOLE)),
    "other prefixes": (
        "tokenizer", "query_prefix",
        reencoded(document("encoder.json", lambda old: old | {"query_prefix": "query: "}), WHOLE),
    ),
    "NaN in the encoder": ("weights", "NaN or infinite", reencoded(weights(unused_row(float("nan"))), WHOLE)),
    "infinity in the encoder": ("weights", "NaN or infinite", reencoded(weights(unused_row(float("inf"))), WHOLE)),
    "zeroed layer": ("weights", "table is 0 throughout", reencoded(weights(lambda old: old * 0), WHOLE)),
    "NaN in the head": ("weights", "meaning has 1 numbers", remade(CHK, tensors(nan_in_head))),
    "zeroed head": ("weights", "wording is 0 throughout", remade(CHK, tensors(head_zeroed))),
    "NaN in the confidence": (
        "weights", "confidence's weights",
        remade(CHK, confidence(weights=lambda old: old | {"margin": float("nan")})),
    ),
    "NaN in the vectors": ("weights", "index of questions", remade(SNP, vectors(lambda old: old * np.float32("nan")))),
    "vectors of length 2": ("vectors", "do not have length 1", remade(SNP, vectors(lambda old: 2 * old))),
    "vectors one row off": ("vectors", "one row off", remade(SNP, vectors(lambda old: np.roll(old, 1, axis=0)))),
    "vectors in random order": (
        "vectors", "not those of their texts",
        remade(SNP, vectors(lambda old: np.random.default_rng(1).permutation(old))),
    ),
    "answer texts' vectors swapped": (
        "vectors", "answer texts are not those",
        remade(SNP, vectors(lambda old: old[::-1], "passages.faiss")),
    ),
    "lost links in a large index": ("recall", "of the 10 nearest questions", remade(SNP, links(without_links))),
    "truncated large index": (
        "loads", "questions.faiss",
        remade(SNP, cut_graph),
    ),
    "swapped ids": ("knowledge", "lead to another answer", remade(SNP, rows(Q, swapped("refund", "invoice")))),
    "swapped ids of texts": ("knowledge", "lead to another answer", remade(SNP, rows(P, swapped("refund", "invoice")))),
    "ids off by one": ("knowledge", "missing from the index", remade(SNP, rows(Q, renumbered))),
    "number given twice": ("knowledge", "there twice", remade(SNP, rows(Q, first_number_twice))),
    "missing answer": (
        "knowledge", "questions are missing",
        indexed(lambda old: Knowledge([q for q in old.questions if q.answer_id != "refund"], old.passages)),
    ),
    "missing answer text": ("knowledge", "answer texts are missing", indexed(lambda old: Knowledge(old.questions, old.passages[1:]))),
    "duplicates": ("knowledge", "50 questions are in the index and not approved", indexed(doubled)),
    "empty index": ("knowledge", "The index is empty", indexed(lambda _: Knowledge())),
    "shuffled labels in the index": ("knowledge", "lead to another answer", indexed(shuffled)),
    "head that does not know an answer": (
        "knowledge", "not approved (refund old)",
        remade(CHK, document("head.json", lambda old: [f"{name}{'' if name != 'refund' else ' old'}" for name in old])),
    ),
    # What no look at the files can see.
    "shuffled labels": ("head", "no more than with shuffled labels", head_of_shuffled_labels),
    "columns of the head moved": ("head", "no more than with shuffled labels", remade(CHK, tensors(head_columns_moved))),
    "half of the head's columns moved": ("accuracy", "is worse", remade(CHK, tensors(half_of_head_moved))),
    "order of candidates turned round": (
        "accuracy", "is worse",
        remade(CHK, confidence(fusion=lambda old: {"weights": {n: [-v for v in row] for n, row in old["weights"].items()}})),
    ),
    "confidence turned round": ("calibration", "off by", remade(CHK, confidence(weights=scaled(-1.0)))),
    "confidence without shape": ("calibration", "off by", remade(CHK, confidence(weights=scaled(0.0)))),
    "cut-offs at 0": ("promise", "promised error is broken", remade(CHK, cut(0.0))),
    "cut-offs never reached": ("coverage", "None of", remade(CHK, cut(1.5))),
    "slow encoder": ("speed", "limit", reencoded(slow_graph, WHOLE)),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_candidate_is_refused_with_the_fitting_reason(
    name: str, candidate: Made, serving: Made, shop: Shop, tmp_path: Path
) -> None:
    check, reason, damage = DAMAGES[name]
    damaged = damage(candidate.folders, tmp_path, shop)
    judgement = judge_release(damaged, serving.folders, candidate.export, models_dir=shop.models_dir)
    refusals = {each.name: each.reason for each in judgement.checks if not each.passed}
    assert check in refusals, refusals
    assert reason in refusals[check]
    assert not judgement.passed


def test_there_are_thirty_of_them_and_more() -> None:
    assert len(DAMAGES) > 30
