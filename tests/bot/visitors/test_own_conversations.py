"""What is a visitor's own: the list, the rating, and deleting a conversation for good."""

import asyncio
import json
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.db.conversation_tables import ConversationRating
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, LabelState
from bot.db.tables import metadata
from bot.erasing import scrubbing as scrubbing_module
from bot.settings import Settings
from tests.bot.visitors.sites import own, talk_of, token_of
from tests.fixtures.services import Talk, start_talk

SAID = "Does the violet teapot whistle?"


async def everything_stored(database: Database) -> str:
    async with database.read() as session:
        rows = [
            json.dumps([str(value) for value in row], ensure_ascii=False)
            for table in metadata.sorted_tables
            for row in await session.execute(select(table))
            if table.name != "audit_log"
        ]
    return "\n".join(rows)


async def delete(talk: Talk, **headers: str) -> httpx.Response:
    return await talk.client.delete(f"/v1/conversations/{talk.id}", headers=talk.headers | headers)


async def test_own_conversations_are_listed_newest_first_with_their_last_message(talk: Talk) -> None:
    second = await talk_of(talk.client, token_of(talk))
    await talk.say("thank you")
    last = (await talk.messages())[-1]

    listed = (await talk.client.get("/v1/conversations", headers=talk.headers)).json()

    assert [item["id"] for item in listed["items"]] == [second.id, talk.id]
    assert [item["last_message"] for item in listed["items"]] == [None, last]
    assert set(listed["items"][0]) == {"id", "state", "created_at", "last_message"}
    assert listed["items"][0]["state"] == "bot"
    assert listed["next_cursor"] is None


async def test_list_is_paged_and_holds_nobody_elses(talk: Talk) -> None:
    mine = [talk.id, *[(await talk_of(talk.client, token_of(talk))).id for _ in range(4)]]
    await start_talk(talk.client)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await talk.client.get("/v1/conversations", params=query, headers=talk.headers)).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert seen == mine[::-1]


async def test_key_lists_all_conversations(talk: Talk, new_key) -> None:
    other = await start_talk(talk.client)

    listed = (await talk.client.get("/v1/conversations", headers=await new_key(Scope.READ))).json()

    assert [item["id"] for item in listed["items"]] == [other.id, talk.id]


async def test_rating_again_replaces_and_is_masked(talk: Talk, database: Database) -> None:
    path = f"/v1/conversations/{talk.id}/rating"
    first = await talk.client.post(
        path, json={"stars": 1, "comment": "bob@example.com"}, headers=talk.headers
    )
    second = await talk.client.post(path, json={"stars": 5}, headers=talk.headers)

    assert (first.status_code, first.json()["stars"], first.json()["comment"]) == (201, 1, "[email]")
    assert (second.status_code, second.json()["stars"], second.json()["comment"]) == (201, 5, None)
    async with database.read() as session:
        kept = (await session.execute(select(ConversationRating))).scalars().all()
    assert [(rating.conversation_id, rating.stars, rating.comment) for rating in kept] == [(talk.id, 5, None)]


async def test_ratings_at_once_leave_one(talk: Talk, database: Database) -> None:
    path = f"/v1/conversations/{talk.id}/rating"

    replies = await asyncio.gather(
        *(talk.client.post(path, json={"stars": stars}, headers=talk.headers) for stars in (1, 2, 3, 4, 5))
    )

    assert {reply.status_code for reply in replies} == {201}
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ConversationRating)) == 1


@pytest.mark.parametrize(
    "body", [{}, {"stars": 0}, {"stars": 6}, {"stars": "many"}, {"stars": 3, "comment": 1}]
)
async def test_senseless_rating_is_422(talk: Talk, body: object) -> None:
    path = f"/v1/conversations/{talk.id}/rating"

    assert (await talk.client.post(path, json=body, headers=talk.headers)).status_code == 422


async def test_deleted_conversation_leaves_nothing(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    kept = await start_talk(talk.client)
    await kept.say("Can I return something?")
    exchange = (await talk.say(SAID, idempotency_key="k-1")).json()
    path = f"/v1/exchanges/{exchange['id']}/feedback"
    await talk.client.post(path, json={"rating": "down", "comment": SAID}, headers=talk.headers)
    rating = {"stars": 2, "comment": SAID}
    await talk.client.post(f"/v1/conversations/{talk.id}/rating", json=rating, headers=talk.headers)
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)

    deleted = await delete(talk)

    assert (deleted.status_code, deleted.content) == (204, b"")
    stored = await everything_stored(database)
    assert SAID not in stored
    assert talk.id not in stored
    assert exchange["id"] not in stored
    assert (await kept.messages())[0]["text"] == "Can I return something?"
    for reply in (await delete(talk), await talk.say("hello")):
        assert reply.status_code == 404
    assert await own(talk) == []


