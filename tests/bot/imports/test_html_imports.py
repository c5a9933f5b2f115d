"""Files whose texts are HTML into the database, on both kinds."""

from pathlib import Path

from sqlalchemy import select

from bot.db.engine import Database
from bot.db.import_tables import Dialogue
from bot.imports.batches import batch_out, find_batch
from bot.settings import Settings
from tests.bot.imports.importing import bring_in, counts, leads, write_rows


async def test_html_is_stored_as_plain_text_and_known_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    shipping = {
        "question": "<p>How long is delivery?</p>",
        "phrasings": ["<b>Delivery</b> time", "when will it arrive"],
        "answer": "<p>Two&nbsp;days.</p><ul><li>Abroad: <a href='https://shop.example/abroad'>five</a></li></ul>",
    }
    key = {"question": "Which key sends it?", "answer": "Press <Enter>."}
    path = write_rows(tmp_path, [shipping, key])

    tried = await bring_in(database, settings, path, dry_run=True)
    done = await bring_in(database, settings, path)
    again = await bring_in(database, settings, path)

    text = "Two days.\n- Abroad: [five](https://shop.example/abroad)"
    assert await leads(database) == {
        "How long is delivery?": text,
        "Delivery time": text,
        "when will it arrive": text,
        "Which key sends it?": "Press <Enter>.",
    }
    assert (tried.html, done.html, again.html) == (3, 3, 3)
    assert (counts(tried), counts(done), counts(again)) == ({"new": 4}, {"new": 4}, {"unchanged": 4})


async def test_turns_of_a_dialogue_that_are_html_are_stored_as_plain_text_and_known_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    turns = [
        {"role": "customer", "text": "<div>Can I return<br>opened headphones?</div>"},
        {"role": "agent", "text": "<p>Within 30 days.</p><p>See <a href='/hc/1'>there</a>.</p>"},
        {"role": "customer", "text": "a < b, <Enter>"},
    ]
    path = write_rows(tmp_path, [{"conversation_id": "c1", "turns": turns}])

    done = await bring_in(database, settings, path)
    again = await bring_in(database, settings, path)

    async with database.read() as session:
        stored = (await session.execute(select(Dialogue.turns))).scalar_one()
    assert [turn["text"] for turn in stored] == [
        "Can I return opened headphones?",
        "Within 30 days.\n\nSee there.",
        "a < b, <Enter>",
    ]
    assert (done.html, counts(done), counts(again)) == (2, {"new": 1}, {"unchanged": 1})


async def test_report_of_an_earlier_version_can_be_read(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    report = await bring_in(
        database,
        settings,
        write_rows(tmp_path, [{"question": "How long is delivery?", "answer": "Two days."}]),
    )
    assert report.batch_id is not None
    async with database.write() as session:
        batch = await find_batch(session, report.batch_id)
        batch.report = {name: value for name, value in batch.report.items() if name != "html"}
    async with database.read() as session:
        read = batch_out(await find_batch(session, report.batch_id))

    assert read.report == report
