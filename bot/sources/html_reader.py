"""A web page as blocks: what its author wrote, without the navigation around it.

Read in one pass without a tree, so a page takes memory for its text only. What counts as the page's own words is decided
at the end: the part marked as main or article if there is enough in it, without menus, footers, cookie notes and lists of
links. What a page hides stays, since help pages hide the answers of questions that are folded up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from bot.imports.fields import FieldError, language
from bot.sources.blocks import PSEUDO_LEVEL, Block, DocumentError, Kind, ReadDocument, clean_line
from bot.sources.faq_markup import as_headings, not_shown, stated_questions
from bot.sources.page_text import PageText
from bot.sources.tables import MOST_SPANNED

DEEPEST = 400
"""Elements within each other; real pages stay below 60."""

_NEVER_TEXT = frozenset(
    [
        "script",
        "style",
        "template",
        "svg",
        "math",
        "noscript",
        "iframe",
        "object",
        "canvas",
        "audio",
        "video",
        "select",
        "textarea",
        "button",
        "datalist",
        "nav",
        "footer",
        "aside",
        "dialog",
        "menu",
    ]
)
_AROUND_A_PAGE = frozenset(["button", "nav", "footer", "aside", "dialog", "menu"])
"""In a piece of HTML that has nothing around it they are its own words."""
_WITHIN_LINES = frozenset(["svg", "math", "button", "script", "style", "template"])
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_ROLES_AROUND = frozenset(
    [
        "navigation",
        "banner",
        "contentinfo",
        "complementary",
        "search",
        "dialog",
        "alertdialog",
        "menu",
        "menubar",
        "toolbar",
    ]
)
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|cookies?|consent|share|sharing|social|related|"
    r"pagination|pager|skip-?links?|advert|ads?|comments?|toc|newsletter|subscribe|feedback|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
_AROUND_BY_CLASS = re.compile(r"(?:^|[\s_-])(?:votes?|copyright|gdpr)(?:$|[\s_-])", re.IGNORECASE)
"""Not by id: that of a section is often made of its heading."""
_MAY_BE_AROUND = frozenset(["div", "section", "ul", "ol", "header", "p", "table", "form"])
_CONTAINERS = frozenset(
    [
        "html",
        "body",
        "div",
        "section",
        "article",
        "main",
        "header",
        "form",
        "fieldset",
        "ul",
        "ol",
        "dl",
        "table",
        "blockquote",
        "details",
        "figure",
        "center",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TERMS = frozenset(["dt", "summary"])
_UNFOLDS = re.compile(r"accordion|collapsib|faq[-_]*(?:q|toggle|title|item|head)", re.IGNORECASE)
"""In the class of a button that does not say what it does."""
_ENDS_TEXT = frozenset(["p", "dd", "figcaption", "caption", "legend", "address", "hr", "tr", "li", "label"])
_SITE_NAME = re.compile(r"\s+[|–—·»-]\s+[^|–—·»]{1,60}$")
_LEAST_SHARE_OF_MAIN = 0.25
_LEAST_SHARE_LEFT = 0.3


def read_html(page: str) -> ReadDocument:
    """Raises DocumentError for a page whose elements are nested without end."""
    reader = _read(page)
    asked = stated_questions("".join(script) for script in reader.stated)
    blocks = as_headings(_own_blocks(reader.text.finished()), asked)
    for each in not_shown(blocks, asked):
        blocks += [Block.heading(each.text, PSEUDO_LEVEL, guessed=True), *read_fragment(each.answer)]
    return ReadDocument(blocks, title=_title(reader, blocks), url=reader.url, language=reader.language)


def read_fragment(fragment: str, *, links: bool = False) -> list[Block]:
    """All blocks of a piece of HTML that has nothing around it; with ``links``, addresses stand beside their words."""
    return [placed.block for placed in _read(fragment, links=links, is_whole=False).text.finished()]


def _read(page: str, *, links: bool = False, is_whole: bool = True) -> _PageReader:
    """Through libxml2's parser, which takes anything and takes time in proportion to it."""
    reader = _PageReader(
        PageText(links=links), never_text=_NEVER_TEXT if is_whole else _NEVER_TEXT - _AROUND_A_PAGE
    )
    parser = etree.HTMLParser(target=reader, encoding="utf-8")
    try:
        parser.feed(page.encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError as error:
        if page.strip():
            raise DocumentError(f"it can't be read as HTML ({error}): save the page again") from error
    return reader


class _PageReader:
    """Follows the tags and tells ``text`` where something begins and ends."""

    def __init__(self, text: PageText, *, never_text: frozenset[str]) -> None:
        self.text = text
        self._never_text = never_text
        self.page_title = ""
        self.shown_title: str | None = None
        self.url: str | None = None
        self.language: str | None = None
        self.stated: list[list[str]] = []
        self._is_stated = False
        self._open: list[tuple[str, bool, bool]] = []
        self._skipped: str | None = None
        self._skipped_depth = 0
        self._in_title = False
        self._heading: str | None = None
        self._heading_depth = 0
        self._awaits_question = False

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        if self._skipped is not None:
            self._skipped_depth += tag == self._skipped
            return
        if tag in ("meta", "link", "html", "title"):
            self._take_head(tag, given)
        if self._is_left_out(tag, given):
            if tag in _WITHIN_LINES or self.text.in_heading:
                self.text.add(" ")
            else:
                self.text.end_block()
            self._skipped, self._skipped_depth = tag, 1
            self._is_stated = tag == "script" and given.get("type", "").lower() == "application/ld+json"
            self.stated += [[]] if self._is_stated else []
            return
        if tag in _CONTAINERS:
            self._enter(tag, given)
        self._heading_depth += tag == self._heading
        if tag in _HEADINGS or (not self.text.in_heading and self._names_what_follows(tag, given)):
            if self._heading is None:
                self._heading, self._heading_depth = tag, 1
            self.text.begin_heading(_level(tag, given))
        else:
            self._begin(tag, given)

    def _is_left_out(self, tag: str, given: Mapping[str, str]) -> bool:
        if tag == "button" and (_unfolds(tag, given) or (self.text.in_heading and not self.text.has_words)):
            return False
        return tag in self._never_text or (given.get("role") in _ROLES_AROUND and tag not in _VOID)

    def _names_what_follows(self, tag: str, given: Mapping[str, str]) -> bool:
        """As a heading does, a button that unfolds it, and the name of a schema.org Question."""
        self._awaits_question |= given.get("itemtype", "").endswith("schema.org/Question")
        if self._awaits_question and "name" in given.get("itemprop", "").split() and tag not in _VOID:
            self._awaits_question = False
            return True
        return tag in _TERMS or given.get("role") == "heading" or _unfolds(tag, given)

    def _begin(self, tag: str, given: Mapping[str, str]) -> None:
        text = self.text
        if tag in ("ul", "ol"):
            text.begin_list(ordered=tag == "ol")
        elif tag == "li":
            text.begin_item()
        elif tag == "table":
            text.begin_table()
        elif tag == "tr":
            text.begin_row()
        elif tag in ("td", "th"):
            text.begin_cell(columns=_span(given, "colspan"), rows=_span(given, "rowspan"))
        elif tag == "pre":
            text.begin_code()
        elif tag == "br":
            text.break_line()
        elif tag in ("b", "strong"):
            text.bold += 1
        elif tag == "sup":
            text.keep_digits_apart()
        elif tag == "a":
            text.begin_link(given.get("href", ""))
        elif tag in _ENDS_TEXT or tag in _CONTAINERS:
            text.end_block()

    def end(self, tag: str) -> None:
        if self._skipped is not None:
            if tag == self._skipped:
                self._skipped_depth -= 1
                if self._skipped_depth == 0:
                    self._skipped = None
            return
        self._heading_depth -= tag == self._heading
        if tag in _HEADINGS or (self._heading is not None and self._heading_depth == 0):
            self.text.end_heading()
            if self._heading_depth == 0:
                self._heading = None
        if tag == "title":
            self._in_title = False
        self._end(tag)
        if tag in _CONTAINERS:
            self._leave(tag)

    def _end(self, tag: str) -> None:
        text = self.text
        if tag == "pre":
            text.end_block()
        elif tag in ("ul", "ol"):
            text.end_list()
        elif tag == "table":
            text.end_table()
        elif tag in ("b", "strong"):
            text.bold = max(0, text.bold - 1)
        elif tag == "a":
            text.end_link()
        elif tag in _ENDS_TEXT or tag in _CONTAINERS:
            text.end_block()

    def data(self, data: str) -> None:
        if self._in_title:
            self.page_title += data[:1000]
        elif self._skipped is not None and self._is_stated:
            self.stated[-1].append(data)
        elif self._skipped is None:
            self.text.add(data)

    def close(self) -> None:
        """Called by the parser at the end."""

    def _enter(self, tag: str, given: Mapping[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise DocumentError(
                f"its elements are nested more than {DEEPEST} deep: it is no page that people read"
            )
        in_main, around = self._open[-1][1:] if self._open else (False, False)
        named = f"{given.get('class', '')} {given.get('id', '')}"
        around = around or (tag in _MAY_BE_AROUND and _AROUND.search(named) is not None)
        around = around or (
            tag in _MAY_BE_AROUND and _AROUND_BY_CLASS.search(given.get("class", "")) is not None
        )
        around = around or (tag == "header" and not in_main)
        in_main = in_main or tag in ("main", "article") or given.get("role") in ("main", "article")
        self._open.append((tag, in_main, around))
        self.text.end_block()
        self.text.place(in_main=in_main, around=around)

    def _leave(self, tag: str) -> None:
        if any(name == tag for name, _, _ in self._open):
            while self._open.pop()[0] != tag:
                pass
        self.text.end_block()
        _, in_main, around = self._open[-1] if self._open else ("", False, False)
        self.text.place(in_main=in_main, around=around)

    def _take_head(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "title" and not self.page_title:
            self._in_title = True
        elif tag == "html":
            self.language = _language(given.get("lang")) or self.language
        elif tag == "meta" and given.get("property") == "og:title":
            self.shown_title = clean_line(given.get("content", "")) or None
        elif tag == "link" and given.get("rel", "").lower() == "canonical":
            href = given.get("href", "")
            self.url = href if href.startswith(("https://", "http://")) else self.url


def _level(tag: str, given: Mapping[str, str]) -> int | None:
    """None for what has none, which is as deep as can be."""
    stated = given.get("aria-level", "") if given.get("role") == "heading" else ""
    return int(stated) if stated in ("1", "2", "3", "4", "5", "6") else _HEADINGS.get(tag)


def _span(given: Mapping[str, str], name: str) -> int:
    stated = given.get(name, "").strip()
    return max(1, min(int(stated), MOST_SPANNED)) if re.fullmatch("[0-9]{1,5}", stated) else 1


def _unfolds(tag: str, given: Mapping[str, str]) -> bool:
    """Whether it shows and hides the text that follows, as a question does its answer; not a menu."""
    if tag != "button" and given.get("role") != "button":
        return False
    named = f"{given.get('class', '')} {given.get('id', '')} {given.get('aria-controls', '')}"
    if given.get("type") == "submit" or "aria-haspopup" in given or _AROUND.search(named):
        return False
    return "aria-expanded" in given or _UNFOLDS.search(given.get("class", "")) is not None


def _language(stated: str | None) -> str | None:
    """The primary subtag of "en-US"; None for what is no language, such as a template's placeholder."""
    try:
        return language(stated)
    except FieldError:
        return None


def _own_blocks(placed: Sequence[PageText.Placed]) -> list[Block]:
    main = [each for each in placed if each.in_main]
    chosen = main if _size(main) >= _LEAST_SHARE_OF_MAIN * _size(placed) else placed
    inner = [each for each in chosen if not each.around]
    chosen = inner if _size(inner) >= _LEAST_SHARE_LEFT * _size(chosen) else chosen
    return [each.block for each in chosen if not each.of_links]


def _size(placed: Sequence[PageText.Placed]) -> int:
    return sum(len(each.block.text) for each in placed)


def _title(reader: _PageReader, blocks: Sequence[Block]) -> str | None:
    first = [block.text for block in blocks if block.kind is Kind.HEADING and block.level == 1]
    if len(first) == 1:
        return first[0]
    title = clean_line(reader.page_title)
    return reader.shown_title or _SITE_NAME.sub("", title) or title or (first[0] if first else None)
