"""A backup is good when the restored service answers as the old one did."""

from pathlib import Path

import httpx
from sqlalchemy import text

from bot.backups.backing_up import back_up
from bot.backups.restoring import restore
from bot.db.engine import Database
from bot.settings import DatabaseSettings, Settings
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk, start_talk


async def test_restored_service_answers_and_goes_on_with_its_conversations(
    client: httpx.AsyncClient,
    database: Database,
    tiny_settings: Settings,
    release: str,
    talk: Talk,
    tmp_path: Path,
) -> None:
    """Backed up while the service runs, on either database; restored on SQLite, in another folder."""
    before = (await talk.say("How long does delivery take?")).json()
    await back_up(database, tiny_settings, tmp_path / "b.tar.gz")
    target = tiny_settings.model_copy(
        update={
            "data_dir": tmp_path / "restored",
            "database": DatabaseSettings(),
            "models_dir": tmp_path / "none",
        }
    )
    restored = Database.open(target.database_url)
    await restore(restored, target, tmp_path / "b.tar.gz", replace=False)
    await restored.close()

    async with (
        started_app(target) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kefu.test") as other,
    ):
        after = (await (await start_talk(other)).say("How long does delivery take?")).json()
        same_visitor = Talk(other, talk.id, talk.headers)
        assert [m["text"] for m in await same_visitor.messages()] == [
            "How long does delivery take?",
            before["reply"]["text"],
        ]
        assert (await same_visitor.say("可以退货吗？")).status_code == 200

    assert before["outcome"] == after["outcome"]
    assert after["reply"] == before["reply"]
    assert after["release"] == before["release"] == release


async def test_running_service_follows_a_restored_state(
    client: httpx.AsyncClient, database: Database, tiny_settings: Settings, talk: Talk, tmp_path: Path
) -> None:
    """Although the service should be stopped for it: nothing it holds in memory outlives the replaced state."""
    await back_up(database, tiny_settings, tmp_path / "b.tar.gz")
    async with database.write() as session:
        await session.execute(text("UPDATE answer_texts SET text = 'edited'"))
    await restore(database, tiny_settings, tmp_path / "b.tar.gz", replace=True)
    reply = (await talk.say("Where is my invoice?")).json()
    assert reply["reply"]["text"] != "edited"
    assert (await client.get("/health/ready")).status_code == 200
