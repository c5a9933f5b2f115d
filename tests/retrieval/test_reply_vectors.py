from collections.abc import Sequence

import numpy as np

from retrieval import reply_vectors
from retrieval.encoder import Encoded, Progress
from retrieval.reply_vectors import ReplyVectors
from tests.fixtures.fakes import HashEncoder


class Counting(HashEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[list[str]] = []

    def encode_messages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Encoded:
        self.encoded.append(list(texts))
        return super().encode_messages(texts, progress=progress)


def test_reply_is_encoded_once_and_messages_each_time() -> None:
    encoder, vectors = Counting(), ReplyVectors()
    first = vectors.encode(encoder, ["a", "b"], "an answer")
    again = vectors.encode(encoder, ["a", "b"], "an answer")

    assert encoder.encoded == [["a", "b"], ["an answer"], ["a", "b"]]
    expected = HashEncoder().encode_queries(["a", "b", "an answer"])
    np.testing.assert_array_equal(first.embeddings, expected)
    np.testing.assert_array_equal(again.embeddings, expected)
    np.testing.assert_array_equal(again.tuned, expected)


def test_no_reply_is_nothing_to_encode() -> None:
    encoder = Counting()
    found = ReplyVectors().encode(encoder, ["a"], "")

    assert encoder.encoded == [["a"]]
    assert found.embeddings.shape == (1, 256)


def test_what_was_used_longest_ago_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(reply_vectors, "MOST_KEPT", 2)
    encoder, vectors = Counting(), ReplyVectors()
    for reply in ("one", "two", "one", "three", "one", "two"):
        vectors.encode(encoder, ["a"], reply)

    replies = [texts for texts in encoder.encoded if texts != ["a"]]
    assert replies == [["one"], ["two"], ["three"], ["two"]]
