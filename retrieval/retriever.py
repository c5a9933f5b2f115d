"""The searchable knowledge: build, search, change while serving, save and load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from retrieval.artifacts import JsonValue, Manifest
from retrieval.assembly import NOTHING_LEFT_OUT, PASSAGE_VOTERS, VOTERS, Hits, LeftOut, assemble
from retrieval.background import measure_backgrounds
from retrieval.bm25 import Bm25
from retrieval.candidates import Retrieved
from retrieval.documents import Documents
from retrieval.encoder import Encoder
from retrieval.fusion import PRIOR_FUSION, Fusion
from retrieval.index import Neighbours, VectorIndex
from retrieval.intents import IntentHead, IntentReading
from retrieval.lexical import tokenize_lexical
from retrieval.models import reads_chinese
from retrieval.normalize import fold, normalize
from retrieval.records import Knowledge, Language, PassageRecord, QuestionRecord
from retrieval.section_search import search_sections
from retrieval.sources import EncodedSections, Sources, encode_sections
from retrieval.view import (
    Owners,
    View,
    heading_of,
    numbers_by_answer,
    passage_key,
    passage_text,
    question_key,
    texts_by_answer,
)

LEXICAL_NEIGHBOURS = 30
NEARNESS_OF = 5  # nearest questions
# A question that differs in case, script or punctuation alone is among so many nearest ones.
COPIES_AMONG = 5

Progress = Callable[[int, int], None]


class Retriever:
    """An encoder and the current `View`. Safe to search and change from several threads."""

    def __init__(self, encoder: Encoder, view: View) -> None:
        self.encoder = encoder
        self._view = view
        self._changing = Lock()

    @classmethod
    def build(
        cls,
        encoder: Encoder,
        knowledge: Knowledge,
        *,
        encoded: EncodedSections | None = None,
        progress: Progress | None = None,
    ) -> Retriever:
        """Encodes and indexes all of `knowledge`, but for sections that are `encoded` already; `progress` gets (texts done, texts in all)."""
        knowledge.check()
        return cls(encoder, _built(encoder, knowledge, encoded, progress))

    @classmethod
    def from_snapshot(cls, path: Path, *, encoder: Encoder) -> Retriever:
        """Reads a verified index snapshot.

        Raises:
            ArtifactError: the folder is damaged, or was built with another encoder than `encoder`.
        """
        from retrieval.snapshot import read_snapshot

        return cls(encoder, read_snapshot(path, encoder=encoder))

    def save(self, path: Path, *, meta: Mapping[str, JsonValue]) -> Manifest:
        """Writes an index snapshot, live changes included; `meta` (knowledge revision ...) goes in its manifest."""
        from retrieval.snapshot import write_snapshot

        return write_snapshot(path, self._view, encoder=self.encoder, meta=meta)

    @property
    def view(self) -> View:
        """The current state; it stays as it is while later changes make other ones."""
        return self._view

    def apply(
        self,
        *,
        upsert: Knowledge | None = None,
        remove_questions: Iterable[int] = (),
        remove_passages: Iterable[int] = (),
        remove_sections: Iterable[int] = (),
    ) -> None:
        """Live delta: counts for every search that begins after the return; a running one sees none of it.

        Numbers to remove that are not there are ignored, so that a delta can be applied twice. Sections are encoded before
        other changes are kept waiting.
        """
        change = upsert or Knowledge()
        change.check()
        gone = set(remove_questions), set(remove_passages)
        sections = encode_sections(self.encoder, change.sections)
        with self._changing:
            view = self._view
            sources = view.sources.changed(self.encoder, add=sections, remove=set(remove_sections))
            if change.questions or change.passages or any(gone):
                view = _changed(self.encoder, view, change, *gone)
            self._view = replace(view, sources=sources)

    def add_sections(self, encoded: EncodedSections) -> None:
        """As `apply` with sections that are encoded already."""
        with self._changing:
            view = self._view
            sources = view.sources.changed(self.encoder, add=encoded, remove=())
            self._view = replace(view, sources=sources)

    def search(
        self,
        utterance: str,
        *,
        language: str,
        limit: int = 10,
        fusion: Fusion = PRIOR_FUSION,
        head: IntentHead | None = None,
    ) -> Retrieved:
        """The `limit` most relevant answers to `utterance`, fewer only where the knowledge has fewer."""
        return self.search_all([(utterance, language)], limit=limit, fusion=fusion, head=head)[0]

    def search_all(
        self,
        messages: Sequence[tuple[str, Language]],
        *,
        limit: int = 10,
        fusion: Fusion = PRIOR_FUSION,
        head: IntentHead | None = None,
        progress: Progress | None = None,
    ) -> list[Retrieved]:
        """As `search`, for several utterances with their languages; "encode" is the time of all of them together."""
        begin = perf_counter()
        encoded = self.encoder.encode_messages(
            [normalize(utterance) for utterance, _ in messages], progress=progress
        )
        encoding = {"encode": (perf_counter() - begin) * 1000}
        found = []
        for (utterance, language), vector, tuned in zip(
            messages, encoded.embeddings, encoded.tuned, strict=True
        ):
            retrieved = self.search_vector(
                utterance,
                vector,
                language=language,
                limit=limit,
                fusion=fusion,
                reading=None if head is None else head.read(tuned, utterance),
            )
            retrieved = self.with_sections(utterance, retrieved)
            found.append(replace(retrieved, timings_ms={**encoding, **retrieved.timings_ms}))
        return found

    def with_sections(self, utterance: str, retrieved: Retrieved) -> Retrieved:
        """The same search with the sections of documents that fit the utterance; "sections" is their time."""
        sources = self._view.sources
        if not sources.sections:
            return retrieved
        begin = perf_counter()
        found = search_sections(sources, tokenize_lexical(utterance), retrieved.vector)
        timings = {**retrieved.timings_ms, "sections": (perf_counter() - begin) * 1000}
        return replace(retrieved, found_sections=found, timings_ms=timings)

    def encode(self, utterance: str) -> NDArray[np.float32]:
        """(d,) float32 unit row of a customer's message."""
        row: NDArray[np.float32] = self.encoder.encode_queries([normalize(utterance)])[0]
        return row

    def search_vector(
        self,
        utterance: str,
        vector: NDArray[np.float32],
        *,
        language: str,
        limit: int = 10,
        enough: int | None = None,
        fusion: Fusion = PRIOR_FUSION,
        left_out: LeftOut = NOTHING_LEFT_OUT,
        reading: IntentReading | None = None,
    ) -> Retrieved:
        """As `search`, for an utterance that is encoded and read already; `left_out` serves leave-one-out.

        From `enough` candidates on, no search is widened for more.
        """
        view = self._view
        begin = perf_counter()
        terms = tokenize_lexical(utterance)
        barred = [question_key(n) for n in left_out.questions] + [passage_key(n) for n in left_out.passages]
        lexical = view.lexical.search(terms, LEXICAL_NEIGHBOURS, exclude=barred)
        documents = view.documents.search(terms, instead=_left_texts(view, left_out))
        worded = perf_counter()
        widening = _widening(view)
        while True:
            questions = view.question_index.search(vector, VOTERS * widening, exclude=left_out.questions)
            hits = Hits(
                questions=questions,
                passages=_passage_hits(view, vector, max(PASSAGE_VOTERS, 2 * limit), left_out),
                lexical=lexical,
                documents=documents,
                exact=_exact_answers(view, utterance, questions),
            )
            candidates = assemble(
                view,
                vector,
                hits,
                language=language,
                fusion=fusion,
                limit=limit,
                left_out=left_out,
                reading=reading,
            )
            if len(candidates) >= (enough or limit) or VOTERS * widening >= len(view.questions):
                break
            widening *= 8
        found = perf_counter()
        return Retrieved(
            vector=vector,
            candidates=candidates,
            language=language,
            words=len(terms),
            timings_ms={"lexical": (worded - begin) * 1000, "search": (found - worded) * 1000},
            nearness=_nearness(questions),
        )


