"""Sections of documents beside the approved answers: built, changed, kept, and without effect on answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import RetrievalError
from retrieval.records import Knowledge, PassageRecord, QuestionRecord, SectionRecord
from retrieval.retriever import Retriever
from retrieval.sources import Sources, directions_of
from tests.fixtures.fakes import HashEncoder

QUESTIONS = (
    QuestionRecord(1, "refund", "How do I get my money back?", "en"),
    QuestionRecord(2, "hours", "What are your opening hours?", "en"),
)
PASSAGES = (PassageRecord(1, "refund", "We send the money to the card you paid with.", "en"),)
SECTIONS = (
    SectionRecord(3, "sec_c", "doc_a", "Help › Returns", "Send it back within 30 days. It is free.", "en"),
    SectionRecord(1, "sec_a", "doc_a", "Help › Delivery", "Parcels take two days. We ship on Sundays.", "en"),
    SectionRecord(2, "sec_b", "doc_b", "帮助 › 退货", "七天内可以退货。邮费我们出。", "zh"),
)


def built(sections=SECTIONS) -> Retriever:
    return Retriever.build(HashEncoder(), Knowledge(QUESTIONS, PASSAGES, sections))


def state(sources: Sources) -> dict[int, tuple]:
    return {
        number: (each.record, each.spans, each.directions.tolist())
        for number, each in sources.sections.items()
    }


def test_sections_are_split_encoded_and_indexed() -> None:
    sources = built().view.sources
    assert list(sources.sections) == [1, 2, 3]
    assert sources.sections[3].sentences() == ["Send it back within 30 days.", "It is free."]
    assert sources.sections[2].sentences() == ["七天内可以退货。", "邮费我们出。"]
    vector = HashEncoder().encode_passages(["Help › Returns Send it back within 30 days. It is free."])[0]
    found = sources.index.search(vector, 1)
    assert found.numbers.tolist() == [3]
    assert found.similarities[0] == pytest.approx(1.0, abs=1e-5)
    near = sources.sections[3].similarities(HashEncoder().encode_queries(["It is free."])[0])
    assert near.shape == (3,)
    assert near[2] == pytest.approx(1.0, abs=2e-3)
    assert max(near[:2]) < 0.9


def test_directions_keep_cosines() -> None:
    rows = np.random.default_rng(1).normal(size=(50, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    levels = directions_of(rows).astype(np.float32)
    kept = (rows * levels).sum(axis=1) / np.linalg.norm(levels, axis=1)
    assert kept.min() > 0.9995


def test_answers_are_found_alike_with_and_without_sections() -> None:
    without, beside = built(()), built()
    for utterance in ("money back", "when do you open", "七天内可以退货吗", "Parcels take two days"):
        found = [each.search(utterance, language="en") for each in (without, beside)]
        assert found[0].candidates == found[1].candidates
        assert found[0].nearness == found[1].nearness
        assert np.array_equal(found[0].vector, found[1].vector)
    assert without.view.backgrounds == beside.view.backgrounds


def test_change_of_sections_leaves_the_answers_untouched_and_agrees_with_a_new_build() -> None:
    retriever = built(SECTIONS[:2])
    before = retriever.view
    changed = replace(SECTIONS[0], text="Send it back within 60 days.")
    retriever.apply(upsert=Knowledge(sections=(changed, SECTIONS[2])), remove_sections=[1, 99])
    after = retriever.view
    assert state(after.sources) == state(built((SECTIONS[2], changed)).view.sources)
    assert after.sources.lexical.search(["60"], 5).keys.tolist() == [3]
    assert after.sources.lexical.search(["sunday"], 5).keys.tolist() == []
    assert (after.question_index, after.documents, after.lexical) == (
        before.question_index,
        before.documents,
        before.lexical,
    )
    assert list(before.sources.sections) == [1, 3]
    retriever.apply(upsert=Knowledge(sections=(changed, SECTIONS[2])), remove_sections=[1, 99])
    assert state(retriever.view.sources) == state(after.sources)


def test_change_of_answers_keeps_the_sections() -> None:
    retriever = built()
    sources = retriever.view.sources
    retriever.apply(upsert=Knowledge((QuestionRecord(7, "hours", "Open on Sunday?", "en"),)))
    assert retriever.view.sources is sources


def test_sections_are_added_to_none_and_taken_out_to_none() -> None:
    retriever = built(())
    retriever.apply(upsert=Knowledge(sections=SECTIONS))
    assert state(retriever.view.sources) == state(built().view.sources)
    retriever.apply(remove_sections=[1, 2, 3])
    assert retriever.view.sources.sections == {}
    assert len(retriever.view.sources.index) == 0


def test_many_sections_at_once_are_found_like_in_a_new_build() -> None:
    many = [
        SectionRecord(n, f"sec_{n}", "doc", f"Page {n}", f"Room {n} has {n} chairs.", "en")
        for n in range(10, 310)
    ]
    retriever = built()
    retriever.apply(upsert=Knowledge(sections=many))
    fresh = built((*SECTIONS, *many))
    assert state(retriever.view.sources) == state(fresh.view.sources)
    for terms in (["room", "77"], ["chair"]):
        found, expected = (each.view.sources.lexical.search(terms, 9) for each in (retriever, fresh))
        assert np.array_equal(found.keys, expected.keys)
        assert np.array_equal(found.shares, expected.shares)


def test_snapshot_holds_the_sections_with_live_changes(tmp_path: Path) -> None:
    retriever = built(SECTIONS[:2])
    retriever.apply(upsert=Knowledge(sections=SECTIONS[2:]), remove_sections=[1])
    manifest = retriever.save(tmp_path / "snapshot", meta={"revision": 1})
    assert manifest.meta["sections"] == 2
    loaded = Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder())
    assert state(loaded.view.sources) == state(retriever.view.sources)
    vector = HashEncoder().encode_queries(["七天内可以退货"])[0]
    assert loaded.view.sources.index.search(vector, 1).numbers.tolist() == [2]
    assert loaded.view.sources.lexical.search(["30"], 5).keys.tolist() == [3]


def test_snapshot_without_sections_is_one_of_before_there_were_any(tmp_path: Path) -> None:
    manifest = built(()).save(tmp_path / "snapshot", meta={})
    assert not any(name.startswith(("sections", "sentences")) for name in manifest.files)
    loaded = Retriever.from_snapshot(tmp_path / "snapshot", encoder=HashEncoder())
    assert loaded.view.sources.sections == {}


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (replace(SECTIONS[0], number=0), "section number 0 is not positive"),
        (replace(SECTIONS[0], text=" \n"), "section 3 of document 'doc_a' has no text"),
        (replace(SECTIONS[0], number=1), "section number 1 is given twice"),
    ],
)
def test_unusable_sections_are_refused_and_change_nothing(section: SectionRecord, problem: str) -> None:
    with pytest.raises(RetrievalError, match=problem):
        built((SECTIONS[1], section))
    retriever = built()
    before = retriever.view
    with pytest.raises(RetrievalError, match=problem):
        retriever.apply(upsert=Knowledge(sections=(SECTIONS[1], section)))
    assert retriever.view is before


def test_progress_counts_sections_too() -> None:
    steps: list[tuple[int, int]] = []
    Retriever.build(
        HashEncoder(),
        Knowledge(QUESTIONS, PASSAGES, SECTIONS),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps[-1] == (6, 6)
