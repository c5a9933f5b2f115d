"""Whether a sentence says what source sentences say: clause by clause, each taken whole or not at all.

A sentence may choose among clauses, join them, put them in another order and connect them. It may neither reword what
counts nor leave out a part of a clause: "free for members" without "for members" is another promise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from retrieval.grounding_clauses import Clause
from retrieval.grounding_tokens import BINDING, LEFT_OUT_FREELY, WE, YOU, YOUR, Kind, Token
from retrieval.grounding_words import stem


class Reason(StrEnum):
    """Why a sentence is cut."""

    MARKUP = "markup"
    INSTRUCTION = "instruction"
    CITATION = "citation"
    LINK = "link"
    NUMBER = "number"
    LIMIT = "limit"
    NAME = "name"
    NEGATION = "negation"
    MODALITY = "modality"
    CONDITION = "condition"
    HEDGE = "hedge"
    WORDS = "words"
    LEFT_OUT = "left_out"
    ORDER = "order"
    CONTEXT = "context"
    REPEATED = "repeated"
    SIMILARITY = "similarity"
    LENGTH = "length"


MOST_CLAUSES = 10
_BY_KIND = {
    Kind.LINK: Reason.LINK,
    Kind.NUMBER: Reason.NUMBER,
    Kind.CODE: Reason.NAME,
    Kind.NAME: Reason.NAME,
    Kind.LIMIT: Reason.LIMIT,
    Kind.NEGATION: Reason.NEGATION,
    Kind.MODALITY: Reason.MODALITY,
    Kind.CONDITION: Reason.CONDITION,
    Kind.HEDGE: Reason.HEDGE,
}
"""In the order in which a reason is named."""


@dataclass(frozen=True, slots=True)
class Match:
    """The source clauses that a sentence consists of; none, and the `reason`, where it doesn't."""

    clauses: frozenset[int] = frozenset()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One source sentence, or two that follow each other, as clauses.

    `breaks` are the numbers of the clauses that begin a sentence. `runs` finds clauses in a row by what they say, whatever its
    order: a sentence that says the same has the same sum.
    """

    clauses: tuple[Clause, ...]
    breaks: frozenset[int]
    runs: Mapping[int, Sequence[tuple[int, int]]]

    @classmethod
    def of(cls, sentences: Sequence[Sequence[Clause]]) -> Source:
        clauses = tuple(clause for sentence in sentences for clause in sentence)
        breaks = frozenset(sum(map(len, sentences[:number])) for number in range(len(sentences)))
        sums = [0, *accumulate(_content([clause]) for clause in clauses)]
        runs: dict[int, list[tuple[int, int]]] = {}
        for first, last in _runs(len(clauses)):
            runs.setdefault(sums[last] - sums[first], []).append((first, last))
        return cls(clauses, breaks, runs)


def match_sentence(said: Sequence[Clause], source: Source) -> Match:
    """Finds for each clause of a sentence the clauses of a source that say the same."""
    if len(said) > MOST_CLAUSES or len(source.clauses) > 2 * MOST_CLAUSES:
        return Match(reason=Reason.LENGTH)
    covered = _cover(said, source, taken=frozenset())
    if covered is None:
        return Match(reason=_difference(said, source.clauses))
    if not _keeps_what_belongs_together(covered, source):
        return Match(reason=Reason.LEFT_OUT)
    return Match(covered)


def _content(clauses: Sequence[Clause]) -> int:
    """The same for clauses with the same words but for persons, in any order."""
    return sum(hash(t.value) for clause in clauses for t in clause.tokens if t.kind not in LEFT_OUT_FREELY)


def _cover(said: Sequence[Clause], source: Source, taken: frozenset[int]) -> frozenset[int] | None:
    """The source's clauses that `said` is made of: its first clauses as one run of them, the rest likewise."""
    if not said:
        return taken
    for length in range(1, len(said) + 1):
        for first, last in source.runs.get(_content(said[:length]), ()):
            places = frozenset(range(first, last))
            if places & taken or not _says_the_same(said[:length], source.clauses[first:last]):
                continue
            rest = _cover(said[length:], source, taken | places)
            if rest is not None:
                return rest
    return None


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for length in range(1, count + 1):
        for first in range(count - length + 1):
            yield first, first + length


