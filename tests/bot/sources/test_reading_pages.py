"""HTML, Markdown and plain text as blocks."""

import json
import time

import pytest

from bot.sources.blocks import DocumentError, ReadDocument
from bot.sources.html_reader import read_html
from bot.sources.markdown_reader import read_markdown
from bot.sources.splitting import split_blocks
from bot.sources.text_reader import read_text


def sections(read: ReadDocument) -> list[tuple[tuple[str, ...], str]]:
    return [(section.heading, section.text) for section in split_blocks(read.blocks, title=read.title or "")]


PAGE = """<!doctype html><html lang="en"><head><title>Returns | Shop</title><style>p{}</style>
<link rel="canonical" href="https://shop.example/returns"></head>
<body class="has-sidebar"><header><a href="/">Shop</a></header><nav><ul><li>Home</ul></nav>
<div id="cookie-banner">We use cookies.</div>
<main><h1>Returns</h1>
<p>You can return <b>anything</b> within 30&nbsp;days.<br>Really.
<h2>How?</h2><ol><li>Print the label<li>Send it<ul><li>by post</ul></ol>
<table><tr><th>Country<th>Price<tr><td>Austria<td>5 €</table>
<details><summary>Who pays?</summary><p>We do.</details>
<div class="related-articles"><ul><li><a href="a">Delivery</a><li><a href="b">Payment</a><li><a href="c">Refunds</a></ul></div>
<script>var text = "<p>never</p>";</script></main>
<footer>Imprint</footer></body></html>"""


def test_page_is_read_without_what_is_around_it() -> None:
    read = read_html(PAGE)

    assert (read.title, read.url) == ("Returns", "https://shop.example/returns")
    assert sections(read) == [
        ((), "You can return anything within 30 days.\nReally."),
        (("How?",), "1. Print the label\n2. Send it\n  - by post\nCountry | Price\nAustria | 5 €"),
        (("How?", "Who pays?"), "We do."),
    ]


def test_page_whose_text_is_all_in_a_sidebar_by_name_is_still_read() -> None:
    read = read_html('<body><div class="menu"><p>We deliver within two days, everywhere.</p></div></body>')

    assert sections(read) == [((), "We deliver within two days, everywhere.")]


def test_accordion_in_a_list_is_read_below_its_questions() -> None:
    read = read_html(
        "<ul><li><h3>How long?</h3><p>Two days.</p></li><li><h3>How much?</h3>Five euros.</li></ul>"
    )

    assert sections(read) == [(("How long?",), "Two days."), (("How much?",), "Five euros.")]


@pytest.mark.parametrize(
    "page",
    [
        '<h2><button class="accordion-button collapsed">How long?</button></h2><div><p>Two days.</p></div>'
        '<h2><button class="accordion-button"><svg><path/></svg>How <i>much</i>?</button></h2><p>Five euros.</p>',
        '<button aria-expanded="false" aria-controls="a"><div>How long?</div></button><div id="a">Two days.</div>'
        '<button aria-expanded="false"><h3>How much?</h3></button><div>Five euros.</div>',
        '<ul><li><button aria-expanded="false">How long?</button><div>Two days.</div>'
        '<li><button aria-expanded="false">How much?</button><div>Five euros.</div></ul>',
        '<button class="accordion">How long?</button><p>Two days.</p><button class="accordion">How much?</button><p>Five euros.',
        '<div role="button" aria-expanded="false">How long?</div><div>Two days.</div>'
        '<div role="heading" aria-level="3"><div role="button" tabindex="0">How much?</div></div><div>Five euros.</div>',
        '<dl><dt><button aria-expanded="true">How long?</button><dd>Two days.<dt>How much?<dd>Five euros.</dl>',
        '<div itemprop="mainEntity" itemtype="https://schema.org/Question"><div itemprop="name">How long?</div>'
        '<div itemprop="acceptedAnswer">Two days.</div></div><h3><div>How much?</div></h3><p>Five euros.</p>',
    ],
)
def test_accordion_keeps_its_questions_however_it_unfolds(page: str) -> None:
    assert sections(read_html(page)) == [(("How long?",), "Two days."), (("How much?",), "Five euros.")]