async def test_deleting_twice_with_one_key_is_deleting_once(talk: Talk) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    assert [(await delete(talk, **key)).status_code for _ in range(2)] == [204, 204]
    assert (await delete(talk)).status_code == 404


async def test_foreign_and_missing_conversation_can_not_be_deleted_and_look_the_same(talk: Talk) -> None:
    stranger = await start_talk(talk.client)

    foreign = await talk.client.delete(f"/v1/conversations/{talk.id}", headers=stranger.headers)
    missing = await talk.client.delete("/v1/conversations/cnv_none", headers=stranger.headers)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"].replace(talk.id, "") == missing.json()["detail"].replace("cnv_none", "")
    assert (await talk.say("hello")).status_code == 200


async def test_key_needs_scope_admin_to_delete(talk: Talk, new_key) -> None:
    path = f"/v1/conversations/{talk.id}"

    assert (await talk.client.delete(path, headers=await new_key(Scope.OPERATOR))).status_code == 403
    assert (await talk.client.delete(path, headers=await new_key(Scope.ADMIN))).status_code == 204


async def test_label_that_counts_stays_without_a_link_to_the_visitor(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    """As `kefu erase` does; a candidate, on which nothing rests, goes."""
    exchange = (await talk.say(SAID)).json()
    async with database.write() as session:
        session.add_all(
            Label(
                id=id, utterance=SAID, folded=id, language="en", answer_id=knowledge["returns"], out_of_scope=False,
                source="visitor_choice", state=state, given_by="visitor:vis_x", exchange_id=exchange["id"],
            )
            for id, state in (("lbl_1", LabelState.COUNTED), ("lbl_2", LabelState.CANDIDATE))
        )  # fmt: skip

    await delete(talk)

    async with database.read() as session:
        labels = (await session.execute(select(Label))).scalars().all()
    assert [(label.id, label.utterance, label.given_by, label.exchange_id) for label in labels] == [
        ("lbl_1", SAID, "visitor:erased", None)
    ]


async def test_message_and_deletion_at_once_leave_no_half(talk: Talk, database: Database) -> None:
    replies = await asyncio.gather(talk.say(SAID), delete(talk), talk.say(SAID), delete(talk), talk.say(SAID))

    assert {reply.status_code for reply in replies} <= {200, 204, 404}
    assert sorted(reply.status_code for reply in replies if reply.status_code == 204) == [204]
    assert SAID not in await everything_stored(database)


async def test_reports_that_quote_the_conversation_go_and_others_stay(
    talk: Talk, tiny_settings: Settings
) -> None:
    await talk.say(SAID)
    reports = tiny_settings.data_dir / "reports"
    figures = {"quoting": {"rows": [{"text": SAID}]}, "other": {"rows": [f"{SAID} They ask."]}}
    for name, figure in figures.items():
        (reports / name).mkdir(parents=True)
        (reports / name / "report.json").write_text(json.dumps(figure), encoding="utf-8")
    (reports / "broken").mkdir()
    (reports / "broken" / "gate.json").write_text("{", encoding="utf-8")

    await delete(talk)

    assert [report.name for report in reports.iterdir()] == ["other"]


async def test_words_are_gone_from_the_sqlite_file_soon_and_it_is_not_rewritten_each_time(
    app: FastAPI, client: httpx.AsyncClient, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not tiny_settings.uses_sqlite:
        pytest.skip("PostgreSQL frees rows when it vacuums")
    done: asyncio.Queue[bool] = asyncio.Queue()
    scrub = scrubbing_module.scrub

    async def watched(database: Database) -> bool:
        done.put_nowait(await scrub(database))
        return True

    monkeypatch.setattr(scrubbing_module, "scrub", watched)
    for number in range(3):
        talk = await start_talk(client)
        await talk.say(SAID)
        assert (await delete(talk)).status_code == 204
        if number == 0:
            assert await asyncio.wait_for(done.get(), 10)
            file = tiny_settings.data_dir / "kefu.db"
            for name in ("kefu.db", "kefu.db-wal"):
                assert SAID.encode() not in file.with_name(name).read_bytes()
    assert done.empty()

    await app.state.parts.scrubbing.finish()

    assert done.qsize() == 1
