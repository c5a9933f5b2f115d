import pytest

from retrieval.grounding import Reason, SourceSentence, check_text
from tests.fixtures.fakes import HashEncoder
from tests.retrieval.grounding_pairs import (
    SUPPORTED_CHINESE,
    SUPPORTED_ENGLISH,
    UNSUPPORTED_CHINESE,
    UNSUPPORTED_ENGLISH,
    Pair,
)

ENCODER = HashEncoder()


def sources(text: str) -> list[SourceSentence]:
    return [SourceSentence(number, part) for number, part in enumerate(text.split("|"), start=1)]


def reasons(text: str, source: str) -> list[Reason]:
    return [each.reason for each in check_text(text, sources(source), encoder=ENCODER).cut]


@pytest.mark.parametrize("pair", [*SUPPORTED_ENGLISH, *SUPPORTED_CHINESE], ids=lambda pair: pair.said)
def test_what_a_source_says_is_supported(pair: Pair) -> None:
    found = check_text(pair.said, sources(pair.source), encoder=ENCODER, least_similarity=0.2)

    assert (found.cut, len(found.sentences)) == ((), 1)


@pytest.mark.parametrize("pair", [*UNSUPPORTED_ENGLISH, *UNSUPPORTED_CHINESE], ids=lambda pair: pair.said)
def test_what_no_source_says_is_cut_with_its_reason(pair: Pair) -> None:
    found = check_text(pair.said, sources(pair.source), encoder=ENCODER, least_similarity=0.2)

    assert (found.sentences, [each.reason for each in found.cut]) == ((), [pair.reason])
