"""Every text that is short enough for its field is short enough for its path, however it is written."""

import json

import httpx
import pytest

from bot.access.principals import Scope
from bot.answering.understanding import LONGEST_MESSAGE
from bot.knowledge.schemas import LONGEST_ANSWER
from tests.fixtures.services import Talk

WIDEST = "𠮷"  # 12 bytes as JSON in ASCII


async def send(client: httpx.AsyncClient, path: str, body: object, key: dict[str, str]) -> httpx.Response:
    headers = key | {"Content-Type": "application/json"}
    return await client.post(path, content=json.dumps(body), headers=headers)


async def test_longest_message_may_be_written_in_ascii(
    client: httpx.AsyncClient, talk: Talk, new_key
) -> None:
    text = WIDEST * LONGEST_MESSAGE
    through_rasa = {"sender": "user-7", "message": text}

    said = await send(client, f"/v1/conversations/{talk.id}/messages", {"text": text}, talk.headers)
    heard = await send(client, "/webhooks/rest/webhook", through_rasa, await new_key(Scope.WRITE))

    assert (said.status_code, heard.status_code) == (200, 200)


@pytest.mark.parametrize(
    "path", ["/v1/review/exc_none", "/v1/gaps/gap_none/answer", "/v1/labels/lbl_none/accept"]
)
async def test_longest_answer_may_be_written_in_ascii_wherever_it_is_taught(
    client: httpx.AsyncClient, new_key, path: str
) -> None:
    body = {"text": WIDEST * LONGEST_ANSWER} | ({"verdict": "new_answer"} if "review" in path else {})

    refused = await send(client, path, body, await new_key(Scope.OPERATOR))

    assert refused.status_code == 404, "there is no such thing, and that is all that is wrong"
