"""What training is given is whole, masked, counted, of a known schema, and the same bytes for the same knowledge."""

import json
from pathlib import Path
from typing import Any

import pytest

from retrieval.artifacts import write_artifact
from retrieval.errors import ArtifactError
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.training_export import EXPORT_KIND, read_training_export, write_training_export

QUESTIONS = [
    QuestionRecord(2, "ans_refund", "退款多久到账？", "zh"),
    QuestionRecord(1, "ans_refund", "Where is my refund?", "en"),
    QuestionRecord(5, "ans_call", "Can I call you?", "en"),
]
PASSAGES = [PassageRecord(1, "ans_call", "Call 020 7946 0958\u2028or write to help@shop.example.", "en")]
STRANGE = (("who won the match", "en"),)
ASKED = (("wo ist mein paket", "en"), ("退款呢", "zh"))
SOURCES = {1: "operator", 2: "mined"}
ROW = {"number": 1, "answer_id": "a", "text": "Where is my refund?", "language": "en"}


def write(folder: Path, questions: list[QuestionRecord] = QUESTIONS) -> dict[str, Any]:
    return dict(
        write_training_export(
            folder,
            knowledge=Knowledge(questions, PASSAGES),
            out_of_scope=STRANGE,
            traffic=ASKED,
            meta={"revision": 3},
            sources=SOURCES,
            trust={1: 1.0, 2: 0.7},
        ).meta
    )


def write_by_hand(folder: Path, file: str, row: dict[str, Any], **meta: Any) -> Path:
    lines = dict.fromkeys(("questions.jsonl", "passages.jsonl", "out_of_scope.jsonl", "traffic.jsonl"), b"")
    lines[file] = json.dumps(row).encode() + b"\n"
    write_artifact(
        folder,
        kind=EXPORT_KIND,
        files={
            name: lambda path, content=content: path.write_bytes(content) and None
            for name, content in lines.items()
        },
        meta={"export_schema": 2, "rows": {name: content.count(b"\n") for name, content in lines.items()}}
        | meta,
    )
    return folder


def test_manifest_counts_rows_and_label_sources(tmp_path: Path) -> None:
    assert write(tmp_path / "a") == {
        "export_schema": 2,
        "revision": 3,
        "rows": {"questions.jsonl": 3, "passages.jsonl": 1, "out_of_scope.jsonl": 1, "traffic.jsonl": 2},
        "label_sources": {"mined": 1, "operator": 1, "unknown": 1},
    }


def test_everything_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path / "a")
    read = read_training_export(tmp_path / "a")
    assert list(read.knowledge.questions) == sorted(QUESTIONS, key=lambda each: each.number)
    assert list(read.knowledge.passages) == PASSAGES
    assert (read.out_of_scope, read.sources, read.trust) == (STRANGE, SOURCES, {1: 1.0, 2: 0.7})
    assert read.traffic == ASKED


def test_equal_knowledge_in_another_order_gives_equal_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b", QUESTIONS[::-1])
    for name in ("manifest.json", "questions.jsonl", "passages.jsonl", "out_of_scope.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_earlier_rules_let_through_is_masked_on_writing(tmp_path: Path) -> None:
    write_training_export(
        tmp_path / "a",
        knowledge=Knowledge([QuestionRecord(1, "a", "My mail is ana@home.example", "en")]),
        out_of_scope=(("ring me: +44 20 7946 0958", "en"),),
        traffic=(("I am bo@home.example", "en"),),
        meta={},
    )
    read = read_training_export(tmp_path / "a")
    assert [question.text for question in read.knowledge.questions] == ["My mail is [email]"]
    assert read.out_of_scope == (("ring me: [phone]", "en"),)
    assert read.traffic == (("I am [email]", "en"),)


@pytest.mark.parametrize("file", ["questions.jsonl", "out_of_scope.jsonl", "traffic.jsonl"])
def test_unmasked_line_is_refused_and_named(tmp_path: Path, file: str) -> None:
    folder = write_by_hand(tmp_path / "a", file, ROW | {"text": "I am ana@home.example"})
    with pytest.raises(ArtifactError) as refused:
        read_training_export(folder)
    assert f"{file}: line 1 holds personal data (email)" in str(refused.value)
    assert "ana@home.example" not in str(refused.value)


def test_answer_may_name_the_hotline_and_no_card(tmp_path: Path) -> None:
    row = {"number": 1, "answer_id": "a", "language": "en"}
    public = write_by_hand(tmp_path / "a", "passages.jsonl", row | {"text": "Write to help@shop.example"})
    assert read_training_export(public).knowledge.passages[0].text == "Write to help@shop.example"
    private = write_by_hand(tmp_path / "b", "passages.jsonl", row | {"text": "Your card 4111 1111 1111 1111"})
    with pytest.raises(ArtifactError, match=r"passages\.jsonl: line 1 holds personal data \(card\)"):
        read_training_export(private)


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ({"export_schema": 1}, "has export schema 1; this program reads 2"),
        ({"export_schema": None}, "has export schema None"),
        ({"rows": {"questions.jsonl": 2}}, "rows, not"),
    ],
)
def test_unknown_schema_and_wrong_counts_are_refused(tmp_path: Path, meta: dict[str, Any], says: str) -> None:
    folder = write_by_hand(tmp_path / "a", "questions.jsonl", ROW, **meta)
    with pytest.raises(ArtifactError, match=says):
        read_training_export(folder)


@pytest.mark.parametrize("trust", [0, 1.5, "much", True])
def test_trust_outside_its_range_is_refused(tmp_path: Path, trust: object) -> None:
    folder = write_by_hand(tmp_path / "a", "questions.jsonl", ROW | {"trust": trust})
    with pytest.raises(ArtifactError, match="has a trust of"):
        read_training_export(folder)
