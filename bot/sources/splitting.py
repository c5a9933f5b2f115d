"""Splits a document into sections that can be found and quoted: never across a heading, the path of headings kept.

A section has some 40 to 200 words (Chinese characters count as their share of a word). What stands under one heading is one
section if it is short, however short: an answer below its question must not be joined with the next question. Lists
and tables stay whole up to MOST_WHOLE words, with the line that introduces them; beyond that they are cut between items or rows,
each part of a table with the header again. Paragraphs are cut at the ends of sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.sources.blocks import LONGEST_HEADING, Block, Kind
from bot.sources.length import length_in_words
from retrieval.sentences import sentence_spans, split_sentences

LEAST, MOST, MOST_WHOLE = 40, 200, 320
LONGEST_LINE = 4_000
"""Characters; a table's row or a line of code can be one word without end."""
LONGEST_STRETCH = 2_000
HEADINGS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Section:
    """``heading`` is the path from the outermost heading to the innermost, without the document's title."""

    heading: tuple[str, ...]
    text: str


def split_blocks(blocks: Iterable[Block], *, title: str = "") -> list[Section]:
    """The sections of a document in reading order; a heading that only repeats the title is left out of the paths."""
    sections = []
    for heading, body in _by_heading(blocks, title=title):
        sections += [Section(heading, text) for text in _packed(body)]
    return sections


def _by_heading(blocks: Iterable[Block], *, title: str) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    path: list[Block] = []
    body: list[Block] = []
    for block in blocks:
        if block.kind is not Kind.HEADING:
            body.append(block)
            continue
        if not body and path and path[-1].guessed and path[-1].level >= block.level:
            body.append(_as_text(path.pop()))
        if body:
            yield _texts(path, title), body
            body = []
        path = [outer for outer in path if outer.level < block.level]
        path.append(block)
    if not body and path and path[-1].guessed:
        body.append(_as_text(path.pop()))
    if body:
        yield _texts(path, title), body


def _as_text(heading: Block) -> Block:
    return Block(Kind.PARAGRAPH, heading.text)


def _texts(path: Sequence[Block], title: str) -> tuple[str, ...]:
    texts = [block.text[:LONGEST_HEADING] for block in path]
    if texts and texts[0].casefold() == title[:LONGEST_HEADING].casefold():
        texts = texts[1:]
    return tuple(texts[-HEADINGS_KEPT:])


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is not cut any more; ``joint`` is what separates it from the piece before it in the same section."""

    text: str
    words: float
    joint: str
    introduces: bool = False
    """Ends with a colon, so it belongs to what follows."""


def _packed(body: Iterable[Block]) -> list[str]:
    """Pieces joined to sections as even as the joints allow; a last one that is too short goes with the one before."""
    groups: list[list[_Piece]] = [[]]
    words = 0.0
    for piece in (piece for block in body for piece in _pieces(block)):
        group = groups[-1]
        introduced = bool(group) and group[-1].introduces
        only_introduced = introduced and len(group) == 1
        if group and words + piece.words > MOST and not only_introduced:
            carried = [group.pop()] if introduced else []
            groups.append(carried)
            words = sum(each.words for each in carried)
        groups[-1].append(piece)
        words += piece.words
    if len(groups) > 1 and words < LEAST and _words(groups[-2]) + words <= MOST_WHOLE:
        groups[-2:] = [groups[-2] + groups[-1]]
    return [text for group in groups if (text := _joined(group))]


def _words(group: Iterable[_Piece]) -> float:
    return sum(piece.words for piece in group)


def _joined(group: Sequence[_Piece]) -> str:
    text = ""
    for piece in group:
        text = f"{text}{piece.joint}{piece.text}" if text else piece.text
    return text.strip("\n")


def _pieces(block: Block) -> Iterator[_Piece]:
    words = length_in_words(block.text)
    introduces = block.text.endswith((":", "：")) and block.kind is Kind.PARAGRAPH
    if words <= (MOST if block.kind is Kind.PARAGRAPH else MOST_WHOLE) and len(block.text) <= LONGEST_LINE:
        yield _Piece(block.text, words, "\n", introduces)
    elif block.kind is Kind.PARAGRAPH:
        yield from _of_paragraph(block.text)
    else:
        yield from _of_lines(block)


def _of_paragraph(text: str) -> Iterator[_Piece]:
    """Its sentences, and what stands between them."""
    joint = "\n"
    for part in _stretches(text):
        last = 0
        for begin, end in sentence_spans(part):
            sentence = part[begin:end]
            yield _Piece(sentence, length_in_words(sentence), joint + part[last:begin])
            joint, last = "", end
        joint += part[last:]


def _stretches(text: str) -> Iterator[str]:
    """Finding sentences takes time by the square of a line's length, so a line without end is looked at in parts."""
    while len(text) > LONGEST_STRETCH:
        cut = max(text.rfind(mark, 0, LONGEST_STRETCH) for mark in (". ", "。", "\n")) + 1
        cut = cut or text.rfind(" ", 0, LONGEST_STRETCH) + 1 or LONGEST_STRETCH
        yield text[:cut]
        text = text[cut:]
    yield text


def _of_lines(block: Block) -> Iterator[_Piece]:
    """Items or rows, so many together as fit; each part of a table begins with its header."""
    lines = [part for line in block.text.split("\n") for part in _short(line)]
    header = lines[0] if block.kind is Kind.TABLE and len(lines) > 1 else ""
    start = 1 if header else 0
    head_words = length_in_words(header)
    part: list[str] = []
    words = head_words
    for line in lines[start:]:
        line_words = length_in_words(line)
        if part and words + line_words > MOST:
            yield _lines_piece(header, part, words)
            part, words = [], head_words
        part.append(line)
        words += line_words
    if part:
        yield _lines_piece(header, part, words)


def _lines_piece(header: str, part: Sequence[str], words: float) -> _Piece:
    return _Piece("\n".join([header, *part] if header else part), words, "\n")


def _short(line: str) -> list[str]:
    whole = len(line) <= LONGEST_LINE and length_in_words(line) <= MOST
    return [line] if whole else [each for part in _stretches(line) for each in split_sentences(part)]
