"""Visitors from many networks who choose and vote, through HTTP."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from bot.db.base import now
from bot.db.conversation_tables import Exchange, Feedback
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from tests.fixtures.services import Talk, start_talk


async def talk_from(app: FastAPI, network: int) -> Talk:
    transport = httpx.ASGITransport(app, client=(f"203.0.{network}.7", 5000))
    return await start_talk(httpx.AsyncClient(transport=transport, base_url="http://kefu.test"))


async def choose(
    app: FastAPI, database: Database, utterance: str, answer_id: str, *, networks: Iterable[int], **row: Any
) -> None:
    """One visitor from each network asks, is asked back, and chooses; ``row`` changes the exchange."""
    for network in networks:
        talk = await talk_from(app, network)
        asked = (await talk.say(utterance)).json()
        async with database.write() as session:
            exchange = await session.get_one(Exchange, asked["id"])
            exchange.outcome, exchange.candidates = "clarified", []
            exchange.choices = [{"answer_id": answer_id, "question": "Is it this?"}]
            for name, value in row.items():
                setattr(exchange, name, value)
        assert (await talk.send({"choice": answer_id})).status_code == 200
        await talk.client.aclose()


async def vote(app: FastAPI, utterance: str, rating: str, *, networks: Iterable[int]) -> None:
    for network in networks:
        talk = await talk_from(app, network)
        asked = (await talk.say(utterance)).json()
        path = f"/v1/exchanges/{asked['id']}/feedback"
        assert (
            await talk.client.post(path, json={"rating": rating}, headers=talk.headers)
        ).status_code == 201
        await talk.client.aclose()


async def spread_over_days(database: Database) -> None:
    """As if they had come one after the other, three hours apart."""
    async with database.write() as session:
        for table in (Label, Feedback):
            rows = (await session.execute(select(table).order_by(table.id.desc()))).scalars()
            for place, row in enumerate(rows):
                row.created_at = now() - timedelta(hours=3 * place)
