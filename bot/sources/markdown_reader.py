"""Markdown as blocks, by way of the HTML that it stands for; what a file says of itself on top (front matter) counts.

::

    ---
    title: Delivery times
    url: https://shop.example/help/delivery
    language: en
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    ---
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bot.imports import fields
from bot.sources.blocks import Block, DocumentError, Kind, ReadDocument, clean_line
from bot.sources.html_reader import read_fragment

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_FRONT_MATTER = re.compile(r"\A\ufeff?---[^\S\n]*\n(.{0,8000}?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"([A-Za-z_]+)\s*:\s*(.*)")


def read_markdown(text: str) -> ReadDocument:
    """Raises DocumentError where the front matter holds a date or language that can't be understood."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front = _FRONT_MATTER.match(text)
    said = _entries(front[1]) if front else {}
    blocks = read_fragment(_markdown().render(text[front.end() :] if front else text))
    try:
        return ReadDocument(
            blocks,
            title=clean_line(said.get("title", "")) or _first_title(blocks),
            url=said.get("url") or said.get("permalink"),
            language=fields.language(said.get("language") or said.get("lang")),
            valid_from=fields.time(said.get("valid_from"), name="valid_from"),
            valid_until=fields.time(said.get("valid_until"), name="valid_until"),
        )
    except fields.FieldError as error:
        raise DocumentError(f"its front matter: {error}") from error


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _entries(front_matter: str) -> dict[str, str]:
    """Single lines ``name: value``; lists and what is nested is none of ours."""
    found = (_ENTRY.fullmatch(line.strip()) for line in front_matter.split("\n"))
    return {entry[1].casefold(): entry[2].strip().strip("\"'") for entry in found if entry}


def _first_title(blocks: list[Block]) -> str | None:
    return next((block.text for block in blocks if block.kind is Kind.HEADING and block.level == 1), None)
