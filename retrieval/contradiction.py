"""Whether two sentences that are nearly the same say the same: their numbers with limits, and their negations, have to match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.grounding_clauses import read_source
from retrieval.grounding_tokens import Kind, Token
from retrieval.sources import Levels


def agree(first: str, second: str) -> bool:
    """False where one has a number or negation that the other has not, or where both have limits ("within", "at least") that differ."""
    one, other = _tokens(first), _tokens(second)
    limits = [_values(tokens, Kind.LIMIT) for tokens in (one, other)]
    return (
        _values(one, Kind.NUMBER) == _values(other, Kind.NUMBER)
        and _is_negated(one) == _is_negated(other)
        and (not all(limits) or limits[0] == limits[1])
    )


def _tokens(sentence: str) -> list[Token]:
    return [token for clause in read_source(sentence) for token in clause.tokens]


def _values(tokens: Sequence[Token], kind: Kind) -> set[str]:
    return {token.value for token in tokens if token.kind is kind}


def _is_negated(tokens: Sequence[Token]) -> bool:
    """Two negations are none."""
    return sum(token.kind is Kind.NEGATION for token in tokens) % 2 == 1


def likeness(first: Levels, second: Levels) -> float:
    """Cosine of two int8 directions (d,)."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return float(a @ b / max(float(np.sqrt((a @ a) * (b @ b))), 1e-9))
