from concurrent.futures import ThreadPoolExecutor

from retrieval.confidence import default_confidence
from retrieval.decision import Outcome
from retrieval.engine import Engine
from retrieval.evidence import FEATURES
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

KNOWLEDGE = Knowledge(
    [
        QuestionRecord(1, "refund", "How do I get my money back?", "en"),
        QuestionRecord(2, "hours", "What are your opening hours?", "en"),
        QuestionRecord(3, "hours", "你们几点开门", "zh"),
    ],
    [PassageRecord(1, "refund", "Within five days.", "en")],
)


def engine(knowledge: Knowledge = KNOWLEDGE) -> Engine:
    return Engine(Retriever.build(HashEncoder(), knowledge), default_confidence())


def test_known_question_is_answered_in_both_languages() -> None:
    for utterance, language, answer in (
        ("how do i get my money back", "en", "refund"),
        ("你們幾點開門？", "zh", "hours"),
    ):
        responded = engine().respond(utterance, language)
        assert responded.decision.outcome is Outcome.ANSWERED
        assert responded.decision.rule == "known_question"
        assert responded.decision.answers[0].candidate.answer_id == answer


def test_wish_for_a_person_is_obeyed() -> None:
    for utterance, language in (("let me talk to a human", "en"), ("转人工", "zh")):
        decision = engine().respond(utterance, language).decision
        assert (decision.outcome, decision.rule) == (Outcome.HANDED_OFF, "asked_for_person")


def test_respond_is_retrieve_and_decide() -> None:
    parts = engine()
    whole = parts.respond("money please", "en")
    retrieved = parts.retrieve("money please", language="en")
    assert retrieved.candidates == whole.retrieved.candidates
    assert parts.decide(retrieved, asks_for_person=False) == whole.decision


def test_explanation_names_evidence_and_cutoffs() -> None:
    parts = engine()
    explained = parts.explain(parts.retrieve("money please", language="en"))
    assert set(explained) == set(FEATURES) - {"intercept"} | {"answer_at", "clarify_at"}
    empty = engine(Knowledge())
    assert set(empty.explain(empty.retrieve("money", language="en"))) == {"answer_at", "clarify_at"}


def test_several_threads_get_what_one_gets() -> None:
    parts = engine()
    utterances = [f"money number {n} back" for n in range(40)]
    alone = [parts.respond(utterance, "en").decision for utterance in utterances]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda utterance: parts.respond(utterance, "en").decision, utterances))
    assert together == alone


def test_empty_knowledge_warms_up_and_hands_off() -> None:
    parts = engine(Knowledge())
    parts.warm_up()
    assert parts.respond("hello", "en").decision.rule == "empty_knowledge"
