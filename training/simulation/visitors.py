"""Visitors who say something about replies, honestly with some noise or with an aim of their own, and what is learned from that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np

from retrieval.decision import Outcome
from retrieval.trust import (
    Kind,
    Surroundings,
    Voice,
    Weighed,
    crowds,
    one_voice_each,
    weigh,
    weigh_answer,
    within_share,
)
from training.simulation.orders import Asked

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS_A_DAY = 24 * 3600
SESSIONS_A_NETWORK = 10  # of hostile visitors; honest ones have one each


class Strategy(StrEnum):
    """What hostile visitors want: right answers to look wrong, one answer to be given everywhere, or noise."""

    FLIP = "flip"
    PROMOTE = "promote"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who votes, and how.

    Attributes:
        noise: share of honest visitors who say the opposite, or choose at random.
        hostile: share of visitors who are; they always vote.
        voting: share of honest visitors who say something.
        sessions: from which the hostile ones come, ten of them from one network.
        visits: how many visitors in the mean ask the same thing in the same words.
    """

    noise: float = 0.1
    hostile: float = 0.0
    strategy: Strategy = Strategy.FLIP
    sessions: int = 100
    voting: float = 0.3
    visits: float = 1.0


@dataclass(frozen=True, slots=True)
class VisitorLabel:
    """What is learned from visitors about a message, and how much it counts in training."""

    asked: Asked
    answer: str
    weight: float


class Visitors:
    """All that was said so far. The same seed gives the same people whatever is labelled meanwhile."""

    def __init__(self, crowd: Crowd, *, promoted: str, seed: int) -> None:
        self._crowd = crowd
        self._promoted = promoted
        self._seed = seed
        self._asked: dict[int, Asked] = {}
        self._voices: dict[int, list[Voice]] = {}
        self._shown: Counter[str] = Counter()

    def visits(self, number: int) -> int:
        """How many ask the message of this number; 1 where the mean is 1."""
        return int(np.random.default_rng([self._seed, number]).geometric(1.0 / self._crowd.visits))

    def vote(self, asked: Asked, *, day: int) -> None:
        """Everybody who asked this message has read the reply, and some say something about it."""
        random = np.random.default_rng([self._seed, asked.row.number, 1])
        self._asked[asked.row.number] = asked
        self._shown.update(asked.shown * asked.waiting.asked)
        said = [
            voice
            for visit in range(asked.waiting.asked)
            if (voice := self._voice(asked, visit, day, random)) is not None
        ]
        if said:
            self._voices[asked.row.number] = said

    def heard(self, asked: Asked) -> Asked:
        """The message with what visitors say of the answer that it was given, by the rules of trust."""
        voices = self._voices.get(asked.row.number)
        if not voices or asked.given is None:
            return asked
        found = weigh_answer(asked.given, one_voice_each(voices), self._around(asked))
        return asked.with_voices(found.support, found.dissent)

    def believed(self, questions: Counter[str]) -> list[VisitorLabel]:
        """What the rules of trust let become labels, where each answer has so many questions of other sources."""
        weighed = [(self._asked[number], self._weighed(number, voices)) for number, voices in self.spoken()]
        eligible = [(asked, found) for asked, found in weighed if found.eligible and found.answer_id]
        room = within_share(Counter(str(found.answer_id) for _, found in eligible), questions)
        labels = []
        for asked, found in sorted(eligible, key=lambda pair: (-pair[1].support, pair[0].row.number)):
            answer = str(found.answer_id)
            if room[answer] > 0:
                room[answer] -= 1
                labels.append(VisitorLabel(asked, answer, found.weight))
        return labels

    def undefended(self) -> list[VisitorLabel]:
        """Each vote a label: what the last visitor of a message liked or chose is learned as if an operator had said so."""
        labels = []
        for number, voices in sorted(self._voices.items()):
            liked = [voice for voice in voices if voice.kind is not Kind.DOWN]
            if liked:
                labels.append(VisitorLabel(self._asked[number], liked[-1].answer_id, 1.0))
        return labels

    def _weighed(self, number: int, voices: Sequence[Voice]) -> Weighed:
        return weigh(voices, (), self._around(self._asked[number]))

    def _around(self, asked: Asked) -> Surroundings:
        shares = dict(zip(asked.answers, asked.neighbours, strict=True))
        return Surroundings(shown_to=self._shown, neighbours=shares)

    def spoken(self) -> Iterator[tuple[int, list[Voice]]]:
        """All voices by message, each with how many spoke about the same answer at about its time."""
        by_answer: dict[str, list[Voice]] = defaultdict(list)
        for _, voices in sorted(self._voices.items()):
            for voice in voices:
                by_answer[voice.answer_id].append(voice)
        counts: dict[str, int] = {}
        for voices in by_answer.values():
            counts.update(zip((v.id for v in voices), crowds([v.at for v in voices]), strict=True))
        for number, voices in sorted(self._voices.items()):
            yield number, [replace(voice, crowd=counts[voice.id]) for voice in voices]

    def _voice(self, asked: Asked, visit: int, day: int, random: np.random.Generator) -> Voice | None:
        is_hostile = random.random() < self._crowd.hostile
        speaks, errs = random.random(2) < (self._crowd.voting, self._crowd.noise)
        second = int(random.integers(SECONDS_A_DAY))
        wanted, likes = self._aim(asked, random) if is_hostile else _honest(asked, bool(errs), random)
        if not (is_hostile or speaks) or wanted is None:
            return None
        choosing = asked.outcome is Outcome.CLARIFIED
        session = int(random.integers(self._crowd.sessions))
        own = f"{asked.row.number}-{visit}"
        return Voice(
            id=own,
            kind=Kind.CHOICE if choosing else Kind.UP if likes else Kind.DOWN,
            answer_id=wanted,
            visitor=f"hostile {session}" if is_hostile else own,
            block=f"1.hostile {session // SESSIONS_A_NETWORK}" if is_hostile else f"1.{own}",
            at=FIRST_DAY + timedelta(days=day, seconds=second),
        )

    def _aim(self, asked: Asked, random: np.random.Generator) -> tuple[str | None, bool]:
        shown = asked.shown
        if not shown:
            return None, False
        if self._crowd.strategy is Strategy.RANDOM:
            return str(random.choice(shown)), bool(random.random() < 0.5)
        if self._crowd.strategy is Strategy.PROMOTE:
            if asked.outcome is Outcome.CLARIFIED:
                return (self._promoted if self._promoted in shown else None), True
            return shown[0], shown[0] == self._promoted
        wrong = [answer for answer in shown if answer != asked.row.intent]
        if asked.outcome is Outcome.CLARIFIED:
            return (wrong[0] if wrong else None), True
        return shown[0], bool(wrong)


def _honest(asked: Asked, errs: bool, random: np.random.Generator) -> tuple[str | None, bool]:
    """The answer that is spoken about and whether it is liked; None where there is nothing to say."""
    shown = asked.shown
    if asked.outcome is Outcome.CLARIFIED:
        if errs:
            return str(random.choice(shown)), True
        return (asked.row.intent if asked.row.intent in shown else None), True
    if not shown:
        return None, False
    return shown[0], (shown[0] == asked.row.intent) != errs
