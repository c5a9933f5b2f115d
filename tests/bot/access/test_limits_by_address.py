"""Limits by address, over HTTP: whoever holds an IPv6 network gains nothing by its many addresses."""

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from bot.access.rate_limits import RateLimits
from bot.operators.logins import FROM_ONE_ADDRESS
from bot.settings import RateLimitSettings


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


async def post(app: FastAPI, path: str, *, address: str, **sent: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(address, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
        return await client.post(path, **sent)  # type: ignore[arg-type]


async def start(app: FastAPI, address: str, headers: dict[str, str]) -> int:
    return (await post(app, "/v1/conversations", address=address, headers=headers)).status_code


async def log_in(app: FastAPI, address: str, name: str) -> int:
    guess = {"name": name, "password": "guess"}
    return (await post(app, "/console/login", address=address, data=guess)).status_code


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer made-up"}])
async def test_requests_from_one_network_are_counted_together(app: FastAPI, headers: dict[str, str]) -> None:
    limits = RateLimits(RateLimitSettings(address_per_minute=1))
    app.state.parts = replace(app.state.parts, rate_limits=limits)

    assert await start(app, "2001:db8::1", headers) != 429
    assert await start(app, "2001:db8::2", headers) == 429
    assert await start(app, "2001:db8:0:1::1", headers) != 429
    assert await start(app, "203.0.113.7", headers) != 429
    assert await start(app, "::ffff:203.0.113.7", headers) == 429
    assert await start(app, "203.0.113.8", headers) != 429


async def test_logins_from_one_network_are_counted_together(app: FastAPI) -> None:
    for n in range(FROM_ONE_ADDRESS):
        assert await log_in(app, f"2001:db8::{n + 1:x}", f"name {n}") == 401

    assert await log_in(app, "2001:db8::ffff", "one more") == 429
    assert await log_in(app, "2001:db8:0:1::1", "one more") == 401
