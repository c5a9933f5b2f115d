"""Unlabelled messages as evidence: whether others like this one could be answered, with what, and how many of them there are.

What customers ask that nobody has answered yet, they ask again and again in other words. A message's neighbours among earlier
messages tell that, beside what its own candidates say:

- echo of a candidate: how likely it is the right answer of such neighbours, by what is known without traffic (labels spread over
  neighbours, Zhou et al. 2004, "Learning with local and global consistency").
- familiarity: the mean log odds that the best candidates of such neighbours are right. A message amid others that the bot can't
  answer is doubtful however near its own candidate looks.
- coverage: how much nearer to such neighbours the company's questions lie than other messages do. Where messages are dense and questions
  are not, people ask for what the knowledge lacks (a ratio of densities by nearest neighbours, as in Hido et al. 2011, "Statistical
  outlier detection using direct density ratio estimation").

All three are of the neighbours alone: a company words its questions otherwise than its customers do, and what is measured on its questions
must hold for theirs. How much they count is learned with the rest (:mod:`retrieval.fusion_fit`, :mod:`retrieval.confidence`). Figures:
docs/recipe.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Retrieved, Surroundings
from retrieval.errors import RetrievalError
from retrieval.evidence import RANKS
from retrieval.fusion import Fusion, reordered

if TYPE_CHECKING:
    from retrieval.confidence_model import ConfidenceModel

LEAST_MESSAGES, MOST_MESSAGES = 100, 4000
NEIGHBOURS = 10  # 5, 10 and 20 gave the same on mock companies
SHARPNESS = 10.0  # a neighbour counts e^(10 * cosine)
DENSITY_OF = 5  # nearest messages; as many questions as in `retrieval.retriever.NEARNESS_OF`
COPY = 0.98  # nearer messages are passed over: a message must not meet itself, neither here nor where weights are fitted
MOST_SURE = 0.999
TENTHS = 10.0  # coverage is told in tenths of the cosine
BLOCK = 512  # messages looked up at once

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Traffic:
    """m earlier messages of customers, as numbers alone.

    Attributes:
        vectors: (m, d) float32 unit rows.
        answers: ids that the messages may have for an answer.
        guesses, chances: (m, RANKS) int64 place in `answers` of each one's best candidates, -1 for none, and float32 how
            likely each is right by everything but traffic.
        coverage: (m,) float32 how much nearer questions lie to each than other messages do, in tenths of the cosine.
        newest_question: of the knowledge that judged them. What was learned later, they know nothing of.
    """

    vectors: Floats
    answers: tuple[str, ...]
    guesses: NDArray[np.int64]
    chances: Floats
    coverage: Floats
    newest_question: int

    @classmethod
    def of(
        cls, found: Sequence[Retrieved], model: ConfidenceModel, *, newest_question: int
    ) -> Traffic | None:
        """Judged by `model`, which knows no traffic; None where they are too few to tell anything."""
        if len(found) < LEAST_MESSAGES:
            return None
        answers = sorted({candidate.answer_id for each in found for candidate in each.candidates[:RANKS]})
        places = {answer: place for place, answer in enumerate(answers)}
        guesses, chances = np.full((len(found), RANKS), -1), np.zeros((len(found), RANKS), np.float32)
        for row, each in enumerate(found):
            best = each.candidates[:RANKS]
            guesses[row, : len(best)] = [places[candidate.answer_id] for candidate in best]
            chances[row, : len(best)] = model.confidences(each)[:RANKS]
        vectors = np.stack([each.vector for each in found])
        nearness = np.array([each.nearness for each in found])
        nearest = [_nearest(block, vectors)[1] for block in _blocks(vectors)]
        density = np.concatenate(nearest)[:, :DENSITY_OF].mean(axis=1)
        coverage = (TENTHS * (nearness - density)).astype(np.float32)
        return cls(vectors, tuple(answers), guesses, chances, coverage, newest_question)

    def surround(self, found: Sequence[Retrieved], fusion: Fusion) -> list[Retrieved]:
        """The same searches with their surroundings, the candidates in the order that these give them.

        As it was where the best candidate rests on a question that came later: the messages were judged without it.
        """
        if not found:
            return []
        told = np.stack([log_odds(self.chances[:, 0]), self.coverage], axis=1)  # (m, 2)
        renewed: list[Retrieved] = []
        for block in _blocks(np.stack([each.vector for each in found])):
            numbers, cosines = _nearest(block, self.vectors)  # (b, k)
            weights = np.exp(SHARPNESS * (cosines - cosines[:, :1]))
            weights /= weights.sum(axis=1, keepdims=True)
            means = np.einsum("bk,bkt->bt", weights, told[numbers])
            for place, row in enumerate(means.tolist()):
                each = found[len(renewed)]
                if not self._is_outdated(each.candidates[:1]):
                    heard = self._echoes(each.candidates, numbers[place], weights[place])
                    around = replace(each, candidates=heard, surroundings=Surroundings(*row))
                    each = reordered(around, fusion)
                renewed.append(each)
        return renewed

    def _is_outdated(self, candidates: Sequence[Candidate]) -> bool:
        return any(candidate.question_number > self.newest_question for candidate in candidates)

    def _echoes(
        self, candidates: Sequence[Candidate], neighbours: NDArray[np.intp], weights: Floats
    ) -> tuple[Candidate, ...]:
        """An answer that came later sounds like the best one that was there: nothing is held against it."""
        shares: dict[str, float] = {}
        guesses, chances = self.guesses[neighbours], self.chances[neighbours] * weights[:, None]
        for place, chance in zip(guesses.ravel().tolist(), chances.ravel().tolist(), strict=True):
            if place >= 0:
                shares[self.answers[place]] = shares.get(self.answers[place], 0.0) + chance
        most = max((shares.get(candidate.answer_id, 0.0) for candidate in candidates), default=0.0)
        return tuple(
            replace(each, echo=most if self._is_outdated([each]) else shares.get(each.answer_id, 0.0))
            for each in candidates
        )

    def write(self, file: Path) -> None:
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[Any]] = {
            "vectors": self.vectors.astype(np.float16),
            "guesses": self.guesses,
            "chances": self.chances,
            "coverage": self.coverage,
            "newest_question": np.array([self.newest_question], np.int64),
        }
        save_file(tensors, str(file), metadata={"answers": json.dumps(self.answers)})

    @classmethod
    def load(cls, file: Path) -> Traffic:
        """Reads a verified file.

        Raises:
            RetrievalError: its parts do not fit together.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(file), framework="numpy") as opened:
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 -- no mapping
                answers = tuple(json.loads(opened.metadata()["answers"]))
            (newest,) = tensors.pop("newest_question").tolist()
            made = cls(
                **{**tensors, "vectors": tensors["vectors"].astype(np.float32)},
                answers=answers,
                newest_question=newest,
            )
            _check(made)
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise RetrievalError(
                f"The traffic cannot be read ({error!r}); make the checkpoint anew"
            ) from error
        return made


