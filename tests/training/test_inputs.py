from pathlib import Path

import pytest

from retrieval.records import PassageRecord, QuestionRecord
from training.errors import EvaluationError
from training.evaluation.inputs import faq_data, intents_data, named_passages, read_table
from training.evaluation.pipeline import Message


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_table_keeps_the_wanted_columns_in_order_of_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", '\ufefftext,intent\r\n" a, ""b""\nc ",x\r\nd,\r\n')
    assert read_table(path, columns=("text",)) == [{"text": 'a, "b"\nc'}, {"text": "d"}]


def test_short_row_has_empty_fields(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", "id,text\n1\n2,b\n")
    assert read_table(path, columns=("id", "text")) == [{"id": "1", "text": ""}, {"id": "2", "text": "b"}]


def test_wrong_column_error_names_found_and_needed(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", "utterance,label\na,b\n")
    with pytest.raises(
        EvaluationError, match=r"no column text, intent; found utterance, label, needed text, intent"
    ):
        read_table(path, columns=("text", "intent"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs a header row with the columns text"),
        (b"text\n", "has a header but no rows"),
        ("text\n客服".encode("gb18030"), "is not UTF-8 .* save it as UTF-8"),
    ],
)
def test_unusable_file_is_told_with_a_remedy(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        read_table(written(tmp_path / "q.csv", content), columns=("text",))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"gone\.csv cannot be read: No such file"):
        read_table(tmp_path / "gone.csv", columns=("text",))


def test_field_beyond_the_csv_limit_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", "text\n" + "a" * 140_000 + "\n")
    with pytest.raises(EvaluationError, match="not a CSV file that can be read: field larger"):
        read_table(path, columns=("text",))


def test_intents_become_answers_and_oos_rows_examples_of_what_is_out_of_scope(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "text,intent\nmy card,card\n我的卡,card\nhi ，there,oos\nfly,travel\n")
    found = intents_data(path)
    assert found.knowledge.questions == [
        QuestionRecord(1, "card", "my card", "en"),
        QuestionRecord(2, "card", "我的卡", "zh"),
        QuestionRecord(3, "travel", "fly", "en"),
    ]
    assert found.knowledge.passages == [
        PassageRecord(1, "card", "card", "en"),
        PassageRecord(2, "travel", "travel", "en"),
    ]
    assert found.out_of_scope == (Message("hi ,there", "en"),)
    assert found.texts() == ["my card", "我的卡", "fly", "card", "travel", "hi ,there"]


def test_names_of_intents_are_texts_where_they_hold_words() -> None:
    names = ["card_arrival", "CheckPincode", "ABOUT-US", "q17", "42", "退货"]
    assert [(each.answer_id, each.text, each.language) for each in named_passages(names)] == [
        ("card_arrival", "card arrival", "en"),
        ("CheckPincode", "check pincode", "en"),
        ("ABOUT-US", "about us", "en"),
        ("退货", "退货", "zh"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,intent\na,x\nb,x\nc,oos\n", "only the intent 'x' besides 'oos'; at least two"),
        ("text,intent\na,oos\n", "no intent besides 'oos'"),
        ("text,intent\na,x\n,y\n", r"row 2 \(header not counted\) has no text"),
        ("text,intent\na,\n", "row 1 .* has no intent"),
    ],
)
def test_intents_that_cannot_be_learned_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        intents_data(written(tmp_path / "t.csv", content))


def test_faq_rows_are_answers_even_with_equal_questions_and_labels_add_questions(tmp_path: Path) -> None:
    faq = written(
        tmp_path / "f.csv",
        "faq_id,question,answer\nf1,Strike text?,Use tildes\nf2,Strike text?,Use del\nf3,,只有答案\n",
    )
    labels = written(
        tmp_path / "l.csv", "query_id,query,faq_id\nq1,cross out,f1\nq1,cross out,f2\nq2,什么,f3\n"
    )
    found = faq_data(faq, labels=labels).knowledge
    assert found.questions == [
        QuestionRecord(1, "f1", "Strike text?", "en"),
        QuestionRecord(2, "f2", "Strike text?", "en"),
        QuestionRecord(3, "f1", "cross out", "en"),
        QuestionRecord(4, "f2", "cross out", "en"),
        QuestionRecord(5, "f3", "什么", "zh"),
    ]
    assert found.passages == [
        PassageRecord(1, "f1", "Use tildes", "en"),
        PassageRecord(2, "f2", "Use del", "en"),
        PassageRecord(3, "f3", "只有答案", "zh"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("faq_id,question,answer\n,a,b\n", "row 1 .* has no faq_id"),
        ("faq_id,question,answer\nf1,a,b\nf1,c,d\n", "faq_id 'f1' is there 2 times"),
        ("faq_id,question,answer\nf1,,\n", "faq_id 'f1' has neither question nor answer"),
    ],
)
def test_faq_that_cannot_be_used_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        faq_data(written(tmp_path / "f.csv", content))


def test_label_for_an_id_that_is_not_there_is_refused(tmp_path: Path) -> None:
    faq = written(tmp_path / "f.csv", "faq_id,question,answer\nf1,a,b\n")
    labels = written(tmp_path / "l.csv", "query_id,query,faq_id\nq1,a,f9\n")
    with pytest.raises(EvaluationError, match=r"query 'q1' has the faq_id 'f9', not in .*f\.csv"):
        faq_data(faq, labels=labels)


def test_personal_data_is_masked_as_in_the_service() -> None:
    assert Message.of("  Mail me at jo@example.com ") == Message("Mail me at [email]", "en")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"text,intent\nwhere is it,parcel\nHello, where is my card,card\n",
            "line 3: more cells than the header",
        ),
        (b"text,intent,intent\nwhere is it,parcel,note\n", "has the column intent more than once"),
    ],
)
def test_table_whose_cells_cannot_be_told_apart_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(EvaluationError, match=message):
        read_table(written(tmp_path / "q.csv", content), columns=("text", "intent"))
