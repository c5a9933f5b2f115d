"""A site that signs who its visitors are."""

import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import update

from bot.db.access_tables import Site
from bot.db.engine import Database
from tests.fixtures.services import Talk

SECRET = "kis_" + "s" * 43


async def sign_visitors(database: Database, secret: str = SECRET) -> None:
    async with database.write() as session:
        await session.execute(update(Site).values(identity_secret=secret))


def identity(
    subject: str = "ana", *, secret: str = SECRET, algorithm: str = "HS256", **claims: object
) -> str:
    """Good for five minutes, unless the claims say otherwise; one that is None is left out."""
    good = {"sub": subject, "exp": int(time.time()) + 300, "aud": "default", "jti": str(uuid4())}
    wanted = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode({"alg": algorithm}, wanted, OctKey.import_key(secret), algorithms=[algorithm])


Start = Callable[..., Awaitable[httpx.Response]]


async def start(client: httpx.AsyncClient, token: str | None = None, **body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await client.post("/v1/conversations", json=body, headers=headers)


async def talk_of(client: httpx.AsyncClient, token: str | None = None, **body: object) -> Talk:
    started = (await start(client, token, **body)).raise_for_status().json()
    return Talk(client, started["conversation_id"], {"Authorization": f"Bearer {started['visitor_token']}"})


async def own(talk: Talk) -> list[str]:
    """The conversations that the talk's visitor sees as their own."""
    listed = (await talk.client.get("/v1/conversations", headers=talk.headers)).raise_for_status().json()
    return [item["id"] for item in listed["items"]]


def token_of(talk: Talk) -> str:
    return talk.headers["Authorization"].removeprefix("Bearer ")