def _check(traffic: Traffic) -> None:
    """Raises ValueError where tensors do not fit together."""
    count = len(traffic.vectors)
    shapes = {"guesses": (count, RANKS), "chances": (count, RANKS), "coverage": (count,)}
    for name, shape in shapes.items():
        if getattr(traffic, name).shape != shape:
            raise ValueError(f"{name} has the shape {getattr(traffic, name).shape}, not {shape}")
    if traffic.vectors.ndim != 2 or count < LEAST_MESSAGES or traffic.guesses.max() >= len(traffic.answers):
        raise ValueError(f"{count} messages with {len(traffic.answers)} answers")


def without_traffic(retrieved: Retrieved) -> Retrieved:
    """The same search with nothing that other messages told; the candidates stay in their order."""
    candidates = tuple(replace(candidate, echo=0.0) for candidate in retrieved.candidates)
    return replace(retrieved, candidates=candidates, surroundings=None)


def log_odds(chances: NDArray[np.floating[Any]]) -> Floats:
    """Of chances, none of them surer than MOST_SURE either way."""
    clipped = np.clip(chances, 1 - MOST_SURE, MOST_SURE)
    odds: Floats = np.log(clipped / (1 - clipped)).astype(np.float32)
    return odds


def _blocks(vectors: Floats) -> Iterator[Floats]:
    return (vectors[start : start + BLOCK] for start in range(0, len(vectors), BLOCK))


def _nearest(vectors: Floats, messages: Floats) -> tuple[NDArray[np.intp], Floats]:
    """(b, NEIGHBOURS) numbers and cosines of the nearest messages of (b, d) rows, falling; copies are passed over."""
    cosines = vectors @ messages.T  # (b, m)
    cosines[cosines > COPY] = -1.0
    some = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    order = np.argsort(-np.take_along_axis(cosines, some, axis=1), axis=1, kind="stable")
    numbers = np.take_along_axis(some, order, axis=1)
    return numbers, np.take_along_axis(cosines, numbers, axis=1)