def _says_the_same(said_clauses: Sequence[Clause], clauses: Sequence[Clause]) -> bool:
    run, source = _tokens(said_clauses), _tokens(clauses)
    if not any(token.kind is Kind.PERSON for token in source):
        run = _without_added_persons(run)
    said, given = Counter(t.value for t in run), Counter(t.value for t in source)
    if said - given:
        return False
    freely = {token.value for token in source if token.kind in LEFT_OUT_FREELY}
    if any(value not in freely for value in given - said):
        return False
    if _bound_pairs(run) - _bound_pairs(source) or _are_joined_otherwise(said_clauses, clauses):
        return False
    # "We pay the postage" without its "we" would ask the reader to pay.
    return WE not in given - said and _is_in_order(said_clauses, clauses, run)


def _without_added_persons(run: Sequence[Token]) -> list[Token]:
    following = [*run[1:], Token("", Kind.WORD)]
    return [
        token
        for token, after in zip(run, following, strict=True)
        if token.value != YOUR and not (token.value == YOU and after.kind in (Kind.MODALITY, Kind.NEGATION))
    ]


def _bound_pairs(tokens: Sequence[Token]) -> set[tuple[str, str]]:
    """Each word that turns what comes next round, with what comes next."""
    pairs = set()
    for place, token in enumerate(tokens):
        if token.kind in BINDING:
            skipped = LEFT_OUT_FREELY | ({Kind.LIMIT, Kind.NUMBER} if token.kind is Kind.MODALITY else set())
            following = (t.value for t in tokens[place + 1 :] if t.kind not in skipped)
            pairs.add((token.value, next(following, "")))
    return pairs


_LATIN, _HAN = "[a-z0-9\u00c0-\u024f']+", "[\u4e00-\u9fff]"
_JOINED = re.compile(rf"({_LATIN}) and (?=({_LATIN}))|({_HAN})(?:以?及|和|与|與)(?=({_HAN}))")
_SIDE_BY_SIDE = re.compile(rf"({_LATIN}) (?=({_LATIN}))|({_HAN})(?=({_HAN}))")


def _are_joined_otherwise(said: Sequence[Clause], clauses: Sequence[Clause]) -> bool:
    """Whether two words are joined by "and" in one and stand side by side in the other: member students are not members and students."""

    def differ(joined: Sequence[Clause], beside: Sequence[Clause]) -> bool:
        pairs = _pairs(_JOINED, joined)
        return bool((pairs & _pairs(_SIDE_BY_SIDE, beside)) - _pairs(_JOINED, beside))

    return differ(clauses, said) or differ(said, clauses)


def _pairs(pattern: re.Pattern[str], clauses: Sequence[Clause]) -> set[tuple[str, str]]:
    found = (match for clause in clauses for match in pattern.finditer(clause.text.casefold()))
    return {(stem(match[1] or match[3]), stem(match[2] or match[4])) for match in found}


def _is_in_order(run: Sequence[Clause], clauses: Sequence[Clause], wanted: Sequence[Token]) -> bool:
    """Whether as in the source, or with one part put before the other where that changes nothing.

    "Within 30 days, you can …", "shoes can be returned". Other words that change places can change what is said ("the buyer pays the
    seller"), and so can amounts.
    """
    said = [token.value for token in wanted]
    given, starts = _present(clauses, Counter(said))
    values = [token.value for token in given]
    if said == values or any(values[place:] + values[:place] == said for place in starts):
        return True
    numbers = {token.value for token in given if token.kind is Kind.NUMBER}
    if [value for value in said if value in numbers] != [value for value in values if value in numbers]:
        return False
    boundary = len(wanted) - sum(len(clause.tokens) for clause in run[1:])
    after = " ".join(clause.text for clause in run[1:] or run)
    return _is_harmless_move(
        said, given, starts, boundary, is_joined=_TWO_STATEMENTS.search(after) is not None
    )


