"""Texts of an import that are HTML, and those that only speak of tags."""

import pytest

from bot.imports.fields import FieldError
from bot.imports.html_texts import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<p>Two&nbsp;days.<br><ul><li>Abroad: five</li><li>Islands<ul><li>ten</li></ul></li></ul>",
            "Two days.\n- Abroad: five\n- Islands\n  - ten",
        ),
        ("<div>Hi,</div><div><br></div><div>two &lt; three &amp; four</div>", "Hi,\n\ntwo < three & four"),
        ("<h2>Returns</h2><p>Within 14 days.</p><p>Free.</p>", "Returns\nWithin 14 days.\n\nFree."),
        ("<ol><li>Open it.</li><li>Press <strong>Save</strong>.</li></ol>", "1. Open it.\n2. Press Save."),
        ("Two days.<br>Abroad five.", "Two days.\nAbroad five."),
        ("Kefu GmbH<BR/>Hafenstr. 1", "Kefu GmbH\nHafenstr. 1"),
        ("Two days. <br> Abroad five.", "Two days.\nAbroad five."),
        ("打开设置<br />点击账户", "打开设置\n点击账户"),
        ("Two days.<p>Abroad five.", "Two days.\n\nAbroad five."),
        (
            "<p> Two days. </p>\n<script>track()</script><style>p {}</style><!-- x --><img src=x>",
            "Two days.",
        ),
        ("One line\nwith <em>care</em>.\n\nAnother.", "One line\nwith care.\n\nAnother."),
        ("<p>One\nline,\r\nwrapped.</p>", "One line, wrapped."),
        (
            "<table><tr><th>To</th><th>Days</th></tr><tr><td>EU</td><td>5</td></tr></table>",
            "To | Days\nEU | 5",
        ),
        ("Press <MENU> and hold<br>for 5 seconds", "Press <MENU> and hold\nfor 5 seconds"),
        (
            "Fill in <title>, <address> and <data><br>and send it",
            "Fill in <title>, <address> and <data>\nand send it",
        ),
        ("<p>Add <style> to it</p><p>More</p>", "Add <style> to it\n\nMore"),
        ("Step 1: open\nStep 2: take<br>Step 3", "Step 1: open\nStep 2: take\nStep 3"),
        ("Adresse:<br>Kefu GmbH\nHafenstr. 1", "Adresse:\nKefu GmbH\nHafenstr. 1"),
        ("`x` <b>y</b> `<i>z</i>`", "`x` y `<i>z</i>`"),
        ("<p>Note</p><aside>Keep the receipt.</aside>", "Note\n\nKeep the receipt."),
        ("Press <button>Save</button> and <b>go</b>.", "Press Save and go."),
        ("<p>Press <Enter>, <Del> or <ctrl>; a < b, <me@shop.example></p>",) * 2,
    ],
)
def test_html_becomes_lines(html: str, text: str) -> None:
    expected = text.removeprefix("<p>").removesuffix("</p>") if html == text else text

    assert plain_text(html) == expected


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ('<a href="https://shop.example/a?b=1&amp;c=2">our page</a>.', "[our page](https://shop.example/a?b=1&c=2)."),
        ('see<a href="https://shop.example/"> the shop </a>now', "see [the shop](https://shop.example/) now"),
        ('<a href="https://shop.example/">shop.example</a>', "https://shop.example/"),
        ('<a href="https://track.example/x">shop.example</a>', "shop.example (https://track.example/x)"),
        ('<a href="https://shop.example/m.pdf">manual.pdf</a>', "manual.pdf (https://shop.example/m.pdf)"),
        ('<a href="https://shop.example/a (1)">it</a>', "[it](https://shop.example/a%20%281%29)"),
        ('<a href="//shop.example/退货">it</a>', "[it](https://shop.example/%E9%80%80%E8%B4%A7)"),
        ('<a href="https://shop.example/x"><h3>Title</h3></a><p>Text.</p>', "[Title](https://shop.example/x)\nText."),
        ('<a href="https://shop.example/x"><img src="y"></a><p>Text.</p>', "Text."),
        ('<a href="/hc/articles/1">there</a>', "there"),
        ('<a href="javascript:alert(1)">there</a>', "there"),
        ('<a href="https://me:word@shop.example">there</a>', "there"),
        ('<a href="mailto:help@shop.example?subject=x">help@shop.example</a>', "help@shop.example"),
        ('<a href="mailto:help@shop.example">Write to us</a>', "[Write to us](mailto:help@shop.example)"),
        ('<a href="tel:+49 40 123">+49 (40) 123</a>', "+49 (40) 123"),
        ('<a href="tel:+49 40 123">Call us</a>', "[Call us](tel:+4940123)"),
    ],
)  # fmt: skip
def test_links_are_written_as_the_widget_reads_them(link: str, text: str) -> None:
    assert plain_text(link) == text


@pytest.mark.parametrize(
    "text",
    [
        "press <Enter>",
        "use <b> for bold",
        "a < b and c > d",
        "between <b> and </b>",
        'between "<b>" and "</b>"',
        "Use <br> for a new line, <p> for a paragraph.",
        "Tags: <p> and <br>",
        "<br> begins a line",
        "wrap it in <p> and </p> tags",
        "Write `<b>word</b>` or `a<br>b`.",
        "List<String> names = new List<String>();",
        "mail <b@shop.example>",
        'Paste this into your page: <div id="widget"></div>',
        "复制以下代码到网站：<script>kefu()</script><script src=a.js></script><p>x</p>",
        'Write <a href="{{ shop.url }}">Home</a> there.',
        "I <3 it</3",
        None,
        7,
    ],
)
def test_what_only_speaks_of_tags_stays(text: object) -> None:
    assert plain_text(text) is text


def test_elements_without_end_are_refused() -> None:
    with pytest.raises(FieldError, match="a text is HTML that can't be read: its elements are nested"):
        plain_text("<div>" * 500 + "deep" + "</div>" * 500)


@pytest.mark.parametrize(
    "text", ["<p " * 100_000, "<b>x" * 100_000 + "</i>", "<" * 300_000, "<a href=" * 50_000]
)
def test_broken_markup_without_end_is_no_html(text: str) -> None:
    assert plain_text(text) is text
