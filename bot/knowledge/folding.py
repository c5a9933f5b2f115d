"""Hashes by which equal texts are found again with an index of fixed width."""

import hashlib

from retrieval.normalize import fold, normalize


def folded_hash(question: str) -> str:
    """Equal for questions that differ in case, width, script variant or punctuation only."""
    return _sha256(fold(question))


def text_hash(answer: str) -> str:
    """Equal for answers that differ in white space and Unicode form only: wording counts."""
    return _sha256(normalize(answer))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
