"""After a visitor is erased, no vote, signal, choice, draft or network of theirs is left anywhere."""

import json

from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.engine import Database
from bot.db.tables import metadata
from bot.erasing.service import erase
from bot.settings import Settings
from tests.bot.feedback.crowds import choose, talk_from

CANARY = "purple umbrella drone"


async def everything(database: Database) -> dict[str, str]:
    async with database.read() as session:
        return {
            table.name: json.dumps([[str(v) for v in row] for row in await session.execute(select(table))])
            for table in metadata.sorted_tables
        }


async def test_nothing_of_a_visitor_is_left(
    app: FastAPI, database: Database, knowledge: dict[str, str], tiny_settings: Settings, new_key
) -> None:
    operator = await new_key(Scope.OPERATOR)
    talk = await talk_from(app, 7)
    await talk.say(f"Can I return my {CANARY}?")
    rated = (await talk.say("Can I return something?")).json()
    vote = {"rating": "down", "comment": CANARY}
    keyed = talk.headers | {"Idempotency-Key": "5d2f1f0a-2c51-4a55-9d5c-2f2a2d6f9a11"}
    await talk.client.post(f"/v1/exchanges/{rated['id']}/feedback", json=vote, headers=keyed)
    await talk.client.delete(f"/v1/exchanges/{rated['id']}/feedback", headers=talk.headers)
    await choose(app, database, "Can I return something?", knowledge["invoice"], networks=[8])
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    said = {"text": f"Your {CANARY} can be returned in Bonn."}
    path = f"/v1/conversations/{talk.id}/agent-replies"
    assert (await talk.client.post(path, json=said, headers=operator)).json()["label_id"]
    before = await everything(database)
    assert {name for name, rows in before.items() if CANARY in rows} == {
        "exchanges", "feedback", "idempotency_keys", "labels", "messages",
    }  # fmt: skip
    visitors = json.loads(before["visitors"])

    erased = await erase(database, tiny_settings, talk.id, with_labels=False, erased_by="cli")

    assert (erased.counts["feedback"], erased.counts["labels"]) == (1, 1)
    after = await everything(database)
    assert {name for name, rows in after.items() if CANARY in rows} == set()
    assert {name for name, rows in after.items() if visitors[0][0] in rows} == {"audit_log"}
    assert "visitor_choice" in after["labels"]  # the other visitor's choice stays
    assert after["feedback"] == "[]"
    await talk.client.aclose()
