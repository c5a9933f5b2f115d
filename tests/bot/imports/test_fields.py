"""Single values: what is accepted, what it becomes, and what the refusal says."""

from datetime import UTC, datetime

import pytest

from bot.imports import fields
from bot.imports.fields import FieldError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("customer", "customer"), (" User ", "customer"), ("VISITOR", "customer"), ("客户", "customer"), ("顧客", "customer"),
        ("assistant", "agent"), ("Operator", "agent"), ("staff", "agent"), ("客服", "agent"), ("坐席", "agent"),
        ("bot", "bot"), ("机器人", "bot"), ("system", "system"), ("ｓｙｓｔｅｍ", "system"),
    ],
)  # fmt: skip
def test_role_names_are_understood(written: str, meant: str) -> None:
    assert fields.role(written) == meant


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("alien", "the role 'alien' is unknown: use customer, agent, bot or system"),
        ("", "the role '' is unknown: use customer, agent, bot or system"),
        (None, "there is no role: fill it in or remove the line"),
        (3, "the role is 3, not a text: put it in quotes"),
        (["x"], "the role is a list, not a text: put it in quotes"),
        ("x" * 300, f"the role '{'x' * 40}…' is unknown: use customer, agent, bot or system"),
    ],
)
def test_unknown_roles_are_refused_by_value(value: object, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        fields.role(value)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01 09:30:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00+08:00", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("20260301", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026/3/1 9:30", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026年3月1日 9:30:05", datetime(2026, 3, 1, 9, 30, 5, tzinfo=UTC)),
        ("1772357400", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        (1772357400, datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        (1772357400.5, datetime(2026, 3, 1, 9, 30, 0, 500_000, tzinfo=UTC)),
        (1772357400250, datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_become_aware_utc(written: object, moment: datetime) -> None:
    assert fields.time(written) == moment
    found = fields.time(written)
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "3/1/2026",
        "2026-13-01",
        "2026-03-01 25:00",
        "0001-01-01T00:00+23:00",
        "20260301093000",
        5,
        -1,
        10**400,
        1e300,
        float("nan"),
        float("inf"),
        True,
        {},
        "1" * 5_000,
    ],
)
def test_unreadable_times_are_refused(value: object) -> None:
    with pytest.raises(FieldError, match=r"can't be read: write it like 2026-03-01T09:30:00Z"):
        fields.time(value)


def test_absent_times_are_none() -> None:
    assert fields.time(None) is None
    assert fields.time("  ") is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"),
        ("EN-us", "en"),
        ("zh_CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("中文", "zh"),
        ("English", "en"),
        ("", None),
    ],
)
def test_languages_become_primary_subtags(written: str, code: str | None) -> None:
    assert fields.language(written) == code


def test_unknown_language_is_refused() -> None:
    with pytest.raises(FieldError, match="the language 'klingon' is unknown"):
        fields.language("klingon")


def test_questions_are_normalised_and_answers_keep_paragraphs_and_punctuation() -> None:
    assert fields.question_text("　怎么\x00退款？\n\t快\u200b点 ") == "怎么退款? 快点"
    assert (
        fields.answer_text(" 您好，\x07请看：\r\n\r\n\r\n\r\n1.  点击“申请”\u200b。\n ")
        == "您好，请看：\n\n1. 点击“申请”。"
    )


def test_radicals_that_a_pdf_has_for_characters_are_these_in_answers() -> None:
    assert fields.answer_text("\u2ed3期有效，\u2f64\u2f08可退。") == "长期有效，用人可退。"


def test_half_of_an_emoji_becomes_the_replacement_character() -> None:
    assert fields.answer_text("thanks \ud83d!") == "thanks \ufffd!"
    assert fields.question_text("thanks \ud83d!") == "thanks !"


@pytest.mark.parametrize("value", ["", " \n", "\x00\u200b"])
def test_texts_of_nothing_visible_are_empty(value: str) -> None:
    with pytest.raises(FieldError, match="the question is empty: fill it in or remove the line"):
        fields.question_text(value)
    with pytest.raises(FieldError, match="the answer is empty"):
        fields.answer_text(value)


def test_limits_hold_for_the_cleaned_text_to_the_character() -> None:
    assert len(fields.question_text(" " + "x" * 4_000)) == 4_000
    assert len(fields.answer_text("x" * 20_000 + "\n")) == 20_000
    with pytest.raises(FieldError, match=r"has 4,001 characters, the limit is 4,000: shorten it"):
        fields.question_text("x" * 4_001)
    with pytest.raises(FieldError, match=r"has 20,001 characters, the limit is 20,000"):
        fields.answer_text("x" * 20_001)


def test_spreadsheet_errors_are_no_answers() -> None:
    with pytest.raises(FieldError, match="the answer is the spreadsheet error #REF!"):
        fields.answer_text("#REF!")


@pytest.mark.parametrize(
    "value",
    [
        "how | so?\nhow so | how|",
        '["how", "so?", "how so"]',
        ["how", " so?", "how so", ""],
        "how｜so？\n how so",
    ],
)
def test_phrasings_are_read_from_lists_and_from_separated_text(value: object) -> None:
    assert fields.phrasings(value) == ("how", "so?", "how so")


def test_bracket_that_is_no_json_list_is_a_phrasing() -> None:
    assert fields.phrasings("[urgent] where is it?") == ("[urgent] where is it?",)
    assert fields.phrasings("[[") == ("[[",)


def test_bad_phrasings_are_refused() -> None:
    with pytest.raises(FieldError, match="the entry among the phrasings is 3, not a text"):
        fields.phrasings(["a", 3])
    with pytest.raises(FieldError, match="the phrasings are an object, not a list of texts"):
        fields.phrasings({"a": 1})
    with pytest.raises(FieldError, match="there are 1,001 phrasings, the limit is 1,000"):
        fields.phrasings([f"q{number}" for number in range(1_001)])


def test_tags_are_split_at_every_usual_mark() -> None:
    assert fields.tags("售后；退款,refund|Returns、x\nrefund") == ("售后", "退款", "refund", "Returns", "x")
    assert fields.tags(None) == ()
    assert fields.tags(["a", "b"]) == ("a", "b")


def test_identifiers_may_be_whole_numbers_but_nothing_else() -> None:
    assert fields.identifier(17, name="conversation_id") == "17"
    assert fields.identifier(" c-1 ", name="conversation_id") == "c-1"
    for value in (True, 1.5, [], 10**400):
        with pytest.raises(FieldError, match="the conversation_id is"):
            fields.identifier(value, name="conversation_id")
    with pytest.raises(FieldError, match="limit is 200"):
        fields.identifier("x" * 201, name="conversation_id")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**50, "a huge number"),
        ({}, "an object"),
        ("a\nb\x00", "'a b'"),
    ],
)
def test_values_are_shown_short_and_plain(value: object, text: str) -> None:
    assert fields.shown(value) == text
