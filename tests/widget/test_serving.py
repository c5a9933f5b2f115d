"""The built files: what they are made of, how large they are, and how they are served."""

import gzip
import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import httpx
import pytest

from tests.fixtures.processes import ROOT
from tests.fixtures.widget_sources import WIDGET

BUILT = WIDGET / "built"
MANIFEST = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
MODULE = next(path.name for path in BUILT.glob("kefu-*.js"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compressed(name: str) -> int:
    return len(gzip.compress((BUILT / name).read_bytes(), mtime=0))


def test_built_files_are_of_these_sources() -> None:
    sources = {f"src/{path.name}" for path in (WIDGET / "src").iterdir()}

    assert sources | {"build.js", "package.json", "package-lock.json", "tsconfig.json"} == set(
        MANIFEST["inputs"]
    )
    changed = [name for name, hash in MANIFEST["inputs"].items() if sha256(WIDGET / name) != hash]
    assert changed == [], "run make widget"


def test_built_files_are_as_the_build_left_them() -> None:
    outputs = {path.name: sha256(path) for path in BUILT.iterdir() if path.name != "manifest.json"}

    assert outputs == MANIFEST["outputs"]


def test_building_again_gives_the_same_bytes(widget_sources: Path) -> None:
    done = subprocess.run(
        ["node", "build.js"], cwd=widget_sources, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    assert {path.name: sha256(path) for path in (widget_sources / "built").iterdir()} == {
        path.name: sha256(path) for path in BUILT.iterdir()
    }


def test_loader_and_whole_keep_to_their_budgets() -> None:
    assert compressed("widget.js") <= 3 * 1024
    assert sum(compressed(path.name) for path in BUILT.glob("*.js")) <= 45 * 1024


def test_versions_are_pinned_and_locked() -> None:
    package = json.loads((WIDGET / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((WIDGET / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    pinned = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"[\d.]+", version) for version in pinned.values())
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert all("integrity" in entry for name, entry in locked.items() if name)


def test_licence_of_what_is_inside_is_beside_it() -> None:
    assert "BSD 3-Clause" in (BUILT / "licenses.txt").read_text(encoding="utf-8")
    for name in ("widget.js", MODULE):
        assert "licenses.txt" in (BUILT / name).read_text(encoding="utf-8")[:200]


def test_built_files_come_along_in_the_package() -> None:
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line]
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]

    assert "bot" in package["targets"]["wheel"]["packages"]
    assert "built/" not in ignored
    assert "node_modules/" in ignored
    assert "**/node_modules" in (ROOT / ".dockerignore").read_text().splitlines()


async def test_loader_is_small_and_looked_up_again(client: httpx.AsyncClient) -> None:
    served = await client.get("/widget.js", headers={"Origin": "https://shop.example"})

    assert served.status_code == 200
    assert served.headers["content-type"] == "text/javascript; charset=utf-8"
    assert served.headers["cache-control"] == "no-cache"
    assert served.headers["content-encoding"] == "gzip"
    assert served.headers["access-control-allow-origin"] == "https://shop.example"
    assert served.content == (BUILT / "widget.js").read_bytes()
    again = await client.get("/widget.js", headers={"If-None-Match": served.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == served.content


async def test_module_has_its_hash_in_its_name_and_is_kept_for_ever(client: httpx.AsyncClient) -> None:
    served = await client.get(f"/widget/{MODULE}")

    assert "immutable" in served.headers["cache-control"]
    assert served.headers["cross-origin-resource-policy"] == "cross-origin"
    content = served.content
    assert hashlib.sha256(content).hexdigest()[:12] in MODULE
    lasting = await client.get("/widget/module.js")
    assert lasting.text == f'export {{ KefuWidget }} from "./{MODULE}";\n'
    assert lasting.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["widget.js", "manifest.json", "kefu-000000000000.js", "..%2fendpoints.py"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    refused = await client.get(f"/widget/{name}")

    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
