"""Words of one language for those of the other, so that an answer known in English shares words with a Chinese message, and back.

The pairs come from the support corpus, where each need is said in both languages: two words are one where they occur in the same needs far
oftener than chance has it (Smadja, McKeown, Hatzivassiloglou 1996, "Translating collocations for bilingual lexicons", section 4, the
Dice coefficient). `python -m training word-pairs` makes the file again. What is translated is the answer, not the
message (Oard 1998, "A comparative study of query and document translation for cross-language information retrieval"): that costs
nothing when a customer waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("word_pairs.tsv")
# Words for each. On the demo company's phrasings, one language asked of the other, the larger similarity and eight times the
# answer's share of words put 69.0 (zh) and 65.1 % (en) right first with 3, 68.9 and 65.7 with 5; the similarity alone 62.4 and 59.7.
MOST = 3

Translations = Mapping[str, tuple[str, ...]]


@cache
def translations() -> Mapping[str, Translations]:
    """Into "en" and into "zh": term -> at most MOST terms, the closest first."""
    pairs = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()]
    return {
        "en": closest((chinese, english, float(dice)) for chinese, english, dice in pairs),
        "zh": closest((english, chinese, float(dice)) for chinese, english, dice in pairs),
    }


def closest(pairs: Iterable[tuple[str, str, float]]) -> Translations:
    """For each first word of (word, translation, closeness) its MOST closest translations, ties in the order of letters."""
    found: dict[str, list[tuple[float, str]]] = {}
    for word, translation, closeness in pairs:
        found.setdefault(word, []).append((-closeness, translation))
    return {word: tuple(each for _, each in sorted(own)[:MOST]) for word, own in found.items()}


def translated(terms: Iterable[str], *, into: str) -> list[str]:
    """Terms in the language `into` for `terms` of the other one (`retrieval.lexical`), as often as these occur."""
    known = translations()[into]
    return [each for term in terms for each in known.get(term, ())]