def stated(questions: dict[str, str]) -> str:
    entities = [
        {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}}
        for name, text in questions.items()
    ]
    faq = {"@graph": [{"@type": "WebPage"}, {"@type": ["WebPage", "FAQPage"], "mainEntity": entities}]}
    return f'<script type="application/ld+json">{json.dumps(faq)}</script>'


def test_questions_stated_for_search_engines_are_headings_and_those_a_script_shows_are_read() -> None:
    faq = stated({"How long?": "Two days.", "How much?": "<p>Five euros.</p><p>Or six.</p>"})

    read = read_html(
        f"<head>{faq}</head><body><div class=q>How long?</div><div class=a>Two days.</div><div id=app></div></body>"
    )

    assert sections(read) == [(("How long?",), "Two days."), (("How much?",), "Five euros.\nOr six.")]


@pytest.mark.parametrize(
    "script", ["{", "[" * 100_000, "[1, null]", '{"@type": "FAQPage", "mainEntity": [{"name": 1}]}']
)
def test_statement_for_search_engines_that_is_none_changes_nothing(script: str) -> None:
    read = read_html(f'<script type="application/ld+json">{script}</script><p>Two days.</p>')

    assert sections(read) == [((), "Two days.")]


def test_other_buttons_are_left_out_and_icons_do_not_break_sentences() -> None:
    read = read_html(
        '<button class="menu-toggle" aria-expanded="false">Menu</button><button aria-haspopup="true" aria-expanded="false">'
        "EN</button><h1>Returns</h1><p>Open <svg><path/></svg> and print the label.<button>Copy</button></p>"
        '<button aria-expanded="false">Show more</button><p>Then send it.</p><button type="submit" class="faq-item-form">Submit</button>'
        '<button class="faq-search">Search</button>'
    )

    assert sections(read) == [((), "Open and print the label.\nThen send it.")]


def test_heading_that_is_never_closed_loses_nothing() -> None:
    read = read_html("<h3>How long?<p>Two days.</p><h3>How much?<div>Five euros.</div>")

    assert sections(read) == [(("How long?",), "Two days."), (("How much?",), "Five euros.")]


def test_table_that_only_shapes_the_page_is_no_table() -> None:
    read = read_html("<table><tr><td><h2>Delivery</h2><p>Two days.</p><p>Five euros.</p></td></tr></table>")

    assert sections(read) == [(("Delivery",), "Two days.\nFive euros.")]


def test_cell_over_several_rows_or_columns_is_said_in_each() -> None:
    read = read_html(
        "<table><tr><th rowspan=2>Country<th colspan=2>Price<tr><th>Small<th>Large<tr><td>Austria<td>5<td>7"
        '<tr><td colspan=3>Further away<tr><td rowspan="2">Norway<td>16<td>18<tr><td>19<td>20<sup>50</sup></table>'
    )

    assert sections(read) == [
        (
            (),
            "Country | Price | Price\nCountry | Small | Large\nAustria | 5 | 7\nFurther away\nNorway | 16 | 18\n"
            "Norway | 19 | 20 50",
        )
    ]


def test_cell_over_several_rows_ends_with_them_although_a_row_between_is_short() -> None:
    read = read_html(
        "<table><tr><td>Mon<td>9<td rowspan=3>Hamburg<tr><td colspan=2>Closed on holidays<tr><td>Tue<td>10"
        "<tr><td>Wed<td>11<td>Berlin</table>"
    )

    assert read.blocks[0].text.splitlines()[-1] == "Wed | 11 | Berlin"


def test_ordinals_stay_whole_and_sections_are_read_whatever_their_headings_are_about() -> None:
    read = read_html(
        '<main><h1>Terms</h1><p>Due on the 1<sup>st</sup>; 5<sup>99</sup> euros.</p><section id="your-rights-under-gdpr">'
        "<h2>Your rights <button>Copy link</button></h2><p>Ask us.</p></section></main>"
    )

    assert sections(read) == [
        ((), "Due on the 1st; 5 99 euros."),
        (("Your rights",), "Ask us."),
    ]


def test_table_made_to_fill_the_memory_is_not_spread_out() -> None:
    cell = "<td rowspan=50 colspan=50>" + "x" * 200
    rows = f"<tr>{cell * 50}" * 100

    read = read_html(f"<table>{rows}</table>")

    assert sum(len(block.text) for block in read.blocks) < 5 * len(rows)


