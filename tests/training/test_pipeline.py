from dataclasses import replace

import pytest

from retrieval.decision import Outcome
from retrieval.fusion import PARTS, Fusion
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder
from training.evaluation.pipeline import (
    FitSettings,
    Message,
    Trial,
    milliseconds_a_message,
    run_trial,
)

TOPICS = ("refund", "invoice", "delivery", "password", "warranty", "battery")
FRAMES = (
    "how does the {} work",
    "I have a question about my {}",
    "{} please",
    "tell me about {} rules",
    "is {} possible",
    "who can help me with the {}",
    "{} does not do what I expected",
    "where do I find {} in the app",
    "what about the {} of my friend",
    "trouble: {}",
)


def knowledge() -> Knowledge:
    rows = [(topic, frame.format(topic)) for topic in TOPICS for frame in FRAMES]
    questions = [QuestionRecord(n, topic, text, "en") for n, (topic, text) in enumerate(rows, start=1)]
    passages = [
        PassageRecord(n, topic, f"The {topic} is handled in the shop.", "en")
        for n, topic in enumerate(TOPICS, start=1)
    ]
    return Knowledge(questions, passages)


MESSAGES = [
    Message.of(text)
    for text in ("my refund", "battery??", "let me talk to a human", "zxqv", "我的 invoice", "")
]


def trial(share: float | None = 0.5, *, seed: int = 0) -> Trial:
    return run_trial(
        HashEncoder(), knowledge(), MESSAGES, settings=FitSettings(unknown_share=share, seed=seed)
    )


def test_bulk_replies_are_those_of_the_serving_engine() -> None:
    made = trial()
    for message, reply in zip(MESSAGES[:-1], made.replies[:-1], strict=True):
        served = made.engine.respond(message.utterance, message.language)
        assert reply.answers == tuple(c.answer_id for c in served.retrieved.candidates)
        assert reply.confidences == pytest.approx(made.engine.confidences(served.retrieved))
        assert reply.outcome is served.decision.outcome


def test_confidences_fall_and_sum_to_at_most_1() -> None:
    for reply in trial().replies:
        assert list(reply.confidences) == sorted(reply.confidences, reverse=True)
        assert sum(reply.confidences) <= 1 + 1e-9


def test_first_answers_are_the_topics_named() -> None:
    assert [reply.answers[0] for reply in trial().replies[:2]] == ["refund", "battery"]


def test_wish_for_a_person_is_handed_off() -> None:
    assert trial().replies[2].outcome is Outcome.HANDED_OFF


def test_empty_message_has_a_guess_without_confidence() -> None:
    reply = trial().replies[-1]
    assert reply.outcome is Outcome.HANDED_OFF
    assert len(reply.answers) == len(TOPICS)
    assert set(reply.confidences) == {0.0}


def test_same_seed_gives_the_same_replies() -> None:
    assert trial(seed=3).replies == trial(seed=3).replies


def test_share_is_assumed_even_where_it_cannot_be_estimated() -> None:
    made = trial(None)
    assert made.unknown_share == 0.5
    assert not made.share_is_estimated


def larger() -> tuple[Knowledge, list[Message]]:
    """28 questions of each topic, and a message near each."""
    words = ("my", "the", "a", "now", "ok", "any", "no", "some", "help", "old", "new", "lost", "late", "big")
    frames = [f"{{}} {word}" for word in words] + [f"{word} {{}} please" for word in words]
    rows = [(topic, frame.format(topic)) for topic in TOPICS for frame in frames]
    questions = [QuestionRecord(n, topic, text, "en") for n, (topic, text) in enumerate(rows, start=1)]
    return Knowledge(questions), [Message.of(f"your {text}") for _, text in rows]


def test_share_is_estimated_from_many_messages_alone() -> None:
    stored, known = larger()
    made = run_trial(HashEncoder(), stored, known, settings=FitSettings())
    assert made.share_is_estimated
    assert made.unknown_share < 0.1
    mixed = [*known, *(Message.of(f"{word} zebra {n}") for n, word in enumerate(("qw", "xk", "jj") * 20))]
    found = run_trial(HashEncoder(), stored, mixed, settings=FitSettings()).unknown_share
    assert found == pytest.approx(60 / 228, abs=0.05)


def test_labelled_out_of_scope_rows_settle_the_share_where_there_are_enough() -> None:
    stored, known = larger()
    strange = [Message.of(f"{word} {n}") for n, word in enumerate(("qwzk", "xkjv", "jjpp") * 20)]
    made = run_trial(
        HashEncoder(), stored, [*known, *strange[:30]], settings=FitSettings(), out_of_scope=strange[10:]
    )
    assert made.share_is_estimated
    assert made.unknown_share == pytest.approx(30 / 198, abs=0.03)


def test_given_share_is_used_as_it_is() -> None:
    made = trial(0.25)
    assert made.unknown_share == 0.25
    assert made.engine.confidence.unknown_share == 0.25
    assert not made.share_is_estimated


def test_knowledge_with_one_answer_is_replied_with() -> None:
    alone = Knowledge([QuestionRecord(1, "a", "refund", "en")], [PassageRecord(1, "a", "Ask us.", "en")])
    made = run_trial(HashEncoder(), alone, MESSAGES, settings=FitSettings())
    assert [reply.answers for reply in made.replies] == [("a",)] * len(MESSAGES)


def test_out_of_scope_examples_are_fitted_on_as_unknown_questions() -> None:
    settings = FitSettings(unknown_share=0.5)
    plain = run_trial(HashEncoder(), knowledge(), MESSAGES, settings=settings)
    taught = run_trial(
        HashEncoder(), knowledge(), MESSAGES, settings=settings, out_of_scope=[Message("zxqv", "en")] * 20
    )
    extra = taught.engine.confidence.fitted_on["unknown"] - plain.engine.confidence.fitted_on["unknown"]
    assert extra == 20


def test_progress_tells_the_stages() -> None:
    seen: dict[str, tuple[int, int]] = {}

    def progress(stage: str, done: int, total: int) -> None:
        seen[stage] = (done, total)

    run_trial(HashEncoder(), knowledge(), MESSAGES, settings=FitSettings(), progress=progress)
    questions = len(TOPICS) * len(FRAMES)
    assert seen["index"] == (questions + len(TOPICS), questions + len(TOPICS))
    assert seen["messages"] == (len(MESSAGES), len(MESSAGES))
    assert list(seen)[1:-2] == [f"calibration {n} of 4" for n in (1, 2, 3, 4)]
    # Two steps for each time that all questions, and the five texts, are gone through.
    assert seen["training"] == (120, 120)


def test_messages_are_retrieved_with_the_fusion_of_the_confidence_model() -> None:
    made = trial()
    only_words = Fusion({"en": tuple(float(part == "question_lexical") for part in PARTS)})
    engine = replace(made.engine, confidence=replace(made.engine.confidence, fusion=only_words))
    best = engine.retrieve_all([(MESSAGES[0].utterance, "en")])[0].candidates[0]
    assert best.relevance == pytest.approx(best.question_lexical)
    assert best.relevance == pytest.approx(
        engine.retrieve(MESSAGES[0].utterance, language="en").candidates[0].relevance
    )


def test_single_messages_are_timed() -> None:
    assert 0 < milliseconds_a_message(trial().engine, MESSAGES[:3], encoder=HashEncoder()) < 1000
