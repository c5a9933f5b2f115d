"""The same pairs with the encoders that serve, at the similarity that serves."""

import pytest

from retrieval.encoder import Encoder, OnnxEncoder
from retrieval.grounding import check_text
from tests.retrieval.grounding_pairs import (
    SUPPORTED_CHINESE,
    SUPPORTED_ENGLISH,
    UNSUPPORTED_CHINESE,
    UNSUPPORTED_ENGLISH,
    Pair,
)
from tests.retrieval.test_grounding import sources

pytestmark = pytest.mark.model


def kept(pairs: list[Pair], encoder: Encoder) -> list[str]:
    return [
        pair.said for pair in pairs if check_text(pair.said, sources(pair.source), encoder=encoder).sentences
    ]


def test_english_encoder_keeps_what_is_supported(english_encoder: OnnxEncoder) -> None:
    assert kept(SUPPORTED_ENGLISH, english_encoder) == [pair.said for pair in SUPPORTED_ENGLISH]
    assert kept(UNSUPPORTED_ENGLISH, english_encoder) == []


def test_multilingual_encoder_keeps_what_is_supported(multilingual_encoder: OnnxEncoder) -> None:
    supported = [*SUPPORTED_ENGLISH, *SUPPORTED_CHINESE]

    assert kept(supported, multilingual_encoder) == [pair.said for pair in supported]
    assert kept([*UNSUPPORTED_ENGLISH, *UNSUPPORTED_CHINESE], multilingual_encoder) == []
