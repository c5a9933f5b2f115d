"""Searching, live changes and snapshots, with an encoder that hashes characters."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from retrieval.assembly import LeftOut
from retrieval.errors import ArtifactError, RetrievalError
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

QUESTIONS = (
    QuestionRecord(1, "refund", "How do I get my money back?", "en"),
    QuestionRecord(2, "refund", "I want a refund for my order", "en"),
    QuestionRecord(3, "hours", "What are your opening hours?", "en"),
    QuestionRecord(4, "hours", "你们几点开门", "zh"),
    QuestionRecord(5, "codes", "Does the cable fit the WH-1000XM4?", "en"),
)
PASSAGES = (
    PassageRecord(1, "refund", "We send the money to the card you paid with.", "en"),
    PassageRecord(2, "hours", "The shop is open from nine to six.", "en"),
    PassageRecord(3, "hours", "商店九点到六点营业。", "zh"),
    PassageRecord(4, "parking", "You can park behind the building.", "en"),
)


def built(questions=QUESTIONS, passages=PASSAGES) -> Retriever:
    return Retriever.build(HashEncoder(), Knowledge(questions, passages))


def answers(retriever: Retriever, utterance: str, **options) -> list[str]:
    found = retriever.search(utterance, language="en", **options)
    return [candidate.answer_id for candidate in found.candidates]


def test_one_candidate_per_answer_best_first() -> None:
    found = built().search("i want a refund", language="en")
    assert found.candidates[0].answer_id == "refund"
    assert sorted(c.answer_id for c in found.candidates) == ["codes", "hours", "parking", "refund"]
    relevance = [candidate.relevance for candidate in found.candidates]
    assert relevance == sorted(relevance, reverse=True)
    best = found.candidates[0]
    assert (best.question_number, best.question) == (2, "I want a refund for my order")
    assert set(found.timings_ms) == {"encode", "lexical", "search"}


def test_similarities_are_those_of_the_encoder() -> None:
    """The passage is encoded with the first question of its answer in its language in front."""
    encoder = HashEncoder()
    asked = encoder.encode_queries(["when do you open"])[0]
    question = encoder.encode_queries(["What are your opening hours?"])[0]
    passage = encoder.encode_passages(["What are your opening hours? The shop is open from nine to six."])[0]
    found = built().search("when do you open", language="en")
    hours = next(c for c in found.candidates if c.answer_id == "hours")
    assert hours.question_similarity == pytest.approx(float(asked @ question), abs=1e-6)
    assert hours.passage_similarity == pytest.approx(float(asked @ passage), abs=1e-6)
    assert hours.similarity == max(hours.question_similarity, hours.passage_similarity)


def test_support_is_shared_out_completely() -> None:
    found = built().search("i want a refund", language="en")
    assert sum(candidate.support for candidate in found.candidates) == pytest.approx(1.0, abs=1e-5)


def test_question_known_word_for_word_comes_first_and_is_marked() -> None:
    found = built().search("ＷＨＡＴ are your opening hours", language="en")
    assert found.candidates[0].answer_id == "hours"
    assert [candidate.exact for candidate in found.candidates] == [True, False, False, False]


def test_code_is_found_by_its_words_alone() -> None:
    noise = tuple(QuestionRecord(100 + n, f"n{n}", f"xm {n} wh 1000 {n}", "en") for n in range(200))
    found = built((*QUESTIONS, *noise)).search("WH-1000XM4", language="en", limit=300)
    codes = next(c for c in found.candidates if c.answer_id == "codes")
    assert codes.question_lexical == max(c.question_lexical for c in found.candidates) > 0


def test_answer_without_question_is_found_by_its_text() -> None:
    found = built().search("where can I park", language="en")
    parking = next(c for c in found.candidates if c.answer_id == "parking")
    assert (parking.question, parking.question_number) == ("", 0)
    assert parking.question_similarity == -1.0
    assert parking.question_standing == parking.passage_standing


def test_ten_candidates_where_the_knowledge_has_ten() -> None:
    """300 near questions of one answer stand before all others."""
    crowd = [QuestionRecord(n, "crowd", f"how do i pay number {n}", "en") for n in range(1, 301)]
    rest = [QuestionRecord(1000 + n, f"a{n}", f"zzz {n} qqq", "en") for n in range(20)]
    retriever = built((*crowd, *rest), ())
    assert len(answers(retriever, "how do i pay", limit=10)) == 10

    vector = retriever.encode("how do i pay")
    found = retriever.search_vector("how do i pay", vector, language="en", limit=10, enough=1)
    assert [each.answer_id for each in found.candidates] == ["crowd"]  # nobody looked further


def test_left_out_records_are_as_if_they_were_not_there() -> None:
    retriever = built()
    vector = retriever.encode("i want a refund")
    left = LeftOut(questions=frozenset({1, 2}), passages=frozenset({1}))
    found = retriever.search_vector("i want a refund", vector, language="en", left_out=left)
    assert "refund" not in [candidate.answer_id for candidate in found.candidates]
    without = built(QUESTIONS[2:], PASSAGES[1:]).search("i want a refund", language="en")
    assert {c.answer_id: c.similarity for c in found.candidates} == pytest.approx(
        {c.answer_id: c.similarity for c in without.candidates}, abs=1e-6
    )


def test_substitute_takes_the_place_of_a_passage() -> None:
    retriever = built()
    vector = retriever.encode("i want a refund")
    left = LeftOut(questions=frozenset({1, 2}), substitutes={1: vector})
    found = retriever.search_vector("i want a refund", vector, language="en", left_out=left)
    best = found.candidates[0]
    assert (best.answer_id, best.question_number) == ("refund", 0)
    assert best.passage_similarity == pytest.approx(1.0, abs=1e-6)


def test_empty_knowledge_finds_nothing_and_can_be_filled() -> None:
    retriever = built((), ())
    assert retriever.search("hello", language="en").candidates == ()
    retriever.apply(upsert=Knowledge(QUESTIONS, PASSAGES))
    assert answers(retriever, "i want a refund")[0] == "refund"


def test_change_counts_at_once_and_agrees_with_a_new_build() -> None:
    retriever = built()
    moved = QuestionRecord(3, "parking", "Where can I leave my car?", "en")
    new = QuestionRecord(9, "gift", "Can you wrap it as a gift?", "en")
    text = PassageRecord(9, "gift", "We wrap presents for free.", "en")
    retriever.apply(upsert=Knowledge([moved, new], [text]), remove_questions=[2, 77], remove_passages=[1])
    questions = [q for q in QUESTIONS if q.number not in (2, 3)] + [moved, new]
    again = built(questions, [p for p in PASSAGES if p.number != 1] + [text])
    for utterance in ("leave my car", "gift wrap", "refund", "opening hours", "几点开门"):
        ours = retriever.search(utterance, language="en").candidates
        theirs = again.search(utterance, language="en").candidates
        for side in ("question_similarity", "passage_similarity"):
            assert {c.answer_id: getattr(c, side) for c in ours} == pytest.approx(
                {c.answer_id: getattr(c, side) for c in theirs}, abs=1e-6
            )


def test_passage_is_encoded_anew_when_its_first_question_changes() -> None:
    """Number 1 goes, so that the passage of "refund" carries number 2."""
    retriever = built()
    retriever.apply(remove_questions=[1])
    found = retriever.search("money", language="en")
    refund = next(c for c in found.candidates if c.answer_id == "refund")
    encoder = HashEncoder()
    passage = encoder.encode_passages(
        ["I want a refund for my order We send the money to the card you paid with."]
    )[0]
    expected = float(encoder.encode_queries(["money"])[0] @ passage)
    assert refund.passage_similarity == pytest.approx(expected, abs=1e-6)


def test_change_applied_twice_is_a_change_applied_once() -> None:
    once, twice = built(), built()
    change = Knowledge([QuestionRecord(9, "gift", "Can you wrap it?", "en")])
    once.apply(upsert=change, remove_questions=[1])
    twice.apply(upsert=change, remove_questions=[1])
    twice.apply(upsert=change, remove_questions=[1])
    assert once.search("wrap", language="en").candidates == twice.search("wrap", language="en").candidates


def test_running_searches_see_all_of_a_change_or_nothing() -> None:
    """Question and passage of "gift" come and go together while another thread searches."""
    retriever = built()
    change = Knowledge(
        [QuestionRecord(9, "gift", "wrap it as a gift", "en")],
        [PassageRecord(9, "gift", "We wrap presents.", "en")],
    )
    halves: list[tuple[float, float]] = []
    done = False

    def search() -> None:
        while not done:
            for c in retriever.search("wrap it as a present", language="en").candidates:
                if c.answer_id == "gift" and -1.0 in (c.question_similarity, c.passage_similarity):
                    halves.append((c.question_similarity, c.passage_similarity))

    threads = [Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        retriever.apply(upsert=change)
        retriever.apply(remove_questions=[9], remove_passages=[9])
    done = True
    for thread in threads:
        thread.join()
    assert halves == []


def test_snapshot_gives_the_same_searches_with_live_changes_in_it(tmp_path: Path) -> None:
    retriever = built()
    retriever.apply(upsert=Knowledge([QuestionRecord(9, "gift", "Wrap it?", "en")]), remove_questions=[1])
    manifest = retriever.save(tmp_path / "snapshot", meta={"revision": 7})
    assert (manifest.meta["revision"], manifest.meta["questions"], manifest.meta["passages"]) == (7, 5, 4)
    loaded = Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder())
    for utterance in ("wrap", "money back", "opening hours", "几点开门"):
        ours = retriever.search(utterance, language="en").candidates
        theirs = loaded.search(utterance, language="en").candidates
        for side in ("question_similarity", "passage_similarity"):
            assert {c.answer_id: getattr(c, side) for c in ours} == pytest.approx(
                {c.answer_id: getattr(c, side) for c in theirs}, abs=1e-6
            )
    loaded.apply(remove_questions=[9])
    assert "gift" not in answers(loaded, "wrap")


def test_empty_snapshot_loads(tmp_path: Path) -> None:
    built((), ()).save(tmp_path / "snapshot", meta={})
    loaded = Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder())
    assert loaded.search("hello", language="en").candidates == ()


def test_snapshot_of_another_encoder_is_refused(tmp_path: Path) -> None:
    built().save(tmp_path / "snapshot", meta={})
    with pytest.raises(ArtifactError, match="built with the encoder 'hash'"):
        Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder(name="other"))


@pytest.mark.parametrize("file", ["questions.faiss", "passages.jsonl", "manifest.json"])
def test_altered_snapshot_is_refused_before_it_is_read(tmp_path: Path, file: str) -> None:
    built().save(tmp_path / "snapshot", meta={})
    path = tmp_path / "snapshot" / file
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArtifactError, match=file.replace(".", r"\.")):
        Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder())


def test_progress_counts_all_texts() -> None:
    seen: list[tuple[int, int]] = []
    Retriever.build(
        HashEncoder(), Knowledge(QUESTIONS, PASSAGES), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (9, 9)


@pytest.mark.parametrize(
    ("knowledge", "problem"),
    [
        (Knowledge([QuestionRecord(0, "a", "x", "en")]), "question number 0 is not positive"),
        (Knowledge([QuestionRecord(1, "a", "x", "en")] * 2), "question number 1 is given twice"),
        (Knowledge((), [PassageRecord(1, "a", "  ", "en")]), "passage 1 of answer 'a' has no text"),
    ],
)
def test_unusable_records_are_refused(knowledge: Knowledge, problem: str) -> None:
    with pytest.raises(RetrievalError, match=problem):
        Retriever.build(HashEncoder(), knowledge)


def test_vector_is_a_unit_row() -> None:
    found = built().search("hello", language="en")
    assert float(np.linalg.norm(found.vector)) == pytest.approx(1.0, abs=1e-5)
