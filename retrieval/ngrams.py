"""Hashed n-grams of a text: what the wording half of the intent head reads.

English: words, pairs of words, and 2 to 5 characters of each word with its edges; typing errors leave most of these
whole. Chinese: 1 to 3 characters in a row. Hashed into a fixed number of columns (Weinberger et al. 2009, "Feature
hashing for large scale multitask learning"), so that no vocabulary has to be kept.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from retrieval.normalize import fold

COLUMNS = 2**15
LONGEST_TEXT = 600  # characters; what comes later in a message says little about what it is about

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|[^\W{_HAN}]+")


def hashed_ngrams(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(m,) columns, rising, and (m,) values: 1 + ln(count), with the sign of the hash, summed where columns collide."""
    values: dict[int, float] = {}
    for gram, count in Counter(_ngrams(fold(text[:LONGEST_TEXT]))).items():
        number = crc32(gram.encode())
        signed = (1.0 if number & 1 else -1.0) * (1.0 + log(count))
        column = (number >> 1) % COLUMNS
        values[column] = values.get(column, 0.0) + signed
    columns = sorted(values)
    return np.array(columns, np.int64), np.array([values[column] for column in columns], np.float32)


def _ngrams(folded: str) -> list[str]:
    grams: list[str] = []
    words: list[str] = []
    for run in _RUN.finditer(folded):
        if run["han"]:
            grams += _windows(run["han"], (1, 2, 3))
        else:
            words.append(run[0])
            grams += _windows(f" {run[0]} ", (2, 3, 4, 5))
    # The blank inside keeps words and pairs of words apart from pieces of words.
    return grams + [f"{word} {word}" for word in words] + [f"{one}  {two}" for one, two in pairwise(words)]


def _windows(text: str, sizes: tuple[int, ...]) -> list[str]:
    return [text[start : start + size] for size in sizes for start in range(len(text) - size + 1)]