def _nearness(questions: Neighbours) -> float:
    nearest = questions.similarities[:NEARNESS_OF]
    return float(nearest.mean()) if len(nearest) else 0.0


def _left_texts(view: View, left_out: LeftOut) -> dict[str, list[str]]:
    """What is left of the answers that something is left out of; nothing where their passages are, too."""
    touched = {view.questions[number].answer_id for number in left_out.questions}
    gone = {view.passages[number].answer_id for number in left_out.passages}
    return {
        answer_id: [] if answer_id in gone else view.texts_of(answer_id, without=left_out.questions)
        for answer_id in touched | gone
    }


def _exact_answers(view: View, utterance: str, nearest: Neighbours) -> frozenset[str]:
    asked = fold(utterance)
    questions = [view.questions[number] for number in nearest.numbers[:COPIES_AMONG].tolist()]
    return frozenset(question.answer_id for question in questions if fold(question.text) == asked)


def _widening(view: View) -> int:
    """How many times more neighbours than voters to look at, so that they belong to several answers.

    Where an answer has a hundred questions, the fifty nearest may all lead to it.
    """
    return min(8, 1 + len(view.questions) // (10 * max(len(view.question_numbers), 1)))


def _passage_hits(view: View, vector: NDArray[np.float32], count: int, left_out: LeftOut) -> Neighbours:
    if not left_out.substitutes:
        return view.passage_index.search(vector, count, exclude=left_out.passages)
    found = view.passage_index.search(vector, count, exclude={*left_out.passages, *left_out.substitutes})
    numbers = np.fromiter(left_out.substitutes, np.int64, len(left_out.substitutes))
    similarities = np.stack(list(left_out.substitutes.values())) @ vector
    similarities = np.concatenate([found.similarities, similarities])
    order = np.argsort(-similarities, kind="stable")[:count]
    return Neighbours(similarities[order], np.concatenate([found.numbers, numbers])[order])


def _built(
    encoder: Encoder, knowledge: Knowledge, encoded: EncodedSections | None, progress: Progress | None
) -> View:
    questions = sorted(knowledge.questions, key=lambda record: record.number)
    passages = sorted(knowledge.passages, key=lambda record: record.number)
    total = len(questions) + len(passages) + len(knowledge.sections)
    by_answer: dict[str, list[QuestionRecord]] = {}
    for question in questions:
        by_answer.setdefault(question.answer_id, []).append(question)
    headings = {p.number: heading_of(p, by_answer.get(p.answer_id, ())) for p in passages}

    def step(done_before: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(done_before + done, total)

    question_vectors = encoder.encode_queries([normalize(q.text) for q in questions], progress=step(0))
    passage_vectors = encoder.encode_passages(
        [_passage_input(p, headings) for p in passages], progress=step(len(questions))
    )
    dimension = encoder.dimension
    documents = Documents.of(texts_by_answer([*questions, *passages]), bilingual=reads_chinese(encoder.name))
    by_number = {q.number: q for q in questions}, {p.number: p for p in passages}
    return View(
        questions=by_number[0],
        passages=by_number[1],
        headings=headings,
        question_numbers=numbers_by_answer(questions),
        passage_numbers=numbers_by_answer(passages),
        question_owners=Owners.of(by_number[0], documents),
        passage_owners=Owners.of(by_number[1], documents),
        question_index=VectorIndex.of([q.number for q in questions], question_vectors, dimension=dimension),
        passage_index=VectorIndex.of([p.number for p in passages], passage_vectors, dimension=dimension),
        lexical=Bm25.of(
            [question_key(q.number) for q in questions] + [passage_key(p.number) for p in passages],
            map(tokenize_lexical, [q.text for q in questions] + [p.text for p in passages]),
        ),
        documents=documents,
        backgrounds=measure_backgrounds(
            encoder,
            questions=questions,
            question_vectors=question_vectors,
            passages=passages,
            passage_vectors=passage_vectors,
        ),
        sources=Sources.of(
            encoder, knowledge.sections, encoded=encoded, progress=step(len(questions) + len(passages))
        ),
    )


def _passage_input(passage: PassageRecord, headings: Mapping[int, str]) -> str:
    return normalize(passage_text(headings[passage.number], passage.text))


def _changed(
    encoder: Encoder,
    view: View,
    change: Knowledge,
    remove_questions: set[int],
    remove_passages: set[int],
) -> View:
    questions = {n: q for n, q in view.questions.items() if n not in remove_questions}
    questions |= {q.number: q for q in change.questions}
    passages = {n: p for n, p in view.passages.items() if n not in remove_passages}
    passages |= {p.number: p for p in change.passages}
    question_numbers = numbers_by_answer(questions.values())
    passage_numbers = numbers_by_answer(passages.values())
    touched = _touched_answers(view, change, remove_questions, remove_passages)
    headings = {n: view.headings.get(n, "") for n in passages}
    stale: list[PassageRecord] = []
    for answer_id in touched:
        own = [questions[n] for n in question_numbers.get(answer_id, ())]
        for number in passage_numbers.get(answer_id, ()):
            heading = heading_of(passages[number], own)
            if heading != headings[number] or passages[number] != view.passages.get(number):
                headings[number] = heading
                stale.append(passages[number])
    question_vectors = encoder.encode_queries([normalize(q.text) for q in change.questions])
    passage_vectors = encoder.encode_passages([_passage_input(p, headings) for p in stale])
    documents = _changed_documents(view, touched, [*questions.values(), *passages.values()])
    return View(
        questions=questions,
        passages=passages,
        headings=headings,
        question_numbers=question_numbers,
        passage_numbers=passage_numbers,
        question_owners=Owners.of(questions, documents),
        passage_owners=Owners.of(passages, documents),
        question_index=view.question_index.changed(
            add=[q.number for q in change.questions], vectors=question_vectors, remove=remove_questions
        ),
        passage_index=view.passage_index.changed(
            add=[p.number for p in stale], vectors=passage_vectors, remove=remove_passages
        ),
        lexical=view.lexical.changed(
            add={question_key(q.number): tokenize_lexical(q.text) for q in change.questions}
            | {passage_key(p.number): tokenize_lexical(p.text) for p in change.passages},
            remove=[question_key(n) for n in remove_questions] + [passage_key(n) for n in remove_passages],
        ),
        documents=documents,
        backgrounds=view.backgrounds,
        sources=view.sources,
    )


def _changed_documents(
    view: View, touched: set[str], records: Sequence[QuestionRecord | PassageRecord]
) -> Documents:
    return view.documents.changed(texts_by_answer(records, answer_ids=touched)) if touched else view.documents


def _touched_answers(
    view: View, change: Knowledge, remove_questions: set[int], remove_passages: set[int]
) -> set[str]:
    touched = {question.answer_id for question in change.questions}
    touched |= {passage.answer_id for passage in change.passages}
    touched |= {view.questions[n].answer_id for n in remove_questions if n in view.questions}
    touched |= {view.passages[n].answer_id for n in remove_passages if n in view.passages}
    replaced = {q.number for q in change.questions}
    touched |= {view.questions[n].answer_id for n in replaced if n in view.questions}
    return touched
