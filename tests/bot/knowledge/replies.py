"""What a question finds through HTTP. With knowledge this small the bot may ask back, so the best candidate counts."""

import httpx


async def best_match(client: httpx.AsyncClient, key: dict[str, str], text: str) -> str | None:
    """The answer whose question is the very same as the text, None when there is none."""
    started = (await client.post("/v1/conversations", json={}, headers=key)).json()
    path = f"/v1/conversations/{started['conversation_id']}/messages?explain=true"
    exchange = (await client.post(path, json={"text": text}, headers=key)).json()
    same = [c for c in exchange["candidates"][:1] if c["similarity"] > 0.999]
    return same[0]["answer_id"] if same else None


async def text_given(client: httpx.AsyncClient, key: dict[str, str], text: str) -> str:
    """The text of the best match, as a visitor gets it: at once, or by choosing it among those offered."""
    started = (await client.post("/v1/conversations", json={}, headers=key)).json()
    path = f"/v1/conversations/{started['conversation_id']}/messages"
    exchange = (await client.post(path, json={"text": text}, headers=key)).json()
    if exchange["outcome"] == "clarified":
        choice = exchange["choices"][0]["answer_id"]
        exchange = (await client.post(path, json={"choice": choice}, headers=key)).json()
    said: str = exchange["reply"]["text"]
    return said
