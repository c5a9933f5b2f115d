"""Whether a sentence says what source sentences say: clause by clause, each taken whole or not at all.

A sentence may choose among clauses, join them, put them in another order and connect them. It may neither reword what
counts nor leave out a part of a clause: "free for members" without "for members" is another promise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from retrieval.grounding_clauses import Clause
from retrieval.grounding_tokens import BINDING, LEFT_OUT_FREELY, YOU, YOUR, Kind, Token


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


def match_sentence(said: Sequence[Clause], source: Sequence[Clause], *, breaks: frozenset[int]) -> Match:
    """Finds for each clause of a sentence the clauses of a source that say the same.

    Args:
        said: the sentence.
        source: one source sentence, or two that follow each other.
        breaks: numbers of the source's clauses that begin a sentence.
    """
    if len(said) > MOST_CLAUSES or len(source) > 2 * MOST_CLAUSES:
        return Match(reason=Reason.LENGTH)
    covered = _cover(said, source, breaks, taken=frozenset())
    if covered is None:
        return Match(reason=_difference(said, source))
    if not _keeps_what_belongs_together(covered, source, breaks):
        return Match(reason=Reason.LEFT_OUT)
    return Match(covered)


def _cover(
    said: Sequence[Clause], source: Sequence[Clause], breaks: frozenset[int], taken: frozenset[int]
) -> frozenset[int] | None:
    """The source's clauses that `said` is made of: its first clauses as one run of them, the rest likewise."""
    if not said:
        return taken
    for length in range(1, len(said) + 1):
        run = _tokens(said[:length])
        for first, last in _runs(len(source)):
            places = frozenset(range(first, last))
            if places & taken or not _says_the_same(run, source[first:last]):
                continue
            rest = _cover(said[length:], source, breaks, taken | places)
            if rest is not None:
                return rest
    return None


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for length in range(1, count + 1):
        for first in range(count - length + 1):
            yield first, first + length


def _says_the_same(run: Sequence[Token], clauses: Sequence[Clause]) -> bool:
    source = _tokens(clauses)
    if not any(token.kind is Kind.PERSON for token in source):
        run = _without_added_persons(run)
    said, given = Counter(t.value for t in run), Counter(t.value for t in source)
    if said - given:
        return False
    freely = {token.value for token in source if token.kind in LEFT_OUT_FREELY}
    if any(value not in freely for value in given - said):
        return False
    if _bound_pairs(run) - _bound_pairs(source):
        return False
    order = _order(run, clauses)
    # "We pay the postage" without its "we" would ask the reader to pay.
    return order is _Order.CHANGED or (order is _Order.SAME and "person:we" not in given - said)


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


class _Order(Enum):
    SAME = auto()
    CHANGED = auto()
    WRONG = auto()


def _order(run: Sequence[Token], clauses: Sequence[Clause]) -> _Order:
    """As in the source; or, which changes nothing, with one part put before the one that it follows.

    "Within 30 days you can …", "shoes can be returned". Two that change places around a third ("the buyer pays the seller") do change
    what is said. So may parts within a Chinese clause, which has fewer prepositions, and amounts that change places.
    """
    said = [token.value for token in run]
    given, starts = _present(clauses, Counter(said))
    if said == given:
        return _Order.SAME
    numbers = {token.value for token in run if token.kind is Kind.NUMBER}
    if any(given[place:] + given[:place] == said for place in starts):
        return _Order.CHANGED
    if [value for value in said if value in numbers] != [value for value in given if value in numbers]:
        return _Order.WRONG
    return _Order.CHANGED if _is_one_move(said, given) else _Order.WRONG


def _present(clauses: Sequence[Clause], wanted: Counter[str]) -> tuple[list[str], list[int]]:
    """The tokens of the source that are wanted, and the places where its clauses begin."""
    given: list[str] = []
    starts: list[int] = []
    for clause in clauses:
        starts.append(len(given))
        for token in clause.tokens:
            if wanted[token.value] > 0:
                wanted[token.value] -= 1
                given.append(token.value)
    return given, [place for place in starts if place]


def _is_one_move(said: Sequence[str], given: Sequence[str]) -> bool:
    """Whether two neighbouring parts of `given` have changed places; where it is Chinese, two that are all of it."""
    same = [one == other for one, other in zip(said, given, strict=True)]
    first, last = same.index(False), len(same) - same[::-1].index(False)
    moved, before = list(said[first:last]), list(given[first:last])
    if any(len(value) == 1 and not value.isascii() for value in moved) and len(moved) < len(said):
        return False
    return any(before[place:] + before[:place] == moved for place in range(1, len(before)))


def _tokens(clauses: Sequence[Clause]) -> list[Token]:
    return [token for clause in clauses for token in clause.tokens]


def _keeps_what_belongs_together(
    covered: frozenset[int], source: Sequence[Clause], breaks: frozenset[int]
) -> bool:
    """Of each source sentence that is used: its beginning, and all of it where a part restricts another."""
    starts = sorted(breaks)
    for start, end in zip(starts, [*starts[1:], len(source)], strict=True):
        used = covered & frozenset(range(start, end))
        if used and start not in used:
            return False
        if used and len(used) < end - start and any(clause.is_bound for clause in source[start:end]):
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
