"""``kefu review``, ``kefu gaps`` and ``kefu releases quality`` as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.asked import ask_in_vain
from tests.fixtures.commands import Ended, RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.services import fill_knowledge, promoted_release

UMBRELLA = "my umbrella is broken, can you repair it"
ALSO = "my umbrella broke, can you repair it for me"
DRONE = "do you rent out camera drones"
Kefu = Callable[..., Ended]


@pytest.fixture
def kefu(run_kefu: RunKefu, sqlite_url: str, settings: Settings, models_dir: Path) -> Kefu:
    """Commands on an installation that was asked about umbrellas by three visitors, about drones by one."""
    tiny = settings.model_copy(update={"models_dir": models_dir})

    async def fill() -> None:
        database = Database.open(sqlite_url)
        answers = await fill_knowledge(database)
        release = await promoted_release(database, tiny)
        await ask_in_vain(database, release, UMBRELLA, UMBRELLA, ALSO, DRONE, candidate=answers["returns"])
        await database.close()

    in_own_loop(fill())
    where = {"KEFU_DATA_DIR": settings.data_dir, "KEFU_MODELS_DIR": models_dir}
    return lambda *words, **more: run_kefu(*words, **where, **more)


def test_queue_is_listed_with_nothing_beside_it(kefu: Kefu) -> None:
    listed = kefu("review", "list", "--json")
    assert (listed.status, listed.err) == (0, "")
    items = listed.json["items"]
    assert (items[0]["utterance"], items[0]["asked"], listed.json["waiting"]) == (UMBRELLA, 2, 3)
    assert {item["utterance"] for item in items} == {UMBRELLA, ALSO, DRONE}
    assert len(kefu("review", "list", "--limit", "1", "--json").json["items"]) == 1


def test_in_eighty_columns_ids_and_words_stay_whole(kefu: Kefu) -> None:
    for shown in (kefu("review", "list", COLUMNS="80"), kefu("gaps", "list", "--find", COLUMNS="80")):
        assert (shown.status, shown.err) == (0, "")
        assert max(map(len, shown.out.splitlines())) <= 80
        for word in UMBRELLA.split():
            assert word in shown.out
    listed = kefu("review", "list", COLUMNS="80").out
    assert all(item["exchange_id"] in listed for item in kefu("review", "list", "--json").json["items"])
    assert "handed_off, asked by 2" in listed
    assert "3 questions wait." in listed


def test_decisions_are_made_one_after_the_other(kefu: Kefu) -> None:
    first, second, third = (item["exchange_id"] for item in kefu("review", "list", "--json").json["items"])

    new = kefu("review", "decide", first, "--text", "We repair umbrellas.", "--language", "en", "--json")
    assert new.status == 0, new.err
    assert (new.json["decided"]["verdict"], new.json["waiting"]) == ("new_answer", 2)
    assert new.json["next"]["exchange_id"] in (second, third)
    again = kefu("review", "decide", first, "--text", "We repair umbrellas.", "--language", "en", "--json")
    assert again.json["decided"]["repeated"] is True

    skipped = kefu("review", "decide", second, "--skip", "7d")
    assert (skipped.status, "put off until" in skipped.out) == (0, True)
    last = kefu("review", "decide", third, "--out-of-scope")
    assert (last.status, "is out of scope" in last.out) == (0, True)
    assert kefu("review", "list", "--json").json["waiting"] == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "give one of --right"),
        (("--right", "--out-of-scope"), 2, "give one of --right"),
        (("--skip", "soon"), 2, "give one of --right"),
        (("--answer", "ans_nowhere"), 2, "ans_nowhere"),
        (("--right",), 1, "gave no answer that could be right"),
    ],
)
def test_what_makes_no_decision_is_refused(
    kefu: Kefu, words: tuple[str, ...], status: int, said: str
) -> None:
    exchange = kefu("review", "list", "--json").json["items"][0]["exchange_id"]
    refused = kefu("review", "decide", exchange, *words)
    assert (refused.status, said in " ".join(refused.err.split())) == (status, True), refused.err
    assert kefu("review", "list", "--json").json["waiting"] == 3


def test_an_exchange_that_is_not_there_is_named(kefu: Kefu) -> None:
    refused = kefu("review", "decide", "exc_nope", "--out-of-scope")
    assert (refused.status, "exc_nope" in refused.err) == (2, True)


def test_gaps_are_found_shown_answered_and_dismissed(kefu: Kefu) -> None:
    assert kefu("gaps", "list", "--json").json["items"] == []
    found = kefu("gaps", "list", "--find", "--json")
    assert (found.status, found.err) == (0, "")
    gap = next(each for each in found.json["items"] if "umbrella" in each["name"])
    assert gap["messages"] in (2, 3)

    shown = kefu("gaps", "show", gap["id"])
    assert f"{gap['id']}: {gap['name']} [open]" in shown.out
    assert "Draft: none, nobody has replied yet" in shown.out
    empty = kefu("gaps", "answer", gap["id"])
    assert empty.status in (1, 2)
    both = kefu("gaps", "answer", gap["id"], "--text", "We do.", "--answer", "ans_x")
    assert (both.status, "not both" in both.err) == (2, True)
    answered = kefu(
        "gaps", "answer", gap["id"], "--text", "We repair umbrellas.", "--language", "en", "--json"
    )
    assert (answered.status, answered.json["state"]) == (0, "answered")
    assert kefu("gaps", "dismiss", gap["id"]).status == 1
    assert kefu("gaps", "list", "--state", "answered", "--json").json["items"][0]["id"] == gap["id"]
    assert kefu("gaps", "show", "gap_nope").status == 2


def test_a_dismissed_gap_stays_away(kefu: Kefu) -> None:
    gap = kefu("gaps", "list", "--find", "--json").json["items"][0]
    assert kefu("gaps", "dismiss", gap["id"], "--json").json["state"] == "dismissed"
    left = kefu("gaps", "list", "--find", "--json").json["items"]
    assert gap["id"] not in [each["id"] for each in left]


def test_quality_is_told_from_what_was_drawn_and_judged(kefu: Kefu) -> None:
    before = kefu("releases", "quality", "--json")
    assert (before.status, before.json["audited"], before.json["waiting"]) == (0, 0, 0)
    exchange = kefu("review", "list", "--json").json["items"][0]["exchange_id"]
    kefu("review", "decide", exchange, "--out-of-scope")

    # Two were drawn with that question; they count as soon as those that were drawn before them are judged, too.
    after = kefu("releases", "quality", "--json").json
    assert after["waiting"] == 2
    assert after["audited"] <= 2
    shown = kefu("releases", "quality", COLUMNS="80")
    assert (shown.status, "Tolerated: 10.0% of what is answered." in shown.out) == (0, True)
    assert f"{after['waiting']} wait (kefu review list)" in shown.out
    for item in kefu("review", "list", "--json").json["items"]:
        kefu("review", "decide", item["exchange_id"], "--out-of-scope")
    told = kefu("releases", "quality", "--json").json
    assert (told["audited"], told["waiting"]) == (4, 0)


def test_without_a_release_the_queue_says_what_to_do(
    run_kefu: RunKefu, sqlite_url: str, settings: Settings
) -> None:
    ended = run_kefu("review", "list", KEFU_DATA_DIR=settings.data_dir)
    assert (ended.status, "there is no release yet" in ended.err) == (1, True)
    assert run_kefu("releases", "quality", KEFU_DATA_DIR=settings.data_dir).status == 2
