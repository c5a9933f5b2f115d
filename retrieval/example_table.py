"""Examples as arrays, so that fitting again and again costs little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from retrieval.evidence import RANKS, RIVALS, Flags, Floats, evidence_features
from retrieval.fusion import PARTS, Fusion, parts_of
from retrieval.leave_one_out import Example


@dataclass(frozen=True, slots=True)
class ExampleTable:
    """n examples of c candidates each; where there are fewer, `present` is False.

    Attributes:
        parts: (n, c, p) as in `retrieval.fusion`.
        present, exact, right, questioned: (n, c); `questioned` means that the answer has a question of its own.
        words, chinese, languages, groups: (n,).
        surroundings: (n, 2) familiarity and coverage, nan where there is none.
    """

    parts: Floats
    present: Flags
    exact: Flags
    right: Flags
    questioned: Flags
    known: Flags
    words: NDArray[np.int_]
    chinese: Flags
    languages: NDArray[np.str_]
    groups: NDArray[np.str_]
    surroundings: Floats

    @classmethod
    def of(cls, examples: Sequence[Example]) -> ExampleTable:
        count = len(examples)
        parts = np.zeros((count, RIVALS, len(PARTS)))
        present, exact, right, questioned = np.zeros((4, count, RIVALS), bool)
        for row, example in enumerate(examples):
            for place, candidate in enumerate(example.retrieved.candidates[:RIVALS]):
                parts[row, place] = parts_of(candidate)
                present[row, place] = True
                exact[row, place] = candidate.exact
                right[row, place] = candidate.answer_id in example.right
                questioned[row, place] = candidate.question_number > 0
        languages = np.array([example.language for example in examples], dtype=np.str_)
        return cls(
            parts=parts,
            present=present,
            exact=exact,
            right=right,
            questioned=questioned,
            known=np.array([bool(example.right) for example in examples], bool),
            words=np.array([example.retrieved.words for example in examples], int),
            chinese=languages == "zh",
            languages=languages,
            groups=np.array([example.group for example in examples], dtype=np.str_),
            surroundings=np.array([_surroundings(example) for example in examples]).reshape(count, 2),
        )

    def __len__(self) -> int:
        return len(self.known)

    def only(self, rows: Flags) -> ExampleTable:
        return ExampleTable(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def ranked(self, fusion: Fusion) -> RankedTable:
        """The candidates in the order that `fusion` gives them, with their evidence."""
        relevance = np.full(self.present.shape, -np.inf)
        for language in np.unique(self.languages):
            own = self.languages == language
            fused = fusion.relevance(self.parts[own], self.exact[own], language=str(language))
            relevance[own] = np.where(self.present[own], fused, -np.inf)
        order = np.argsort(-relevance, axis=1, kind="stable")  # (n, c), absent ones last
        present = np.take_along_axis(self.present, order, axis=1)
        features = evidence_features(
            np.take_along_axis(self.parts, order[:, :, None], axis=1),
            np.take_along_axis(np.where(self.present, relevance, 0.0), order, axis=1),
            present,
            words=self.words,
            chinese=self.chinese,
        )
        right = np.take_along_axis(self.right, order, axis=1)
        return RankedTable(features, right[:, :RANKS], present[:, :RANKS], order)


def _surroundings(example: Example) -> tuple[float, float]:
    around = example.retrieved.surroundings
    return (np.nan, np.nan) if around is None else (around.familiarity, around.coverage)


@dataclass(frozen=True, slots=True)
class RankedTable:
    """The best candidates: (n, RANKS, f) features, (n, RANKS) whether right, (n, RANKS) whether there.

    `order` (n, c) are the places of all candidates by falling relevance, absent ones last.
    """

    features: Floats
    right: Flags
    present: Flags
    order: NDArray[np.intp]
