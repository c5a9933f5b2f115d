"""What a search finds: one candidate per answer, with the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.section_search import NOTHING_FOUND, SectionHit, SectionsFound

if TYPE_CHECKING:
    from retrieval.context import InContext

FOUND = (
    "similarity",
    "question_similarity",
    "passage_similarity",
    "question_standing",
    "passage_standing",
    "question_lexical",
    "passage_lexical",
    "answer_lexical",
    "support",
    "meaning",
    "wording",
)
"""The numbers of a candidate that a search gives; relevance and echo are made of these and of other messages."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer proposed for an utterance. Every number is oriented so that higher is better.

    Attributes:
        question: the stored question of this answer that is closest to the utterance ("" when the answer
            has no question of its own).
        question_number: its number, 0 when there is none.
        similarity: cosine, the best over the answer's questions and its passages.
        question_similarity: cosine of the closest question, -1 without one.
        passage_similarity: cosine of the closest "first question + answer text", -1 without one.
        question_standing, passage_standing: these similarities in standard deviations above the background
            (`retrieval.background`); where there is no question or no passage, that of the other.
        question_lexical, passage_lexical: share of the utterance's BM25 weight that the best matching question
            and answer text cover, 0 to 1.
        answer_lexical: the same share for all texts of the answer together, as one document.
        support: share of the nearest neighbours' weight that this answer holds, 0 to 1.
        meaning, wording: how well the utterance fits this answer by the two readings of the intent head
            (`retrieval.intents`), 0 without one.
        exact: the utterance is, but for case, script and punctuation, one of the answer's questions.
        relevance: the fused logit that orders candidates; comparable within one search only.
        echo: how likely this answer is right for other customers' messages like this one (`retrieval.traffic`), 0 without traffic.
    """

    answer_id: str
    question: str
    question_number: int
    similarity: float
    question_similarity: float
    passage_similarity: float
    question_standing: float
    passage_standing: float
    question_lexical: float
    passage_lexical: float
    answer_lexical: float
    support: float
    meaning: float
    wording: float
    exact: bool
    relevance: float
    echo: float = 0.0

    @property
    def lexical(self) -> float:
        """The larger of the two lexical shares."""
        return max(self.question_lexical, self.passage_lexical)

    @property
    def standing(self) -> float:
        """The larger of the two standings."""
        return max(self.question_standing, self.passage_standing)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What other customers' messages tell about one (`retrieval.traffic`). Higher is better.

    Attributes:
        familiarity: mean log odds that the best candidates of messages like it are right.
        coverage: how much nearer to messages like it the company's questions lie than other messages do, in tenths of the cosine.
    """

    familiarity: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The outcome of one search.

    Attributes:
        vector: (d,) float32 unit row of the utterance.
        candidates: ordered by falling relevance, one per answer.
        language: of the utterance.
        words: number of lexical terms in the utterance.
        timings_ms: milliseconds of "encode", "search" and "lexical".
        nearness: mean cosine of the nearest questions, whatever they lead to; 0 without any.
        surroundings: None where the bot knows no traffic.
        found_sections: of documents, apart from the candidates and without effect on them.
        context: what the conversation did to the search; None where nothing came before, or nothing that matters.
    """

    vector: NDArray[np.float32]
    candidates: tuple[Candidate, ...]
    language: str
    words: int
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    nearness: float = 0.0
    surroundings: Surroundings | None = None
    found_sections: SectionsFound = NOTHING_FOUND
    context: InContext | None = None

    @property
    def sections(self) -> tuple[SectionHit, ...]:
        """By falling relevance."""
        return self.found_sections.sections

    @property
    def best_standing(self) -> float:
        """Of the candidate that stands highest; minus infinity without candidates."""
        return max((candidate.standing for candidate in self.candidates), default=float("-inf"))
