"""What differs between two texts, word by word; Chinese character by character."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_PIECE = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|\s+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
MOST_PIECES = 3_000
"""Longer texts are compared line by line, since comparing takes the square of the pieces."""


@dataclass(frozen=True)
class Piece:
    """``kind`` is same, gone or new."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    if max(len(old), len(new)) > MOST_PIECES:
        old, new = _LINE.findall(before), _LINE.findall(after)
    pieces = []
    for change, old_from, old_to, new_from, new_to in SequenceMatcher(
        a=old, b=new, autojunk=False
    ).get_opcodes():
        if change == "equal":
            pieces.append(Piece("same", "".join(old[old_from:old_to])))
            continue
        pieces.append(Piece("gone", "".join(old[old_from:old_to])))
        pieces.append(Piece("new", "".join(new[new_from:new_to])))
    return [piece for piece in pieces if piece.text]
