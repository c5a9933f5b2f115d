"""Cuts a text into sentences and clauses, and reads a clause as tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from retrieval.grounding_quantities import find_quantities
from retrieval.grounding_tokens import Kind, Span, Token
from retrieval.grounding_words import PHRASES, phrase_token, stem
from retrieval.normalize import normalize, to_simplified

_SENTENCE_END = re.compile(
    r"(?<=[。！？])[”’」』\"']?|(?<=[!?])[\"'”’)]?\s+|(?<=\.)[\"'”’)]?\s+(?=[^a-z])|[\r\n\u2028\u2029]+|(?<=[!?.])(?=[\u4e00-\u9fff])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|incl|excl|no|nr|mr|mrs|ms|dr|st|vs|etc|a\.m|p\.m))\.\s*$", re.IGNORECASE
)
_CLAUSE_END = re.compile(r"([;；，]|,(?!\d{3}(?!\d))(?!(?<=\d,)\s?(?:19|20)\d\d)|\s[-–—]\s|——|[()（）])")
_OPENS_RESTRICTION = re.compile(
    r"(?:in|on|at|of|as|for|from|to|after|before|within|during|by|per|under|over|with|without|via|against|since|which|who|"
    r"whose|it|this|that|these|those|they|because|due|including|plus|having|being|given|depending|not|unlike|regardless|both|either)\b|对于?|此|这|该|其|它|在|凭|按|自|从|由|含|限|每|以|因|需|须|且"
)
_WORD = re.compile(
    r"(?P<latin>[a-z0-9\u00c0-\u024f]+(?:['’][a-z]+)?)|(?P<other>[^\s!\"'(),\-./:;?_\[\]，。！？、；：“”‘’（）《》【】「」『』…—–·•])"
)
_WEEKDAY = "mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun"
_WEEKDAYS_TO = re.compile(rf"\b((?:{_WEEKDAY})[a-z]*)\s?[-–—]\s?((?:{_WEEKDAY})[a-z]*)\b")
_CAPITAL = re.compile(r"(?<![.!?。！？:：]\s)(?<!^)(?<![\w])[A-Z][\w’'-]*")
_NAME_MARK = "ƞ"
_SMALL_WORD_AS_NAME = re.compile(
    r"\b(?:US|IT|WE|WHO|IN|ON|AT|AS|AM|IS|DO|OF|AN|BE|ME|MY|SO|RE|(?<!^)(?<![.!?:] )A)\b(?!')"
)
_ALL_CAPITALS = re.compile(rf"\b[A-Z]{{2,}}{_NAME_MARK}?\b")


@dataclass(frozen=True, slots=True)
class Clause:
    """`is_bound` where it restricts what stands beside it, so that neither may be said without the other."""

    text: str
    tokens: tuple[Token, ...]
    is_bound: bool

    @property
    def is_empty(self) -> bool:
        return all(token.kind is Kind.PERSON for token in self.tokens)


def split_sentences(text: str) -> list[str]:
    """Sentences of a text, stripped; line ends end sentences, the point of an abbreviation or a number does not."""
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if not piece or not piece.strip():
            continue
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {piece.strip()}"
        else:
            sentences.append(piece.strip())
    return sentences


@lru_cache(maxsize=4096)
def read_source(sentence: str) -> tuple[Clause, ...]:
    """As `read_clauses`, remembered: for sentences of documents, which are quoted again and again."""
    return read_clauses(sentence)


def read_clauses(sentence: str) -> tuple[Clause, ...]:
    """The clauses of a sentence that say something; a question says something else than its words."""
    shown = _marked(normalize(sentence))
    names = _names(shown)
    pieces = _CLAUSE_END.split(shown)  # clauses and, between them, what separates them
    clauses: list[Clause] = []
    for place in range(0, len(pieces), 2):
        tokens = tuple(_tokens(pieces[place], names))
        if tokens:
            aside = place > 0 and pieces[place - 1].strip() not in (",", "，", ";", "；")
            clauses.append(Clause(pieces[place].strip(), tokens, aside or _restricts(pieces[place], tokens)))
    if clauses and shown.rstrip("\"'”’」』)） ").endswith("?"):
        asked = (*clauses[-1].tokens, Token("question", Kind.CONDITION))
        clauses[-1] = Clause(clauses[-1].text, asked, is_bound=True)
    return tuple(clauses)


def _marked(shown: str) -> str:
    """Names in capitals that look like small words (US, IT, plan A) get a letter that no small word has."""
    if not re.search("[a-z]", shown):
        return shown
    return _SMALL_WORD_AS_NAME.sub(lambda name: f"{name[0]}{_NAME_MARK}", shown)


def _restricts(text: str, tokens: tuple[Token, ...]) -> bool:
    says_so = any(
        token.kind in (Kind.CONDITION, Kind.NEGATION) or token.value == "modality:must" for token in tokens
    )
    return says_so or _OPENS_RESTRICTION.match(text.strip().casefold()) is not None


def _names(shown: str) -> frozenset[str]:
    """Words that are written as names are: a capital within the sentence, or any Latin word among Chinese."""
    found = {match[0].lower() for match in _CAPITAL.finditer(shown)} | {
        match[0].lower() for match in _ALL_CAPITALS.finditer(shown)
    }
    if re.search("[\u4e00-\u9fff]", shown):
        found |= {word.lower() for word in re.findall(r"[A-Za-z]{2,}", shown)}
    return frozenset(found)


def _tokens(text: str, names: frozenset[str]) -> Iterator[Token]:
    folded = _WEEKDAYS_TO.sub(r"\1 to \2", to_simplified(text.casefold()).replace("’", "'"))
    place = 0
    for span in [*find_quantities(folded), Span(len(folded), len(folded), ())]:
        yield from _words(folded[place : span.start], names)
        yield from span.tokens
        place = span.end


def _words(folded: str, names: frozenset[str]) -> Iterator[Token]:
    place = 0
    for phrase in PHRASES.finditer(folded):
        yield from _plain_words(folded[place : phrase.start()], names)
        token = phrase_token(phrase)
        if token is not None:
            yield token
        place = phrase.end()
    yield from _plain_words(folded[place:], names)


def _plain_words(folded: str, names: frozenset[str]) -> Iterator[Token]:
    for word in _WORD.finditer(folded):
        if word["latin"]:
            yield Token(stem(word["latin"]), Kind.NAME if word["latin"] in names else Kind.WORD)
        else:  # a Chinese character, or anything else that a reader sees: other scripts, signs, emoji
            yield Token(word["other"], Kind.WORD)
