"""Tools that damage a release: with its old manifest, as an accident would, or with a new one, as a bug in training would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

from retrieval.artifacts import MANIFEST_NAME, write_artifact
from retrieval.encoder import SETTINGS_FILE, OnnxEncoder
from retrieval.index import HNSW_LINKS
from retrieval.records import Knowledge
from tests.training.gate.conftest import Shop
from training.gate.folders import ReleaseFolders

Edit = Callable[[Path], None]
Rows = list[list[Any]]


def copied(folders: ReleaseFolders, target: Path) -> ReleaseFolders:
    shutil.copytree(folders.checkpoint, target / "checkpoint")
    shutil.copytree(folders.snapshot, target / "snapshot")
    return ReleaseFolders(target / "checkpoint", target / "snapshot")


def hurt(part: str, edit: Edit) -> Callable[[ReleaseFolders, Path, Shop], ReleaseFolders]:
    """Edits a folder and leaves its manifest as it was."""

    def damage(folders: ReleaseFolders, target: Path, shop: Shop) -> ReleaseFolders:
        made = copied(folders, target)
        edit(getattr(made, part))
        return made

    return damage


def remade(part: str, edit: Edit) -> Callable[[ReleaseFolders, Path, Shop], ReleaseFolders]:
    """Edits a folder and gives it a manifest that vouches for the damage."""

    def damage(folders: ReleaseFolders, target: Path, shop: Shop) -> ReleaseFolders:
        made = copied(folders, target)
        folder = getattr(made, part)
        edit(folder)
        _vouch(folder)
        return made

    return damage


def reencoded(edit: Edit, knowledge: Knowledge) -> Callable[[ReleaseFolders, Path, Shop], ReleaseFolders]:
    """Edits the encoder's files; known vector, manifest and snapshot are made anew from what came out."""

    def damage(folders: ReleaseFolders, target: Path, shop: Shop) -> ReleaseFolders:
        shutil.copytree(folders.checkpoint, target / "checkpoint")
        edit(target / "checkpoint")
        _retest(target / "checkpoint")
        name = f"reencoded-{target.name}"
        return shop.index(name, target / "checkpoint", knowledge)

    return damage


def _vouch(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    aside = folder.with_name(f"{folder.name}-old")
    folder.rename(aside)
    names = [file.name for file in aside.iterdir() if file.name != MANIFEST_NAME]
    files = {name: partial(shutil.copyfile, aside / name) for name in sorted(names)}
    write_artifact(folder, kind=manifest["kind"], files=files, meta=manifest["meta"])  # type: ignore[arg-type]  # copyfile returns what nobody reads
    shutil.rmtree(aside)


def _retest(folder: Path) -> None:
    settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    test = settings["self_test"]
    (folder / SETTINGS_FILE).write_text(
        json.dumps(settings | {"self_test": test | {"expected": [], "tolerance": 1.0}}), encoding="utf-8"
    )
    _vouch(folder)
    from retrieval.checkpoint import Checkpoint

    encoder: OnnxEncoder = Checkpoint.load(folder).encoder
    expected = encoder.encode_passages([test["text"]])[0][
        :4
    ].tolist()  # which has no prefix, as the known sentence
    (folder / SETTINGS_FILE).write_text(
        json.dumps(settings | {"self_test": test | {"expected": expected}}), encoding="utf-8"
    )
    _vouch(folder)


def tensors(edit: Callable[[dict[str, NDArray[Any]]], None]) -> Edit:
    """Of the intent head."""

    def apply(folder: Path) -> None:
        found = load_file(str(folder / "head.safetensors"))
        edit(found)
        save_file(
            {name: np.ascontiguousarray(each) for name, each in found.items()}, folder / "head.safetensors"
        )

    return apply


def document(file: str, edit: Callable[[Any], Any]) -> Edit:
    """Of a JSON file; `edit` returns the new content."""

    def apply(folder: Path) -> None:
        content = edit(json.loads((folder / file).read_text(encoding="utf-8")))
        (folder / file).write_text(json.dumps(content), encoding="utf-8")

    return apply


def weights(edit: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Edit:
    """Of the encoder's table."""

    def apply(folder: Path) -> None:
        model = onnx.load(str(folder / "encoder.onnx"))
        table = next(each for each in model.graph.initializer if each.name == "table")
        table.CopyFrom(numpy_helper.from_array(edit(numpy_helper.to_array(table).copy()), "table"))
        onnx.save(model, str(folder / "encoder.onnx"))

    return apply


def rows(file: str, edit: Callable[[Rows], Rows]) -> Edit:
    """Of a snapshot's records; vectors stay as they are."""

    def apply(folder: Path) -> None:
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        changed = edit([json.loads(line) for line in lines])
        (folder / file).write_text("".join(json.dumps(row) + "\n" for row in changed), encoding="utf-8")

    return apply


def vectors(
    edit: Callable[[NDArray[np.float32]], NDArray[np.float32]], file: str = "questions.faiss"
) -> Edit:
    """Of a snapshot's index; records stay as they are."""

    def apply(folder: Path) -> None:
        index = faiss.read_index(str(folder / file))
        changed = np.ascontiguousarray(edit(index.reconstruct_n(0, index.ntotal)), np.float32)
        other = faiss.IndexFlatIP(changed.shape[1])
        other.add(changed)
        faiss.write_index(other, str(folder / file))

    return apply


def links(edit: Callable[[NDArray[np.int32]], NDArray[np.int32]], file: str = "questions.faiss") -> Edit:
    """Of an HNSW graph, as large snapshots have it, over a snapshot's own vectors; -1 ends a list of links."""

    def apply(folder: Path) -> None:
        index = faiss.read_index(str(folder / file))
        graph = faiss.IndexHNSWFlat(index.d, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        graph.add(index.reconstruct_n(0, index.ntotal))
        changed = edit(faiss.vector_to_array(graph.hnsw.neighbors))
        faiss.copy_array_to_vector(np.ascontiguousarray(changed, np.int32), graph.hnsw.neighbors)
        faiss.write_index(graph, str(folder / file))

    return apply
