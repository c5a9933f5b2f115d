"""What these tests do again and again at both ends of a handoff, through HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.fixtures.services import Talk

Key = dict[str, str]


@dataclass(frozen=True)
class Desk:
    """An operator with a key of their own."""

    client: httpx.AsyncClient
    key: Key

    async def step(self, name: str, handoff_id: str, **headers: str) -> httpx.Response:
        return await self.client.post(f"/v1/handoffs/{handoff_id}/{name}", headers=self.key | headers)

    async def reply(self, talk: Talk, text: str = "One moment, please.") -> httpx.Response:
        path = f"/v1/conversations/{talk.id}/agent-replies"
        return await self.client.post(path, json={"text": text}, headers=self.key)

    async def waiting(self, query: str = "") -> list[dict[str, Any]]:
        listed = await self.client.get(f"/v1/handoffs{query}", headers=self.key)
        items: list[dict[str, Any]] = listed.raise_for_status().json()["items"]
        return items


async def ask_for_person(talk: Talk, **headers: str) -> dict[str, Any]:
    path = f"/v1/conversations/{talk.id}/handoff"
    asked = await talk.client.post(path, headers=talk.headers | headers)
    handoff: dict[str, Any] = asked.raise_for_status().json()
    return handoff


async def shown(talk: Talk) -> dict[str, Any]:
    conversation = await talk.client.get(f"/v1/conversations/{talk.id}", headers=talk.headers)
    body: dict[str, Any] = conversation.raise_for_status().json()
    return body


async def transcript(talk: Talk) -> list[tuple[str, str]]:
    return [(str(message["role"]), str(message["text"])) for message in await talk.messages()]


async def system_messages(talk: Talk) -> list[str]:
    return [text for role, text in await transcript(talk) if role == "system"]
