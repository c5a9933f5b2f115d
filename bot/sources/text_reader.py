"""Plain text as blocks: paragraphs apart by empty lines, lists by their marks, headings by how they look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.sources.blocks import LONGEST_HEADING, PSEUDO_LEVEL, Block, Kind, ReadDocument, clean_line
from bot.sources.length import length_in_words

_LIST_MARK = re.compile(r"\s*(?:[-*•·▪–‣◦]|\(?\d{1,3}[.)、)]|[（(]\d{1,3}[）)])\s+(?=\S)|\s*\d{1,3}、(?=\S)")
_UNDERLINE = re.compile(r"\s*(=|-|~){3,}\s*")
_QUESTION_MARK = re.compile(
    r"(?:(?:Q(?:uestion)?|FAQ)\s*\d{0,3}\s*[:.：]|(?:问题?|问答)\s*\d{0,3}\s*[:：])\s*", re.IGNORECASE
)
_ANSWER_MARK = re.compile(r"(?:A(?:nswer)?\s*\d{0,3}\s*[:：]|答案?\s*\d{0,3}\s*[:：])\s*", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(
    r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S|第[一二三四五六七八九十百\d]{1,4}[章节節条條部分篇]\s*\S"
)
_MOST_HEADING_WORDS = 14
_SENTENCE_END = (".", "!", ";", ",", "。", "！", "；", "，", "、", ":", "：")


def read_text(text: str) -> ReadDocument:
    """The first line is the title where it stands alone and looks like one."""
    paragraphs = [lines for part in re.split(r"\n[^\S\n]*\n", _universal(text)) if (lines := _lines(part))]
    title = None
    if len(paragraphs) > 1 and len(paragraphs[0]) == 1 and looks_like_heading(paragraphs[0][0]):
        title = clean_line(paragraphs[0][0])
        paragraphs = paragraphs[1:]
    blocks = [block for lines in paragraphs for block in blocks_of_lines(lines)]
    return ReadDocument(blocks, title=title)


def blocks_of_lines(lines: Sequence[str]) -> Iterator[Block]:
    """The blocks of lines that stand together (a paragraph of a text file or of a page)."""
    if len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]) and len(lines[0]) <= LONGEST_HEADING:
        yield Block.heading(clean_line(lines[0]), 1 if "=" in lines[1] else 2)
        lines = lines[2:]
    elif len(lines) == 1 and looks_like_heading(lines[0]):
        yield _heading(lines[0])
        return
    yield from _asked_and_answered(lines)


def _asked_and_answered(lines: Sequence[str]) -> Iterator[Block]:
    kept: list[str] = []
    for number, line in enumerate(lines):
        asked = _QUESTION_MARK.match(line.lstrip())
        is_question = asked is not None or (number == 0 and len(lines) > 1 and _is_short_question(line))
        if is_question:
            yield from _runs(kept)
            kept = []
            text = line.lstrip()[asked.end() :] if asked else line
            yield Block.heading(clean_line(text)[:LONGEST_HEADING], PSEUDO_LEVEL, guessed=True)
        else:
            kept.append(_ANSWER_MARK.sub("", line, count=1) if _ANSWER_MARK.match(line.lstrip()) else line)
    yield from _runs(kept)


def _runs(lines: Sequence[str]) -> Iterator[Block]:
    """List items and what continues them, else running text whose lines are joined."""
    items: list[str] = []
    running: list[str] = []
    for line in lines:
        if _LIST_MARK.match(line):
            if running and not items:
                yield Block(Kind.PARAGRAPH, join_lines(running))
                running = []
            items.append(clean_line(line))
        elif items and line[:1].isspace():
            items[-1] = join_lines([items[-1], clean_line(line)])
        else:
            if items:
                yield Block(Kind.LIST, "\n".join(items))
                items = []
            running.append(clean_line(line))
    if items:
        yield Block(Kind.LIST, "\n".join(items))
    elif running:
        yield Block(Kind.PARAGRAPH, join_lines(running))


def join_lines(lines: Sequence[str]) -> str:
    """Lines that were broken for width: no blank between Chinese, and a hyphen at a line's end joins a word."""
    text = ""
    for line in filter(None, (line.strip() for line in lines)):
        if not text:
            text = line
        elif text.endswith(("-", "\u2010")) and text[-2:-1].isalpha() and line[:1].islower():
            text = text[:-1] + line
        elif _is_wide(text[-1]) or _is_wide(line[0]):
            text += line
        else:
            text += " " + line
    return text


def _is_wide(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uff01" <= character <= "\uff5e"


def _heading(line: str) -> Block:
    text = clean_line(line)
    numbered = _NUMBERED_HEADING.match(text)
    if text.endswith(("?", "？")):
        return Block.heading(text, PSEUDO_LEVEL, guessed=True)
    if numbered is None:
        return Block.heading(text, 2, guessed=True)
    return Block.heading(text, min(6, 2 + numbered[1].count(".")) if numbered[1] else 2, guessed=True)


def looks_like_heading(line: str) -> bool:
    text = clean_line(line)
    if not text or len(text) > LONGEST_HEADING or length_in_words(text) > _MOST_HEADING_WORDS:
        return False
    if text.endswith(_SENTENCE_END) or not any(character.isalpha() for character in text):
        return False
    if _LIST_MARK.match(line) and not _NUMBERED_HEADING.match(text):
        return False
    return "://" not in text and "|" not in text


def _is_short_question(line: str) -> bool:
    text = line.strip()
    return text.endswith(("?", "？")) and length_in_words(text) <= 2 * _MOST_HEADING_WORDS


def _universal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")


def _lines(part: str) -> list[str]:
    return [line for line in part.split("\n") if line.strip()]
