"""The report on a shadow, worked out by hand on six exchanges."""

import httpx
import pytest

from bot.access.principals import Scope
from bot.db.base import new_id, now
from bot.db.comparison_tables import ShadowDecision, ShadowRun
from bot.db.conversation_tables import Feedback
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.knowledge.folding import folded_hash
from bot.releases.building import build_release
from bot.settings import Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import fill_installation
from tests.fixtures.services import Talk

DELIVERY, RETURNS, CHINESE = "How long does delivery take?", "Can I return something?", "可以退货吗?"


@pytest.fixture
async def shadow(
    database: Database, tiny_settings: Settings, talk: Talk, knowledge: dict[str, str], release: str
) -> str:
    """Said: delivery 3x, returns 2x, returns in Chinese. The shadow: handoff, the same, an invoice."""
    made = (await build_release(database, tiny_settings, created_by="test")).release.id
    run = ShadowRun(id=new_id("shd"), release_id=made, running=True, started_by="test", started_at=now())
    said = [
        (words, (await talk.say(words)).json()["id"])
        for words in (DELIVERY,) * 3 + (RETURNS,) * 2 + (CHINESE,)
    ]
    would = {
        DELIVERY: ("answered_to_handed_off", "delivery", "handed_off", None),
        RETURNS: ("same", "returns", "answered", "returns"),
        CHINESE: ("other_answer", "returns", "answered", "invoice"),
    }
    async with database.write() as session:
        session.add(run)
        for words, exchange_id in said:
            kind, spoken, outcome, answer = would[words]
            session.add(
                ShadowDecision(
                    exchange_id=exchange_id,
                    release_id=made,
                    folded=folded_hash(words),
                    kind=kind,
                    spoken_answer_id=knowledge[spoken],
                    outcome=outcome,
                    answer_id=knowledge[answer] if answer else None,
                    rule="confident",
                    confidence=0.5,
                )
            )
        given = [(0, "up", "a"), (0, "down", "b"), (3, "up", "a"), (5, "down", "a"), (5, "up", "a")]
        for number, (exchange, rating, by) in enumerate(given):
            vote = Feedback(id=f"fbk_{number}", exchange_id=said[exchange][1], given_by=by, rating=rating)
            session.add(vote)
            await session.flush()  # the newest of a person's votes counts
        for words, answer in ((DELIVERY, "delivery"), (RETURNS, "returns"), (CHINESE, "invoice")):
            session.add(
                Label(
                    id=new_id("lbl"),
                    utterance=words,
                    folded=folded_hash(words),
                    language="en",
                    answer_id=knowledge[answer],
                    out_of_scope=False,
                    source=LabelSource.OPERATOR,
                    state=LabelState.COUNTED,
                    given_by="ann",
                )
            )
    return made


async def test_report_counts_kinds_languages_votes_and_labels(
    client: httpx.AsyncClient, shadow: str, new_key
) -> None:
    report = (await client.get(f"/v1/releases/{shadow}/shadow", headers=await new_key(Scope.READ))).json()
    assert report["exchanges"] == 6
    assert report["kinds"] == {"answered_to_handed_off": 3, "other_answer": 1, "same": 2}
    assert report["languages"] == [
        {"language": "en", "exchanges": 5, "kinds": {"answered_to_handed_off": 3, "same": 2}},
        {"language": "zh", "exchanges": 1, "kinds": {"other_answer": 1}},
    ]
    assert report["votes_up"] == {"same": 1, "different": 2}
    assert report["votes_down"] == {"same": 0, "different": 1}
    assert report["labels"] == {
        "both_right": 2,
        "only_spoken_right": 3,
        "only_shadow_right": 1,
        "both_wrong": 0,
    }


async def test_differences_come_by_frequency_and_in_pages(
    client: httpx.AsyncClient, shadow: str, knowledge: dict[str, str], new_key
) -> None:
    reader, path = await new_key(Scope.READ), f"/v1/releases/{shadow}/shadow"
    first = (await client.get(f"{path}?limit=1", headers=reader)).json()["differences"]
    rest = await client.get(f"{path}?limit=1&cursor={first['next_cursor']}", headers=reader)
    second = rest.json()["differences"]
    found = [(d["utterance"], d["kind"], d["count"]) for d in first["items"] + second["items"]]
    assert found == [(DELIVERY, "answered_to_handed_off", 3), (CHINESE, "other_answer", 1)]
    assert second["items"][0]["answer_id"] == knowledge["invoice"]
    assert second["next_cursor"] is None


def test_commands_switch_a_shadow_and_report(
    run_kefu: RunKefu, database_settings: Settings, filled: None
) -> None:
    own = {"KEFU_DATA_DIR": database_settings.data_dir, "KEFU_DATABASE__URL": database_settings.database_url}
    on = run_kefu("releases", "shadow", "rel_1", "--json", **own)
    report = run_kefu("releases", "shadow-report", "rel_1", "--json", **own)
    off = run_kefu("releases", "shadow", "--off", **own)
    nothing = run_kefu("releases", "shadow", "--off", **own)
    unnamed = run_kefu("releases", "shadow", **own)
    spoken = run_kefu("releases", "shadow", "rel_2", **own)
    assert (on.status, on.json["running"], on.json["started_by"]) == (0, True, "cli")
    assert (report.status, report.json["running"]) == (0, True)
    assert (off.status, off.out) == (0, "rel_1 is no shadow any more\n")
    assert (nothing.status, unnamed.status, spoken.status) == (2, 2, 1)
    assert "speaks already" in spoken.err


@pytest.fixture
def filled(database_settings: Settings) -> None:
    async def fill() -> None:
        database = Database.open(database_settings.database_url)
        await fill_installation(database, database_settings.data_dir)
        await database.close()

    in_own_loop(fill())
