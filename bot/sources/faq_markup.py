"""Questions and answers that a page states for search engines: schema.org's FAQPage in JSON-LD.

They tell which of the page's lines are questions, however it shows them, and stand for those that a script would show.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sources.blocks import LONGEST_HEADING, PSEUDO_LEVEL, Block, Kind, clean_line

MOST = 1_000
"""Questions of a page."""


@dataclass(frozen=True, slots=True)
class StatedQuestion:
    """``answer`` may be HTML."""

    text: str
    answer: str


def stated_questions(scripts: Iterable[str]) -> list[StatedQuestion]:
    """Of all scripts; one that is no JSON states nothing."""
    found: list[StatedQuestion] = []
    for script in scripts:
        try:
            faqs = [each for each in _objects(json.loads(script)) if _is_a(each, "FAQPage")]
        except (ValueError, RecursionError):
            continue
        for each in (
            each for faq in faqs for each in _objects(faq.get("mainEntity")) if _is_a(each, "Question")
        ):
            text = clean_line(html.unescape(str(each.get("name") or "")))
            answers = (answer.get("text") for answer in _objects(each.get("acceptedAnswer")))
            answer = next((text for text in answers if isinstance(text, str)), "")
            if text and answer and len(text) <= LONGEST_HEADING:
                found.append(StatedQuestion(text, answer))
    return found[:MOST]


def as_headings(blocks: Sequence[Block], asked: Iterable[StatedQuestion]) -> list[Block]:
    """The blocks, those that are one of the questions as headings."""
    names = {each.text for each in asked}
    return [
        Block.heading(block.text, PSEUDO_LEVEL, guessed=True)
        if block.kind is Kind.PARAGRAPH and block.text in names
        else block
        for block in blocks
    ]


def not_shown(blocks: Sequence[Block], asked: Iterable[StatedQuestion]) -> list[StatedQuestion]:
    shown = "\n".join(block.text for block in blocks)
    return [each for each in asked if each.text not in shown]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a value and in the lists of it, outermost first."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += reversed(each)
        elif isinstance(each, dict):
            yield each
            waiting.append(each.get("@graph"))


def _is_a(thing: dict[str, Any], type_: str) -> bool:
    stated = thing.get("@type")
    return type_ in (stated if isinstance(stated, list) else [stated])
