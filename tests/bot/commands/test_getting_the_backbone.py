"""An installation to serve only has no training packages."""

from pathlib import Path

import pytest

from bot.commands.training_process import get_backbone
from bot.errors import ConflictError
from bot.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_to_train_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.commands.training_process.can_train", lambda: False)


def test_backbone_that_was_brought_along_is_enough(settings: Settings, models_dir: Path) -> None:
    get_backbone(settings.model_copy(update={"models_dir": models_dir}))


def test_missing_backbone_is_named_with_what_to_install(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match=r"multilingual.*pip install 'kefu\[train\]'"):
        get_backbone(settings.model_copy(update={"models_dir": tmp_path}))
