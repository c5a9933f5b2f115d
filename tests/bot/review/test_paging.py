"""Pages of the review queue, which changes with every decision."""

import httpx
import pytest

from bot.access.principals import Scope
from tests.fixtures.services import start_talk


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


@pytest.mark.parametrize("verdict", ["out_of_scope", "skip", None])
async def test_whoever_decides_while_paging_sees_every_question_once(
    client: httpx.AsyncClient, operator: dict[str, str], verdict: str | None
) -> None:
    things = ["umbrella", "drone", "piano", "tractor", "lantern", "kettle", "saddle"]
    asked = [f"can you lend me a {thing} for the festival" for thing in things]
    for text in asked:
        await (await start_talk(client)).say(text)
    seen: list[str] = []
    page: dict = {"next_cursor": ""}

    while page["next_cursor"] is not None:
        wanted = {"limit": 2, "cursor": page["next_cursor"]}
        page = (await client.get("/v1/review", params=wanted, headers=operator)).json()
        for item in page["items"]:
            seen.append(item["utterance"])
            if verdict is not None:
                path = f"/v1/review/{item['exchange_id']}"
                decided = await client.post(path, json={"verdict": verdict}, headers=operator)
                assert decided.status_code == 200

    assert sorted(seen) == sorted(asked)


async def test_cursor_of_another_list_is_refused(client: httpx.AsyncClient, operator: dict[str, str]) -> None:
    for cursor in ("MjA", "é"):
        refused = await client.get("/v1/review", params={"cursor": cursor}, headers=operator)
        assert refused.status_code == 422
