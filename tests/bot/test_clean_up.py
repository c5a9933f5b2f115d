"""The hourly clean-up outlives a database that is away for a moment."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from bot.app import create_app
from bot.settings import Settings


async def test_clean_up_goes_on_after_a_fault(
    tiny_settings: Settings, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    twice = asyncio.Event()

    async def away(_: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 2:
            twice.set()
        raise OperationalError("DELETE", {}, Exception("database is locked"))

    monkeypatch.setattr("bot.housekeeping.forget_expired_keys", away)
    monkeypatch.setattr("bot.housekeeping.CLEAN_UP_EVERY_S", 0.01)
    monkeypatch.setattr("bot.housekeeping.AFTER_START_S", 0)
    app: FastAPI = create_app(tiny_settings)
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(twice.wait(), 5)
