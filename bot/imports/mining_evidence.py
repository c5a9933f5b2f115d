"""How far similar questions got the same answer: the agreement among agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.imports.mining_exchanges import Exchange
from bot.imports.mining_groups import nearest

NEIGHBOURS = 32


@dataclass(frozen=True, slots=True)
class AskedQuestions:
    """A sample of the exchanges that speak for one answer, with their questions' vectors: `(q, d)` float32, unit rows.

    `total_weight` is that of all its exchanges.
    """

    exchanges: tuple[Exchange, ...]
    vectors: NDArray[np.float32]
    total_weight: float

    @property
    def scale(self) -> float:
        """How many exchanges one of the sample stands for."""
        return self.total_weight / sum(exchange.weight for exchange in self.exchanges)

    @classmethod
    def joined(cls, parts: Sequence[AskedQuestions]) -> AskedQuestions:
        """All of several."""
        exchanges = tuple(exchange for part in parts for exchange in part.exchanges)
        total = sum(part.total_weight for part in parts)
        return cls(exchanges, np.concatenate([part.vectors for part in parts]), total)


def agreement_of_answers(answers: Sequence[AskedQuestions], *, least_similarity: float) -> list[float]:
    """For each answer, the chance that a similar question asked in another dialogue got this answer too.

    Over all pairs (a question of the answer, a similar question of another dialogue) let `same` be the weight of
    the pairs whose second question got this answer, `all` the weight of all pairs (a sampled question stands for
    `scale` of them). The agreement is Laplace's rule
    of succession, (same + 1) / (all + 2): 0.5 without evidence, towards 1 when agents agree, towards 0 when
    similar questions get other answers.

    Args:
        answers: For each answer the questions that led to it.
        least_similarity: Cosine from which two questions count as similar.
    """
    if not answers:
        return []
    asked = [(number, exchange) for number, answer in enumerate(answers) for exchange in answer.exchanges]
    scales = [answer.scale for answer in answers]
    same, total = np.zeros(len(answers)), np.zeros(len(answers))
    similarities, neighbours = nearest(np.concatenate([answer.vectors for answer in answers]), NEIGHBOURS + 1)
    for (number, exchange), row, columns in zip(asked, similarities, neighbours, strict=True):
        for similarity, column in zip(row.tolist(), columns.tolist(), strict=True):
            other_number, other = asked[column]
            if similarity < least_similarity or other.asked.conversation_id == exchange.asked.conversation_id:
                continue
            total[number] += other.weight * scales[other_number]
            same[number] += other.weight * scales[other_number] * (other_number == number)
    return [float(value) for value in (same + 1) / (total + 2)]