def _present(clauses: Sequence[Clause], wanted: Counter[str]) -> tuple[list[Token], list[int]]:
    """The tokens of the source that are wanted, and the places where its clauses begin."""
    given: list[Token] = []
    starts: list[int] = []
    for clause in clauses:
        starts.append(len(given))
        for token in clause.tokens:
            if wanted[token.value] > 0:
                wanted[token.value] -= 1
                given.append(token)
    return given, [place for place in starts if place]


_AUXILIARY = "is|are|was|were|will|shall|can|cannot|may|must|should|has|have|does|do|we|you|they|it"
_VERB = (
    "needs?|costs?|takes?|pays?|gets?|receives?|arrives?|ships?|lasts?|appl(?:y|ies)|ends?|starts?|begins?|opens?|closes?|"
    "includes?|covers?|contains?|requires?|expires?|remains?"
)
_TWO_STATEMENTS = re.compile(
    rf"\b(?:{_AUXILIARY}|{_VERB})\b.*\b(?:and|or|but) (?:.*\b(?:{_AUXILIARY})\b|\S+ .*\b(?:{_VERB})\b)",
    re.IGNORECASE,
)
_BEGINS_A_PART = frozenset({Kind.LIMIT, Kind.NUMBER, Kind.DIRECTION, Kind.CONDITION})
_BEGINS_WHAT_IS_DONE = frozenset({Kind.MODALITY, Kind.NEGATION})


def _is_harmless_move(
    said: Sequence[str], given: Sequence[Token], starts: Sequence[int], boundary: int, *, is_joined: bool
) -> bool:
    """Whether the end is put first, set off by a comma or beginning with "within", "for", "if"; or, behind it, what may or must be
    done behind what it is done to.

    Nothing is put before another clause, of which it does not speak, or before two statements, of which it may restrict the second
    alone ("returns are free and exchanges cost 5 euros for members"); and no "non-" goes over to another word.

    Args:
        starts: the places in `given` where clauses begin.
        boundary: the place in `said` where its second clause begins.
        is_joined: whether what is said after its first clause is two statements joined by "and".
    """
    values = [token.value for token in given]
    last = max(place for place, value in enumerate(said) if value != values[place]) + 1
    for place in range(1, last):
        if values[place:last] + values[:place] + values[last:] != list(said):
            continue
        crosses = any(start < last for start in starts)
        if crosses or Kind.NEGATION in (given[place - 1].kind, given[last - 1].kind):
            continue
        whole = last == len(said)
        if whole and not is_joined and (given[place].kind in _BEGINS_A_PART or boundary == last - place):
            return True
        persons = any(token.kind is Kind.PERSON for token in given[:last])
        begins = given[0].kind in _BEGINS_WHAT_IS_DONE or given[place].kind in _BEGINS_WHAT_IS_DONE
        if begins and not persons:
            return True
    return False


def _tokens(clauses: Sequence[Clause]) -> list[Token]:
    return [token for clause in clauses for token in clause.tokens]


def _keeps_what_belongs_together(covered: frozenset[int], source: Source) -> bool:
    """Of each source sentence that is used: its beginning, and all of it where a part restricts another."""
    starts = sorted(source.breaks)
    for start, end in zip(starts, [*starts[1:], len(source.clauses)], strict=True):
        used = covered & frozenset(range(start, end))
        if used and start not in used:
            return False
        if used and len(used) < end - start and any(clause.is_bound for clause in source.clauses[start:end]):
            return False
    return True


def _difference(said: Sequence[Clause], source: Sequence[Clause]) -> Reason:
    """What the sentence has that the source has not, or the other way round; the gravest first."""
    tokens, given = _tokens(said), _tokens(source)
    added = _kinds_missing(tokens, given)
    for kind, reason in _BY_KIND.items():
        if kind in added:
            return reason
    if added:
        return Reason.WORDS
    missing = _kinds_missing(given, tokens)
    if Kind.NEGATION in missing:
        return Reason.NEGATION
    return Reason.LEFT_OUT if missing - LEFT_OUT_FREELY else Reason.ORDER


def _kinds_missing(tokens: Sequence[Token], elsewhere: Sequence[Token]) -> set[Kind]:
    """Kinds of the tokens that come more often than elsewhere."""
    more = Counter(token.value for token in tokens) - Counter(token.value for token in elsewhere)
    return {token.kind for token in tokens if token.value in more}
