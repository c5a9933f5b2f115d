"""Texts of an import that are HTML, as help desks export them, become what customers are to read.

A text is HTML where it uses tags as markup does: an element that is closed, or a line break between words. One that only
speaks of tags ("press <Enter>", "use <b> for bold") stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.imports.fields import FieldError
from bot.sources.blocks import Block, DocumentError, Kind
from bot.sources.html_reader import read_fragment

_LINES = "p|div|ul|ol|li|dl|dt|dd|h[1-6]|table|tr|td|th|pre|blockquote|section|article|center|details"
_MARKS = rf"{_LINES}|b|strong|i|em|u|span|font|small|code|sup|sub"
_KNOWN = (
    rf"{_MARKS}|a|abbr|acronym|address|area|aside|audio|base|bdi|bdo|big|body|br|button|"
    "canvas|caption|cite|col|colgroup|data|datalist|del|dfn|dialog|embed|fieldset|figcaption|figure|footer|form|frame|frameset|head|"
    "header|hgroup|hr|html|iframe|img|input|ins|kbd|label|legend|link|main|map|mark|menu|meta|nav|noscript|object|optgroup|option|"
    "output|param|picture|progress|q|s|samp|script|select|source|strike|style|summary|svg|tbody|template|textarea|tfoot|thead|time|"
    "title|track|tt|var|video|wbr"
)


_MAY_BE_OPEN = (
    "b|strong|i|em|u|span|font|small|sup|sub|a|p|div|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th|colgroup|option|center|blockquote|"
    "area|base|br|col|embed|frame|hr|img|input|link|meta|param|source|track|wbr"
)
"""Elements that editors leave open, or that have no end."""
_AS_TAG = "(?![A-Z][a-z])(?i:"
"""Small or all in capitals: "<Del>" is a key."""
_OPENING = re.compile(rf"<{_AS_TAG}({_MARKS}|a(?=\s[^<>]*href\s*=)))(?:\s[^<>]*)?>")
_CLOSING = re.compile(rf"</{_AS_TAG}({_MARKS}|a))\s*>")
_BREAK = re.compile(rf"<{_AS_TAG}br|p|hr)\s*/?>")
_BEGINS_AS_BLOCK = re.compile(rf"\s*<{_AS_TAG}{_LINES})[\s>]")
_NO_TAG = re.compile(rf"<(?!/?{_AS_TAG}{_KNOWN}|[ovwm]:\w+)(?=[\s/>])[^<>]*>|!|\?xml)")
_SHOWN_AS_CODE = re.compile("```.*?```|`[^`]{1,500}`", re.DOTALL)
_NEEDS_ITS_END = re.compile(rf"<{_AS_TAG}(?!(?:{_MAY_BE_OPEN})[\s/>])({_KNOWN}))(?=[\s/>])[^<>]*>")
_BESIDE_BLOCK = re.compile(
    rf"\s*\n\s*(?=</?(?i:{_LINES}|br|hr)[\s/>])|(?P<end></?(?i:{_LINES}|br|hr)(?:\s[^<>]*)?/?>)\s*\n\s*"
)

_ANY_END = re.compile(rf"</{_AS_TAG}({_KNOWN}))\s*>")
_TO_BE_PASTED = re.compile(r"<(script|iframe|div|ins)\b[^<>]*>\s*</\1\s*>|<[^<>]*\{\{", re.IGNORECASE)
"""An element that would show something, and a template: the text tells what to write."""
_QUOTES = frozenset("\"'`“”‘’「」()（）")
_ENDS_SENTENCE = ".!?。！？"


def plain_text(value: object) -> object:
    """A text that is HTML without its markup: paragraphs and items as lines, links with their addresses. Else the value itself.

    Raises FieldError for HTML that can't be read.
    """
    if not isinstance(value, str) or "<" not in value or not _is_html(value):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    text = _SHOWN_AS_CODE.sub(lambda code: code[0].replace("&", "&amp;").replace("<", "&lt;"), text)
    marked = _without_words_in_brackets(_NO_TAG.sub("&lt;", text))
    if not _BEGINS_AS_BLOCK.match(marked):
        marked = _BESIDE_BLOCK.sub(lambda found: found["end"] or "", marked).replace("\n", "<br>")
    try:
        return _joined(read_fragment(marked, links=True))
    except DocumentError as error:
        raise FieldError(f"a text is HTML that can't be read: {error}") from error


def _without_words_in_brackets(text: str) -> str:
    """<MENU> and <address> that nothing closes are keys and places to fill in; as elements they would swallow what follows."""
    ends = {tag[1].lower(): tag.start() for tag in _ANY_END.finditer(text)}
    return _NEEDS_ITS_END.sub(
        lambda tag: tag[0] if ends.get(tag[1].lower(), -1) >= tag.end() else f"&lt;{tag[0][1:]}", text
    )


def _is_html(text: str) -> bool:
    text = _SHOWN_AS_CODE.sub("", text)
    if not _BEGINS_AS_BLOCK.match(text) and _TO_BE_PASTED.search(text):
        return False
    closed = {tag[1].lower(): tag.start() for tag in _CLOSING.finditer(text)}
    opened = [tag for tag in _OPENING.finditer(text) if closed.get(tag[1].lower(), -1) >= tag.end()]
    if opened and _BEGINS_AS_BLOCK.match(text) and text.rstrip().endswith(">"):
        return True
    return any(_marks_what_follows(text, tag) for tag in opened) or any(
        _breaks_a_line(text, tag) for tag in _BREAK.finditer(text)
    )


def _marks_what_follows(text: str, tag: re.Match[str]) -> bool:
    """It has attributes, or is not set off by a blank, or by quotes on both sides, as in "between <b> and </b>"."""
    around = text[max(0, tag.start() - 1) : tag.start()] + text[tag.end() : tag.end() + 1]
    quoted = len(around) == 2 and set(around) <= _QUOTES
    return "=" in tag[0] or (not quoted and not around.endswith((" ", "\t", "\u3000")))


def _breaks_a_line(text: str, tag: re.Match[str]) -> bool:
    """It stands right behind a word or a tag, behind a sentence, or right before a word."""
    before = text[max(0, tag.start() - 20) : tag.start()]
    if not before.strip():
        return False
    right_behind = not before[-1].isspace() and before[-1] not in _QUOTES
    behind_sentence = before.rstrip()[-1] in _ENDS_SENTENCE
    follows = text[tag.end() : tag.end() + 1]
    return right_behind or behind_sentence or (follows.isascii() and follows.isalnum())


def _joined(blocks: Sequence[Block]) -> str:
    """An empty line between paragraphs; none before a list or below a heading, which go with what is next to them."""
    text = ""
    before: Block | None = None
    for block in blocks:
        if before is not None:
            close = block.kind is Kind.LIST or before.kind is Kind.HEADING
            text += "\n" if close else "\n\n"
        text += block.text
        before = block
    return text
