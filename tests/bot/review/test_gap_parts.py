"""The pure parts of gaps: clusters, names, ids that stay, drafts, forecasts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.imports.mining_levels import SimilarityScale
from bot.review.forecasts import compare, expected_coverage, forecast, quantile
from bot.review.gap_clusters import Form, distinctive_terms, find_gaps
from bot.review.gap_drafts import best_reply, nearest_replies, replies_in, usable_reply
from bot.review.gap_matching import match_gaps
from bot.review.repository import AskedRow
from bot.review.waiting import key_of
from tests.fixtures.fakes import HashEncoder

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def form(text: str, *visitors: str, language: str = "en") -> Form:
    rows = [
        AskedRow(
            f"exc_{text}_{v}", text, language, "handed_off", "nothing_close", 0.1, 0.0, 0.6, None, v, MONDAY
        )
        for v in visitors
    ]
    return Form(key_of(text), tuple(rows))


FORMS = [
    form("can you repair my umbrella", "a", "b"),
    form("do you repair an umbrella", "c"),
    form("can you repair my broken umbrella", "d"),
    form("what does a drone cost to rent", "a"),
    form("你们修雨伞吗", "e", language="zh"),
    form("你们可以修雨伞吗", "f", "g", language="zh"),
]


def test_questions_that_are_alike_make_a_gap_with_the_name_of_the_most_central() -> None:
    encoder = HashEncoder()
    vectors = encoder.encode_queries([each.text for each in FORMS])

    umbrella, chinese = find_gaps(FORMS, vectors, SimilarityScale.of(encoder))

    assert {each.text for each in umbrella.forms} == {each.text for each in FORMS[:3]}
    assert (umbrella.medoid.text, umbrella.language) == ("can you repair my umbrella", "en")
    assert (len(umbrella.rows), umbrella.terms[:2]) == (4, ("repair", "umbrella"))
    assert {each.text for each in chinese.forms} == {"你们修雨伞吗", "你们可以修雨伞吗"}
    assert (chinese.language, "雨伞" in chinese.terms) == ("zh", True)
    # The drone was asked for by one visitor alone.


def test_order_of_the_questions_changes_nothing() -> None:
    encoder = HashEncoder()
    scale = SimilarityScale.of(encoder)

    def names(forms: list[Form]) -> list[str]:
        vectors = encoder.encode_queries([each.text for each in forms])
        return [cluster.medoid.text for cluster in find_gaps(forms, vectors, scale)]

    assert names(FORMS) == names(FORMS[::-1])
    assert find_gaps([], np.zeros((0, 4), dtype=np.float32), scale) == []


def test_terms_are_those_that_set_a_group_apart() -> None:
    groups = [["lost parcel parcel tracking", "lost parcel"], ["lost card pin"]]

    # "lost" occurs three times in all, "parcel" three times in the first group alone; 8 terms in 2 groups: A = 4.
    assert distinctive_terms(groups) == [("parcel", "lost", "tracking"), ("card", "pin", "lost")]


def test_gap_keeps_its_id_while_half_of_the_smaller_one_is_in_both() -> None:
    stored = {"gap_1": frozenset("abcd"), "gap_2": frozenset("xyz")}

    assert match_gaps([frozenset("abef")], stored) == ["gap_1"]  # two of four
    assert match_gaps([frozenset("aefg")], stored) == [None]  # one of four
    assert match_gaps([frozenset("abcdefghij")], stored) == ["gap_1"]  # it has grown
    assert match_gaps([frozenset("ab"), frozenset("cdx")], stored) == ["gap_1", None]  # it was split
    assert match_gaps([frozenset("cdw"), frozenset("xyz")], stored) == ["gap_1", "gap_2"]


def test_draft_is_the_reply_that_agrees_most_with_the_others() -> None:
    said = [
        "Hello! We repair umbrellas in our shop in Bonn within two days.",
        "One moment, please.",
        "We repair umbrellas in our shop in Bonn within three days.",
        "Please send us a letter about what has happened to you lately.",
    ]
    replies = [
        usable_reply(text, language="en", source="agent_reply", origin="l", asked="q") for text in said
    ]

    assert replies[1] is None
    best = best_reply([reply for reply in replies if reply], language="en")
    assert best is not None
    assert best.text.startswith("We repair umbrellas in our shop in Bonn within")
    assert best_reply([], language="en") is None


def test_replies_in_past_dialogues_are_found_by_their_question() -> None:
    turns = [
        {"role": "customer", "text": "can you repair umbrellas"},
        {"role": "agent", "text": "Yes, we repair umbrellas of all kinds in our shop in Bonn."},
        {"role": "customer", "text": "thanks"},
    ]
    found = list(replies_in(turns, language="en", origin="c-1"))

    assert [(reply.asked, reply.origin) for reply in found] == [("can you repair umbrellas", "c-1")]
    asked = np.array([[0.8, 0.6]], dtype=np.float32)
    medoid = np.array([1, 0], dtype=np.float32)
    assert nearest_replies(medoid, found, asked, least=0.8) == found
    assert nearest_replies(medoid, found, asked, least=0.81) == []


def test_forecast_is_that_of_a_poisson_process_with_unknown_rate() -> None:
    """7.5 / 3 messages a week, half of them answered; the interval is wider than the Poisson one (0 to 3)."""
    predicted = forecast(7, 3.0, 0.5)

    assert (predicted.per_week, predicted.low, predicted.high) == (1.25, 0, 4)
    assert forecast(7, 0.1, 1.0) == forecast(7, 1.0, 1.0)  # a gap of yesterday
    many = forecast(1000, 10.0, 1.0)
    assert (many.low, many.per_week, many.high) == (83, 100.05, 118)


def test_quantiles_of_the_negative_binomial() -> None:
    """r = 1 is the geometric distribution: P(K <= k) = 1 - (1 - p)^(k + 1)."""
    assert [quantile(share, r=1, p=0.5) for share in (0.5, 0.75, 0.95)] == [0, 1, 4]


def test_coverage_counts_known_questions_whole_and_the_others_like_others() -> None:
    assert expected_coverage(4, 10, answered=5, asked_back=3) == pytest.approx(0.4 + 0.6 * 0.6)
    assert expected_coverage(10, 10, answered=0, asked_back=9) == 1.0


def test_what_happened_is_held_against_the_forecast_after_a_week() -> None:
    predicted = forecast(7, 3.0, 0.5)

    def after(days: int, answered: int) -> tuple[float, bool | None]:
        happened = compare(predicted, answered, since=MONDAY, at=MONDAY + timedelta(days=days))
        return happened.per_week, happened.within

    assert after(3, 2) == (2.0, None)
    assert after(14, 3) == (1.5, True)
    assert after(14, 20) == (10.0, False)
