"""How the parts of the evidence for an answer become one ordering number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Retrieved
from retrieval.records import Language

SUPPORT_FLOOR = 0.01
EXACT_LEAD = 50.0
ECHO_SCALE = 20.0
# standing: the better one of question and passage; support: ln(share of the vote + 0.01); echo: ln(1 + 20 * echo)
PARTS = (
    "standing",
    "passage",
    "support",
    "question_lexical",
    "passage_lexical",
    "answer_lexical",
    "meaning",
    "wording",
    "echo",
)

Floats: TypeAlias = NDArray[np.float64]

# Set by hand near what `retrieval.fusion_fit` finds (from earlier values of this prior) on training rows of BANKING77,
# CLINC150 and MASSIVE zh-CN with 1 to 40 questions an answer, asked with other training rows, on the demo company's
# phrasings, and on FeedbackQA's pages asked with its training questions. Questions matter most where an
# answer has many of them, passages where it has few.
PRIOR_WEIGHTS = (1.0, 1.6, 0.5, 1.0, 1.0, 8.0, 0.5, 1.5, 0.5)
# For a message in a language that none of the questions is in: the mean of fits on the demo company's phrasings, those of each language
# asked of the other's knowledge. The fit on one direction put 73.1 (zh) and 71.1 % (en) of the other right first, PRIOR_WEIGHTS
# 66.1 and 65.7 %. Translated words (`retrieval.word_pairs`) are few, so a share of them says much; the head's n-grams say nothing, and what
# other customers' messages echo was not there to be weighed.
ACROSS_WEIGHTS: tuple[float, ...] = (0.6, 0.0, 0.7, 1.4, 3.0, 22.0, 0.65, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of relevance, the sum of weight * part over PARTS; by language, PRIOR_WEIGHTS elsewhere.

    Relevance is in logits: softmax over the candidates of one search estimates which of them is right
    given that one of them is (conditional logit, McFadden 1974).
    """

    weights: Mapping[Language, tuple[float, ...]] = field(default_factory=dict)

    def relevance(self, parts: Floats, exact: NDArray[np.bool_], *, language: Language) -> Floats:
        """(n,) relevance of n answers from their (n, p) parts; exact ones come first."""
        weights = np.array(self.weights.get(language, PRIOR_WEIGHTS))
        relevance: Floats = parts @ weights + EXACT_LEAD * exact
        return relevance


PRIOR_FUSION = Fusion()


def parts_of(candidate: Candidate) -> tuple[float, ...]:
    """What is weighed, in the order of PARTS."""
    return (
        candidate.standing,
        candidate.passage_standing,
        float(np.log(candidate.support + SUPPORT_FLOOR)),
        candidate.question_lexical,
        candidate.passage_lexical,
        candidate.answer_lexical,
        candidate.meaning,
        candidate.wording,
        float(np.log1p(ECHO_SCALE * candidate.echo)),
    )


def reordered(retrieved: Retrieved, fusion: Fusion) -> Retrieved:
    """The same search, its candidates fused and ordered by other weights."""
    if not retrieved.candidates:
        return retrieved
    parts = np.array([parts_of(candidate) for candidate in retrieved.candidates])
    exact = np.array([candidate.exact for candidate in retrieved.candidates])
    relevance = fusion.relevance(parts, exact, language=retrieved.language).tolist()
    renewed = [
        replace(candidate, relevance=value)
        for candidate, value in zip(retrieved.candidates, relevance, strict=True)
    ]
    renewed.sort(key=lambda candidate: (-candidate.relevance, candidate.answer_id))
    return replace(retrieved, candidates=tuple(renewed))
