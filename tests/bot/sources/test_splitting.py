"""Blocks to sections: worked by hand, and what holds for any blocks."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.blocks import Block, Kind
from bot.sources.length import length_in_words
from bot.sources.splitting import MOST, MOST_WHOLE, Section, split_blocks


def words(count: int, word: str = "word") -> str:
    """Sentences of ten words."""
    return " ".join(f"{word.capitalize()} {' '.join([word] * 9)}." for _ in range(count // 10))


def said(text: str) -> Block:
    return Block(Kind.PARAGRAPH, text)


def lengths(sections: list[Section]) -> list[float]:
    return [length_in_words(section.text) for section in sections]


def test_sections_never_cross_headings_and_keep_the_path_to_them() -> None:
    blocks = [
        Block.heading("Help", 1),
        said("Welcome."),
        Block.heading("Delivery", 2),
        Block.heading("How long?", 3),
        said("Two days."),
        Block.heading("How much?", 3),
        said("Five euros."),
        Block.heading("Returns", 2),
        said("Within thirty days."),
    ]

    assert split_blocks(blocks, title="Help") == [
        Section((), "Welcome."),
        Section(("Delivery", "How long?"), "Two days."),
        Section(("Delivery", "How much?"), "Five euros."),
        Section(("Returns",), "Within thirty days."),
    ]


def test_paragraphs_below_one_heading_are_joined_up_to_the_limit() -> None:
    sections = split_blocks([said(words(90, name)) for name in ("one", "two", "three", "four")])

    assert lengths(sections) == [180, 180]


def test_short_rest_goes_with_what_is_before_it() -> None:
    assert lengths(split_blocks([said(words(190)), said(words(20))])) == [210]


def test_long_paragraph_is_cut_at_ends_of_sentences() -> None:
    sections = split_blocks([said(words(450))])

    assert lengths(sections) == [200, 200, 50]
    assert all(section.text.endswith(".") for section in sections)


def test_chinese_is_measured_in_characters_and_cut_at_its_full_stops() -> None:
    sentence = "我们会在两个工作日之内把您的订单寄出去。"
    sections = split_blocks([said(sentence * 40)])

    assert len(sections) > 1
    assert all(section.text.endswith("。") and "  " not in section.text for section in sections)
    assert "".join(section.text for section in sections) == sentence * 40


def test_list_stays_whole_with_the_line_that_introduces_it() -> None:
    items = "\n".join(f"- {words(10)}" for _ in range(15))
    blocks = [said(words(150)), said("You need:"), Block(Kind.LIST, items), said(words(100))]

    sections = split_blocks(blocks)

    assert sections[1].text == f"You need:\n{items}"


def test_long_table_is_cut_between_rows_and_each_part_has_the_header() -> None:
    rows = [f"Country {place} | {words(10)}" for place in range(60)]
    sections = split_blocks([Block(Kind.TABLE, "\n".join(["Country | Days", *rows]))])

    assert len(sections) > 2
    assert all(section.text.startswith("Country | Days\n") for section in sections)
    assert [line for section in sections for line in section.text.split("\n")[1:]] == rows


def test_line_that_only_looks_like_a_heading_is_kept_as_text() -> None:
    blocks = [
        Block.heading("Payment", 1),
        Block.heading("By card", 7, guessed=True),
        Block.heading("By invoice", 7, guessed=True),
        said("Within 14 days."),
        Block.heading("Free from 50 euros", 7, guessed=True),
    ]

    assert split_blocks(blocks) == [
        Section(("Payment",), "By card"),
        Section(("Payment", "By invoice"), "Within 14 days."),
        Section(("Payment",), "Free from 50 euros"),
    ]


def test_word_without_end_is_cut() -> None:
    sections = split_blocks([said("x" * 30_000), Block(Kind.CODE, "y" * 30_000)])

    assert all(len(section.text) <= 8_000 for section in sections)


@pytest.mark.parametrize("unit", ["Word by word. ", "一句话。", "x", "a, b; c ", "Item 1. ", "... "])
def test_line_without_end_takes_time_in_proportion_and_loses_nothing(unit: str) -> None:
    text = (unit * (50_000 // len(unit))).strip()
    begun = time.monotonic()

    for block in (said(text), Block(Kind.LIST, text)):
        sections = split_blocks([block])
        assert "".join("".join(section.text.split()) for section in sections) == "".join(text.split())

    assert time.monotonic() - begun < 30


def test_nothing_is_no_section() -> None:
    assert split_blocks([]) == []
    assert split_blocks([Block.heading("Only a heading", 2)]) == []


TEXTS = st.text(alphabet="ab c.!?。，的\n", min_size=1, max_size=400).filter(lambda text: text.strip() != "")
BLOCKS = st.lists(
    st.one_of(
        st.builds(lambda text, level: Block.heading(" ".join(text.split()), level), TEXTS, st.integers(1, 7)),
        st.builds(lambda text: said(text.strip()), TEXTS),
        st.builds(lambda text: Block(Kind.LIST, text.strip()), TEXTS),
    ),
    max_size=12,
)


@given(BLOCKS)
def test_every_character_of_the_body_is_in_a_section_in_its_order(blocks: list[Block]) -> None:
    sections = split_blocks(blocks)

    body = "".join(block.text for block in blocks if block.kind is not Kind.HEADING)
    assert "".join("".join(section.text.split()) for section in sections) == "".join(body.split())
    assert all(section.text.strip() for section in sections)
    assert all(length_in_words(section.text) <= MOST + MOST_WHOLE for section in sections)
    assert split_blocks(blocks) == sections


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 0), ("two words", 2), ("don't e-mail", 2), ("客服中心电话", 3.75), ("iPhone 手机", 2.25)],
)
def test_length_counts_words_and_shares_of_words(text: str, length: float) -> None:
    assert length_in_words(text) == length
