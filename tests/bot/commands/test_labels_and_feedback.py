"""``kefu labels`` and ``kefu feedback`` as they are typed."""

import sqlite3
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import ANA, BO, CANARY, exchange_id, fill_installation

NEW = "is the shop shut on may day"


@pytest.fixture
def data_of_filled(sqlite_url: str, settings: Settings) -> Path:
    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    return settings.data_dir


def test_votes_are_listed_with_whether_they_count(run_kefu: RunKefu, data_of_filled: Path) -> None:
    listed = run_kefu(
        "feedback", "list", "--exchange", exchange_id(ANA, 1), "--json", KEFU_DATA_DIR=data_of_filled
    )
    assert listed.status == 0, listed.err
    items = listed.json["items"]
    assert [(v["rating"], v["reason"], v["counts"]) for v in items] == [
        ("down", "incomplete", False),
        ("up", None, True),
    ]
    assert items[0]["given_by"] == f"visitor:{ANA}"

    ups = run_kefu("feedback", "list", "--rating", "up", KEFU_DATA_DIR=data_of_filled)
    assert ups.out.count(" up ") == 4


def test_labels_are_listed_page_by_page(run_kefu: RunKefu, data_of_filled: Path) -> None:
    first = run_kefu("labels", "list", "--limit", "1", "--json", KEFU_DATA_DIR=data_of_filled).json
    cursor = first["next_cursor"]
    second = run_kefu("labels", "list", "--cursor", cursor, "--json", KEFU_DATA_DIR=data_of_filled).json
    assert [item["utterance"] for item in first["items"] + second["items"]] == [CANARY, "Where is my parcel?"]
    assert second["next_cursor"] is None

    shown = run_kefu("labels", "list", "--source", "operator", KEFU_DATA_DIR=data_of_filled)
    assert (shown.status, CANARY in shown.out) == (0, False)


def test_label_is_added_for_an_answer_a_new_one_or_none(run_kefu: RunKefu, data_of_filled: Path) -> None:
    def add(*arguments: str) -> dict[str, object]:
        added = run_kefu("labels", "add", *arguments, "--json", KEFU_DATA_DIR=data_of_filled)
        assert added.status == 0, added.err
        made: dict[str, object] = added.json
        return made

    known = add(
        "how long is the way of a parcel", "--answer", "ans_delivery", "--exchange", exchange_id(BO, 1)
    )
    new = add("who mends umbrellas", "--text", "We do, in Bonn.", "--language", "en")
    none = add(NEW, "--out-of-scope")

    assert (known["answer_id"], known["verdict"], known["given_by"]) == ("ans_delivery", "right", "cli")
    assert (new["verdict"], str(new["answer_id"])[:4]) == ("new_answer", "ans_")
    assert (none["verdict"], none["out_of_scope"]) == ("out_of_scope", True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((NEW,), "one of --answer, --out-of-scope and --text"),
        ((NEW, "--out-of-scope", "--answer", "ans_delivery"), "one of --answer, --out-of-scope and --text"),
        ((NEW, "--answer", "ans_none"), "no answer 'ans_none'"),
        ((NEW, "--out-of-scope", "--exchange", "exc_none"), "no exchange 'exc_none'"),
        (("…", "--out-of-scope"), "no letter or digit"),
    ],
)
def test_senseless_label_is_refused_with_a_remedy(
    run_kefu: RunKefu, data_of_filled: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = run_kefu("labels", "add", *arguments, KEFU_DATA_DIR=data_of_filled)
    assert refused.status == 2
    assert said in refused.err


def test_source_is_withdrawn_and_put_back(run_kefu: RunKefu, data_of_filled: Path) -> None:
    def withdraw(*options: str) -> dict[str, object]:
        done = run_kefu(
            "labels", "withdraw-source", "visitor_choice", *options, "--json", KEFU_DATA_DIR=data_of_filled
        )
        assert done.status == 0, done.err
        said: dict[str, object] = done.json
        return said

    assert withdraw() == {
        "source": "visitor_choice", "undone": False, "labels": 2, "questions": 1, "questions_back": 0, "answers": 0,
    }  # fmt: skip
    listed = run_kefu("labels", "list", KEFU_DATA_DIR=data_of_filled)
    assert listed.out.count("withdrawn") == 2

    again = run_kefu("labels", "withdraw-source", "visitor_choice", KEFU_DATA_DIR=data_of_filled)
    assert again.status == 2
    assert "no label of 'visitor_choice' is in force" in again.err

    assert withdraw("--undo")["questions"] == 1


def test_candidates_are_accepted_and_rejected(run_kefu: RunKefu, data_of_filled: Path) -> None:
    connection = sqlite3.connect(data_of_filled / "kefu.db")
    connection.execute("UPDATE labels SET state = 'candidate' WHERE id = 'lbl_2'")
    connection.execute(
        "UPDATE labels SET state = 'candidate', answer_id = NULL, draft_text = 'We do.', source = 'agent_reply' "
        "WHERE id = 'lbl_1'"
    )
    connection.commit()
    connection.close()

    accepted = run_kefu("labels", "accept", "lbl_1", "--json", KEFU_DATA_DIR=data_of_filled)
    both = run_kefu("labels", "accept", "lbl_2", "--text", "a", "--answer", "b", KEFU_DATA_DIR=data_of_filled)
    rejected = run_kefu("labels", "reject", "lbl_2", KEFU_DATA_DIR=data_of_filled)
    again = run_kefu("labels", "reject", "lbl_2", KEFU_DATA_DIR=data_of_filled)

    assert (accepted.json["state"], accepted.json["decided_by"]) == ("counted", "cli")
    assert accepted.json["answer_id"].startswith("ans_")
    assert (both.status, rejected.status, again.status) == (2, 0, 1)
    assert "is rejected" in rejected.out
    assert "only a candidate" in again.err


def test_what_visitors_said_is_weighed(run_kefu: RunKefu, data_of_filled: Path) -> None:
    """The installation's votes are older than 90 days."""
    weighed = run_kefu("labels", "weigh", "--json", KEFU_DATA_DIR=data_of_filled)
    assert (weighed.status, weighed.json) == (0, {"items": []})
    assert run_kefu("labels", "weigh", KEFU_DATA_DIR=data_of_filled).status == 0


def test_key_for_an_operator_can_be_made(run_kefu: RunKefu, data_of_filled: Path) -> None:
    made = run_kefu(
        "keys", "create", "--name", "desk", "--scope", "operator", "--json", KEFU_DATA_DIR=data_of_filled
    )
    assert made.json["scope"] == "operator"
