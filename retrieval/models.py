"""Which backbone is used and where it lies on this machine.

A backbone is an encoder folder (see :mod:`retrieval.encoder`) in the models folder, named after the last part
of its name: ``sentence-transformers/all-MiniLM-L6-v2`` lies in ``<models folder>/all-MiniLM-L6-v2``. ``python
-m training models get`` puts it there. The models folder is passed in; this package reads no environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from retrieval.artifacts import MANIFEST_NAME
from retrieval.errors import ModelNotFoundError
from retrieval.knowledge_shape import is_led_by_texts
from retrieval.records import Knowledge

BACKBONES = {
    "english": "sentence-transformers/all-MiniLM-L6-v2",
    "multilingual": "intfloat/multilingual-e5-small",
}
"""Role to backbone name; the roles can be used as names too."""

# Chinese characters: the unified ideographs with extension A, compatibility ideographs and the later planes.
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323af]")


def choose_backbone(
    texts: Iterable[str] | None, *, name: str = "auto", knowledge: Knowledge | None = None
) -> str:
    """Return the name of the backbone to use.

    The multilingual one was made for finding the text that answers a question, so it is used in English, too, where texts lead to
    the answers (FeedbackQA's training questions, asked in turn of what the others led to: 54.8 -> 56.8 and 69.0 -> 71.7 % right first). Where
    questions do, the English one knows more (BANKING77, five an intent: 81.4, multilingual 78.0): docs/decisions/0039.

    Args:
        texts: what it will have to read; None when nothing is known yet, which counts as "may hold Chinese".
        name: "auto", a role of `BACKBONES`, or a backbone's own name or folder, which passes through.
        knowledge: what will be searched, where that is known.
    """
    if name != "auto":
        return BACKBONES.get(name, name)
    if texts is None or any(_HAN.search(text) for text in texts):
        return BACKBONES["multilingual"]
    if knowledge is not None and is_led_by_texts(knowledge):
        return BACKBONES["multilingual"]
    return BACKBONES["english"]


def reads_chinese(name: str) -> bool:
    """Whether a backbone may be asked in Chinese; of one that is not Kefu's own nobody knows better."""
    return name != BACKBONES["english"]


def model_folder(name: str, *, models_dir: Path) -> Path:
    """Return where the backbone `name` lies or would lie; the path of an existing encoder folder stays."""
    resolved = BACKBONES.get(name, name)
    if (Path(resolved) / MANIFEST_NAME).is_file():
        return Path(resolved)
    last = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(resolved).name).strip(".-")
    if not last:
        raise ModelNotFoundError(name, searched=models_dir, remedy="Give the name of a backbone or a folder.")
    return models_dir / last


def find_model(name: str, *, models_dir: Path) -> Path:
    """Return the encoder folder of a backbone; its content is verified when it is loaded.

    Raises:
        ModelNotFoundError: it was never put there.
    """
    folder = model_folder(name, models_dir=models_dir)
    if not (folder / MANIFEST_NAME).is_file():
        remedy = f"Run: kefu models get {BACKBONES.get(name, name)}"
        raise ModelNotFoundError(name, searched=models_dir, remedy=remedy)
    return folder