def test_bold_question_above_its_answer_in_one_paragraph_is_its_heading() -> None:
    read = read_html(
        "<p><strong>How long?</strong><br>Two days.</p><p><b>How much?<br></b>Five euros.<br>Or six.</p>"
    )

    assert sections(read) == [(("How long?",), "Two days."), (("How much?",), "Five euros.\nOr six.")]


@pytest.mark.parametrize(
    "broken",
    ["<div>" * 100_000, "<ul><li>" * 50_000, "<table><tr><td>" * 50_000],
)
def test_endless_nesting_is_refused_at_once(broken: str) -> None:
    begun = time.monotonic()

    with pytest.raises(DocumentError, match="nested"):
        read_html(broken)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "broken",
    ["<b>" * 100_000, "<!--" * 100_000, "<" * 200_000, "&" * 200_000, "</div>" * 100_000, "<![CDATA[" * 50_000,
     "<p " + 'x="' * 50_000, "<script>" + "</scrip" * 50_000, "<p>" * 100_000, "<a " * 100_000, ""],
)  # fmt: skip
def test_broken_page_takes_no_time_and_the_rest_of_it_is_read(broken: str) -> None:
    begun = time.monotonic()

    read = read_html(f"<p>We deliver within two days.</p>{broken}")

    assert time.monotonic() - begun < 3
    assert sections(read)[0][1].startswith("We deliver within two days.")


def test_hostile_characters_are_taken_out() -> None:
    read = read_html("<p>a&#0;b\u200bc\u202e &#xd800;d</p>")

    assert all(ord(character) > 31 for block in read.blocks for character in block.text)
    assert "\ud800" not in read.blocks[0].text


def test_radicals_that_a_pdf_has_for_characters_are_read_as_these() -> None:
    read = read_text("本店\u2ed3期营业，可在七\u2f47内退货。\n\n送货上\u2ed4。")

    assert sections(read) == [((), "本店长期营业，可在七日内退货。\n送货上门。")]


def test_markdown_says_what_it_is_on_top() -> None:
    read = read_markdown(
        "---\ntitle: 'Delivery'\nurl: https://shop.example/d\nlanguage: en-GB\nvalid_from: 2026-01-01\n---\n"
        "Intro with [a link](https://x.example) and `code`.\n\n**How long?**\n\nTwo days.\n\n"
        "| Country | Days |\n|---|---|\n| Austria | 3 |\n\n```\nGET /status\n```\n\n<details><summary>More</summary>Yes.</details>\n"
    )

    assert (read.title, read.url, read.language) == ("Delivery", "https://shop.example/d", "en")
    assert read.valid_from is not None
    assert read.valid_from.isoformat() == "2026-01-01T00:00:00+00:00"
    assert sections(read) == [
        ((), "Intro with a link and code."),
        (("How long?",), "Two days.\nCountry | Days\nAustria | 3\nGET /status"),
        (("More",), "Yes."),
    ]


def test_plain_text_has_headings_questions_and_lists() -> None:
    read = read_text(
        "Delivery\n\nWe deliver from Monday\nto Friday.\n\nQ: How long?\nA: Two days.\nQ: How much?\nA: Five euros.\n\n"
        "2. Returns\n\nYou need:\n- the label\n  and tape\n- a box\n\n发货时间\n\n我们在24小时内\n发货。\n"
    )

    assert read.title == "Delivery"
    assert sections(read) == [
        ((), "We deliver from Monday to Friday."),
        (("How long?",), "Two days."),
        (("How much?",), "Five euros."),
        (("2. Returns",), "You need:\n- the label and tape\n- a box"),
        (("发货时间",), "我们在24小时内发货。"),
    ]


@pytest.mark.parametrize(
    ("stated", "read"),
    [("en-US", "en"), ("zh-CN", "zh"), ("zh_Hant_TW", "zh"), ("{{ lang }}", None), ("", None)],
)
def test_language_of_a_page_is_its_primary_subtag(stated: str, read: str | None) -> None:
    assert read_html(f'<html lang="{stated}"><body><p>We deliver.</p></body></html>').language == read
