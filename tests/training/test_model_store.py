"""A backbone's folder is made once, whole, and by one process at a time."""

import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from retrieval.artifacts import sweep_partial_folders
from retrieval.encoder import OnnxEncoder
from retrieval.errors import ArtifactError
from training import backbones, model_store
from training.errors import BackboneError
from training.model_store import ensure_model, inspect_model, list_models


@pytest.fixture
def made(quick_export: list[str]) -> list[str]:
    return quick_export


def silent(_: str) -> None:
    pass


def test_model_is_made_once_and_then_found(tmp_path: Path, made: list[str]) -> None:
    assert inspect_model("english", models_dir=tmp_path / "m").state == "missing"
    first = ensure_model("english", models_dir=tmp_path / "m", report=silent)
    assert (first.state, first.name) == ("ready", "sentence-transformers/all-MiniLM-L6-v2")
    assert first.folder == tmp_path / "m" / "all-MiniLM-L6-v2"
    stamp = (first.folder / "encoder.onnx").stat().st_mtime_ns
    second = ensure_model("sentence-transformers/all-MiniLM-L6-v2", models_dir=tmp_path / "m", report=silent)
    assert second == first
    assert (first.folder / "encoder.onnx").stat().st_mtime_ns == stamp
    assert made == ["sentence-transformers/all-MiniLM-L6-v2"]
    assert OnnxEncoder.load(first.folder).dimension == 16


def test_nothing_is_left_beside_the_folder_but_the_lock(tmp_path: Path, made: list[str]) -> None:
    ensure_model("english", models_dir=tmp_path, report=silent)
    assert made
    assert {entry.name for entry in tmp_path.iterdir()} <= {"all-MiniLM-L6-v2", ".lock"}


def test_damaged_model_is_made_again_and_the_reason_told(tmp_path: Path, made: list[str]) -> None:
    folder = ensure_model("english", models_dir=tmp_path, report=silent).folder
    content = bytearray((folder / "encoder.onnx").read_bytes())
    content[-1] ^= 1
    (folder / "encoder.onnx").write_bytes(content)
    assert inspect_model("english", models_dir=tmp_path).state == "damaged"
    steps: list[str] = []
    assert ensure_model("english", models_dir=tmp_path, report=steps.append).state == "ready"
    assert "content differs from its manifest" in steps[0]
    assert len(made) == 2


def test_model_of_an_earlier_exporter_is_made_again(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_model("english", models_dir=tmp_path, report=silent)
    monkeypatch.setattr(model_store, "EXPORT_VERSION", model_store.EXPORT_VERSION + 1)
    assert inspect_model("english", models_dir=tmp_path).state == "outdated"
    assert ensure_model("english", models_dir=tmp_path, report=silent).state == "ready"
    assert len(made) == 2


def test_old_model_stays_when_the_new_one_cannot_be_made(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_model("english", models_dir=tmp_path, report=silent)
    monkeypatch.setattr(model_store, "EXPORT_VERSION", model_store.EXPORT_VERSION + 1)

    def fail(name: str) -> None:
        raise BackboneError(f"{name}: package missing")

    monkeypatch.setattr(backbones, "load_backbone", fail)
    with pytest.raises(BackboneError, match="package missing"):
        ensure_model("english", models_dir=tmp_path, report=silent)
    assert inspect_model("english", models_dir=tmp_path).state == "outdated"
    assert len(made) == 1


def test_folder_that_cannot_be_made_is_named(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match="KEFU_MODELS_DIR"):
        ensure_model("english", models_dir=tmp_path / "file" / "models", report=silent)
    assert made == []


def test_list_shows_the_known_backbones_and_others(tmp_path: Path, made: list[str]) -> None:
    ensure_model("some/other-model", models_dir=tmp_path, report=silent)
    (tmp_path / "junk").mkdir()
    (tmp_path / ".x.1.partial").mkdir()
    assert made == ["some/other-model"]
    assert [(model.folder.name, model.state) for model in list_models(tmp_path)] == [
        ("all-MiniLM-L6-v2", "missing"),
        ("multilingual-e5-small", "missing"),
        ("junk", "damaged"),
        ("other-model", "ready"),
    ]


# Stands in for the exporter, so that the child needs no torch.
CHILD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from types import ModuleType
    from retrieval.artifacts import write_artifact
    from training import backbones, model_store

    folder, pause = Path(sys.argv[1]), float(sys.argv[2])

    def load(name):
        with (folder / "made.log").open("a") as log:
            log.write(name + "\\n")
        print("making", flush=True)
        time.sleep(pause)

    def export(backbone, target, *, meta):
        write_artifact(target, kind="encoder", files={}, meta=meta)

    backbones.load_backbone = load
    sys.modules["training.onnx_export"] = ModuleType("training.onnx_export")
    sys.modules["training.onnx_export"].export_encoder = export
    model_store.ensure_model("english", models_dir=folder / "models", report=lambda step: None)
""")


def start(folder: Path, *, pause: float) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", CHILD, str(folder), str(pause)], stdout=subprocess.PIPE)


def test_two_processes_at_once_make_it_once(tmp_path: Path) -> None:
    with start(tmp_path, pause=1.0) as first, start(tmp_path, pause=1.0) as second:
        assert [first.wait(), second.wait()] == [0, 0]
    assert len((tmp_path / "made.log").read_text().splitlines()) == 1
    assert inspect_model("english", models_dir=tmp_path / "models").state == "ready"


def test_killed_process_blocks_nobody_and_leaves_nothing(tmp_path: Path, made: list[str]) -> None:
    with start(tmp_path, pause=60.0) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"making\n"
        child.send_signal(signal.SIGKILL)
    models = tmp_path / "models"
    # As if it had been killed while it wrote.
    (models / ".all-MiniLM-L6-v2.0.partial").mkdir()
    assert inspect_model("english", models_dir=models).state == "missing"
    assert ensure_model("english", models_dir=models, report=silent).state == "ready"
    assert made
    assert {entry.name for entry in models.iterdir()} <= {"all-MiniLM-L6-v2", ".lock"}


def test_sweeping_is_safe_when_nothing_is_there(tmp_path: Path) -> None:
    sweep_partial_folders(tmp_path / "nowhere" / "x", older_than=timedelta(0))
    assert list(tmp_path.iterdir()) == []
