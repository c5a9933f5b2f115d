"""A language model's server that follows a script, and the service that asks it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from bot.phrasing.service import Phrasing
from bot.settings import PhrasingSettings
from tests.fixtures.model_server import ScriptedModel, scripted_model

Made = Callable[..., Phrasing]


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as running:
        yield running


@pytest.fixture
async def phrasing_with(model: ScriptedModel) -> AsyncIterator[Made]:
    """Makes the service with some settings; all others allow plenty of time."""
    async with AsyncExitStack() as stack:

        def make(*, clock: Callable[[], float] | None = None, **given: Any) -> Phrasing:
            settings = PhrasingSettings(
                **{
                    "enabled": True,
                    "url": model.url,
                    "model": "tiny",
                    "deadline": timedelta(seconds=30),
                    **given,
                }
            )
            phrasing = Phrasing(settings) if clock is None else Phrasing(settings, clock=clock)
            stack.push_async_callback(phrasing.close)
            return phrasing

        yield make
