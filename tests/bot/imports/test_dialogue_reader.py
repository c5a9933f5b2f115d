"""Dialogues from JSON Lines and from tables with one turn a row."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.imports import dialogue_reader
from bot.imports.readers import ImportFormat, detect_format, read_import
from bot.imports.records import Dialogue, RejectedLine, Turn

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def _write(path: Path, *lines: object) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def test_json_lines_give_dialogues_in_order(tmp_path: Path) -> None:
    file = _write(
        tmp_path / "d.jsonl",
        {
            "conversation_id": "c1",
            "language": "en",
            "turns": [
                {"role": "customer", "text": "Where is\nmy order?", "at": "2026-03-01T09:30:00Z"},
                {"role": "agent", "text": "On its way.\nIt arrives today.", "at": 1772357400},
            ],
        },
        {"conversationId": 2, "messages": [{"sender": "顾客", "content": "在吗？"}]},
    )
    assert detect_format(file) is ImportFormat.DIALOGUES
    assert list(read_import(file)) == [
        Dialogue(
            "c1",
            (Turn("customer", "Where is my order?", AT), Turn("agent", "On its way.\nIt arrives today.", AT)),
            "en",
        ),
        Dialogue("2", (Turn("customer", "在吗?"),)),
    ]


def test_gzip_is_read_like_the_plain_file(tmp_path: Path) -> None:
    line = json.dumps({"conversation_id": "c1", "turns": [{"role": "user", "text": "hi"}]})
    file = tmp_path / "d.jsonl.gz"
    file.write_bytes(gzip.compress(line.encode()))
    assert detect_format(file) is ImportFormat.DIALOGUES
    assert list(read_import(file)) == [Dialogue("c1", (Turn("customer", "hi"),))]


def test_bad_turns_are_rejected_and_the_others_stay(tmp_path: Path) -> None:
    turns = [
        {"role": "customer", "text": "hi"},
        {"role": "alien", "text": "x"},
        "y",
        {"role": "bot", "text": " "},
    ]
    file = _write(tmp_path / "d.jsonl", "", {"conversation_id": "c1", "turns": turns})
    assert list(read_import(file)) == [
        RejectedLine(2, "turn 2: the role 'alien' is unknown: use customer, agent, bot or system"),
        RejectedLine(2, "turn 3: found 'y', not an object with role and text"),
        RejectedLine(2, "turn 4: the text is empty: fill it in or remove the line"),
        Dialogue("c1", (Turn("customer", "hi"),)),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{nonsense", "the line '{nonsense' is not valid JSON (Expecting property name enclosed in double quotes at "
                      "character 2): write one object a line"),
        ("[1, 2]", "found a list, not a JSON object: write {...} with named fields"),
        ('"text"', "found 'text', not a JSON object: write {...} with named fields"),
        ("null", "found null, not a JSON object: write {...} with named fields"),
        ({"turns": []}, "there is no conversation_id: fill it in or remove the line"),
        ({"conversation_id": "", "turns": []}, "the conversation_id is empty: fill it in or remove the line"),
        ({"conversation_id": "c"}, 'turns is null, not a list: write [{"role": …, "text": …}]'),
        ({"conversation_id": "c", "turns": "x"}, "turns is 'x', not a list: write [{\"role\": …, \"text\": …}]"),
        ({"conversation_id": "c", "turns": []}, "the conversation 'c' has no turn that can be used"),
        ({"conversation_id": "c", "turns": [], "language": 3}, "the language is 3, not a text: put it in quotes"),
    ],
)  # fmt: skip
def test_bad_lines_are_rejected_with_the_value(tmp_path: Path, line: object, reason: str) -> None:
    good = {"conversation_id": "c1", "turns": [{"role": "user", "text": "hi"}]}
    file = _write(tmp_path / "d.jsonl", good, line, good)
    dialogue = Dialogue("c1", (Turn("customer", "hi"),))
    assert list(read_import(file)) == [dialogue, RejectedLine(2, reason), dialogue]


def test_deep_nesting_and_huge_numbers_are_bad_lines(tmp_path: Path) -> None:
    good = {"conversation_id": "c1", "turns": [{"role": "user", "text": "hi"}]}
    file = _write(tmp_path / "d.jsonl", good, "[" * 100_000, '{"a": ' + "1" * 5_000 + "}")
    found = list(read_import(file))
    assert [type(record) for record in found] == [Dialogue, RejectedLine, RejectedLine]
    assert found[2] == RejectedLine(
        3, f"the line '{{\"a\": {'1' * 34}…' is JSON beyond what is accepted (nesting, huge numbers)"
    )


def test_turns_over_the_limit_are_left_out_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue_reader, "MAX_TURNS", 2)
    turns = [{"role": "user", "text": str(number)} for number in range(5)]
    as_json = _write(tmp_path / "d.jsonl", {"conversation_id": "c", "turns": turns})
    rejected, kept = read_import(as_json)
    assert isinstance(rejected, RejectedLine)
    assert rejected.reason.startswith("turns 3 to 5 were left out: a dialogue may have 2,000 turns")
    assert kept == Dialogue("c", (Turn("customer", "0"), Turn("customer", "1")))
    as_csv = _write(tmp_path / "d.csv", "conversation_id,role,text", "c,user,0", "c,user,1", "c,user,2")
    assert [(type(record), record.line) for record in read_import(as_csv)] == [
        (RejectedLine, 4),
        (Dialogue, 2),
    ]


def test_rows_of_mingled_conversations_are_grouped_in_file_order(tmp_path: Path) -> None:
    file = _write(
        tmp_path / "d.csv",
        "Conversation ID;Speaker;Message;Timestamp;Lang",
        "a;user;one;2026-03-01 09:30;",
        "b;用户;二;;zh",
        "a;agent;three;1772357400;en",
        "b;客服;四，好的;;",
    )
    assert detect_format(file) is ImportFormat.DIALOGUES
    assert list(read_import(file)) == [
        Dialogue("a", (Turn("customer", "one", AT), Turn("agent", "three", AT)), "en"),
        Dialogue("b", (Turn("customer", "二"), Turn("agent", "四，好的")), "zh"),
    ]


def test_dialogues_know_the_line_of_their_first_turn(tmp_path: Path) -> None:
    table = _write(tmp_path / "d.csv", "conversation_id,role,text", "a,user,1", "b,user,2", "a,user,3")
    assert [(record.conversation_id, record.line) for record in _dialogues(table)] == [("b", 3), ("a", 2)]
    lines = _write(
        tmp_path / "d.jsonl", "", {"conversation_id": 1, "turns": [{"role": "user", "text": "hi"}]}
    )
    assert [(record.conversation_id, record.line) for record in _dialogues(lines)] == [("1", 2)]


def _dialogues(file: Path) -> list[Dialogue]:
    return [record for record in read_import(file) if isinstance(record, Dialogue)]


def test_bad_rows_of_a_table_cost_only_their_turn(tmp_path: Path) -> None:
    file = _write(
        tmp_path / "d.csv",
        "conversation_id,role,text,at",
        "a,user,one,",
        "a,alien,two,",
        ",user,three,",
        "a,user,four,soon",
        "a,agent,,",
        "a,agent",
        "b,user,,",
        "a,agent,done,",
    )
    found = list(read_import(file))
    assert [(record.line, record.reason) for record in found if isinstance(record, RejectedLine)] == [
        (3, "the role 'alien' is unknown: use customer, agent, bot or system"),
        (4, "the conversation_id '' is empty or longer than 200 characters: give each dialogue an id"),
        (5, "the time 'soon' can't be read: write it like 2026-03-01T09:30:00Z, or as epoch seconds"),
        (6, "the text is empty: fill it in or remove the line"),
        (7, "the line beginning 'a' has 2 columns, the header has 4: put fields that hold the separator in double quotes"),
        (8, "the text is empty: fill it in or remove the line"),
    ]  # fmt: skip
    assert [record for record in found if isinstance(record, Dialogue)] == [
        Dialogue("a", (Turn("customer", "one"), Turn("agent", "done")))
    ]


_TEXT = st.text("abc 退款，", min_size=1, max_size=8).map(str.strip).filter(bool)
_TURN = st.tuples(st.sampled_from(["customer", "agent", "bot"]), _TEXT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=st.lists(st.tuples(st.sampled_from("xyz"), _TURN), min_size=1, max_size=20))
def test_a_table_and_json_lines_of_the_same_turns_give_the_same_dialogues(
    tmp_path: Path, rows: list[tuple[str, tuple[str, str]]]
) -> None:
    table = tmp_path / "d.csv"
    table.write_text(
        "conversation_id\trole\ttext\n" + "".join(f"{name}\t{role}\t{text}\n" for name, (role, text) in rows),
        encoding="utf-8",
    )
    names = sorted({name for name, _ in rows})
    by_name = {name: [turn for other, turn in rows if other == name] for name in names}
    lines = _write(
        tmp_path / "d.jsonl",
        *({"conversation_id": name, "turns": [{"role": role, "text": text} for role, text in by_name[name]]}
          for name in names),
    )  # fmt: skip
    from_table = list(read_import(table))
    from_lines = list(read_import(lines))
    assert {dialogue.conversation_id: dialogue for dialogue in from_table} == {  # type: ignore[union-attr]
        dialogue.conversation_id: dialogue
        for dialogue in from_lines  # type: ignore[union-attr]
    }
    assert len(from_table) == len(names)
