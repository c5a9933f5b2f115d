"""The audit sample: exchanges drawn by lot for a person to judge, so that what is said of the bot's quality is true.

What the queue ranks first is what the bot is unsure of, and says nothing about how often it errs. So every tenth question of the queue is
drawn instead: each exchange of the last week that the promoted release replied to is drawn with the same probability, whatever
was asked, replied or decided, and never twice. Few wait at a time, so that people's pace sets how many are drawn. They are judged in
the order of the draws: what has been drawn after the first one that nobody has judged yet does not count, so that it makes no
difference which are judged quickly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random, SystemRandom

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import given_answer
from bot.releases import repository as releases
from bot.review import audit_repository as repository
from bot.review.audit_repository import Drawn, Said
from bot.review.verdicts import Verdicts, verdicts_on
from retrieval.normalize import fold

MOST_WAITING = 5
DRAWN_FROM = timedelta(days=7)
LAPSES = timedelta(days=14)
"""A draw that nobody has judged by then is left out: else one that is put off for ever would hold up all."""

TELLS_FROM, TELLS_FOR = 100, timedelta(days=90)
"""So many audits tell the share of unknown questions to within 0.1, and for so long."""


@dataclass(frozen=True)
class Audited:
    """A drawn exchange and what a person says.

    ``confidences`` are the candidates', falling; ``right_at`` is the place of the right one, None when it is not among
    them. ``answered`` tells whether an answer was given, ``wrong`` whether that was another than the right one, ``unknown``
    whether there was no right answer when it was asked.
    """

    exchange_id: str
    asked_at: datetime
    language: str
    rule: str
    confidences: tuple[float, ...]
    right_at: int | None
    answered: bool
    wrong: bool
    unknown: bool

    @property
    def confidence(self) -> float:
        return self.confidences[0] if self.confidences else 0.0


@dataclass(frozen=True)
class Sample:
    """``judged`` in the order of the draws, of each release up to the first that waits.

    ``lapsed`` were left out, since nobody said anything of them; here they are taken for right, so that who judges what was
    wrong alone accuses nobody by it.
    """

    judged: tuple[Audited, ...]
    waiting: tuple[str, ...]
    lapsed: tuple[Audited, ...]

    @property
    def many_lapsed(self) -> bool:
        """More than a tenth: so many are tolerated to be wrong, and those that were judged may have been picked."""
        return len(self.lapsed) > (len(self.judged) + len(self.lapsed)) / 10


async def audit_sample(
    session: AsyncSession, *, at: datetime, release_id: str | None = None, since: datetime | None = None
) -> Sample:
    """Of one release, or of all of them, drawn since then."""
    drawn = await repository.draws(session, release_id=release_id, since=since)
    verdicts = await verdicts_on(session, drawn)
    judged: list[Audited] = []
    waiting: list[str] = []
    held_up: set[str] = set()
    lapsed: list[Audited] = []
    for each in drawn:
        said = verdicts.about(each)
        if said is not None or not fold(each.utterance):
            if each.release_id not in held_up:
                judged.append(_audited(each, said, verdicts))
        elif at - each.drawn_at > LAPSES:
            lapsed.append(_taken_for_right(each))
        else:
            waiting.append(each.exchange_id)
            held_up.add(each.release_id)
    return Sample(tuple(judged), tuple(waiting), tuple(lapsed))


async def top_up(session: AsyncSession, *, at: datetime, random: Random | None = None) -> int:
    """Draws so many that ``MOST_WAITING`` wait, where there is traffic; how many it drew.

    ``lock_decisions`` comes before it, so that two processes draw one after the other.
    """
    random = random or SystemRandom()
    _, promoted = await releases.promoted(session)
    if promoted is None:
        return 0
    release_id, since = promoted.release.id, at - DRAWN_FROM
    wanted = MOST_WAITING - len(await waiting_audits(session, release_id, at=at))
    population = await repository.count_drawable(session, release_id, since=since) if wanted > 0 else 0
    drawn = 0
    while drawn < wanted and population > 0:
        place = random.randrange(population)
        chosen = await repository.nth_drawable(session, release_id, since=since, place=place)
        await repository.add_draw(session, chosen, release_id=release_id, population=population, at=at)
        drawn, population = drawn + 1, population - 1
    return drawn


async def waiting_audits(session: AsyncSession, release_id: str, *, at: datetime) -> Sequence[str]:
    """Drawn exchanges that nobody has judged, in the order of the draws."""
    return (await audit_sample(session, at=at, release_id=release_id, since=at - LAPSES)).waiting


async def traffic_unknown_share(session: AsyncSession, *, at: datetime) -> float | None:
    """How many messages of late no answer covered; None until enough are judged, and where many were left unjudged."""
    sample = await audit_sample(session, at=at, since=at - TELLS_FOR)
    if len(sample.judged) < TELLS_FROM or sample.many_lapsed:
        return None
    return unknown_share(sample.judged)


def unknown_share(judged: Sequence[Audited]) -> float:
    """Within 0.02 and 0.9: so few are no proof that there are none, or nothing else."""
    return min(0.9, max(0.02, sum(each.unknown for each in judged) / len(judged)))


def _audited(drawn: Drawn, said: Said | None, verdicts: Verdicts) -> Audited:
    """``said`` is None for a wordless message, which has no right answer, and nobody can be asked about it."""
    right = said.answer_id if said else None
    given = given_answer(drawn.outcome, drawn.reply)
    places = [verdicts.now(row["answer_id"]) for row in drawn.candidates]
    place = verdicts.now(right) if right is not None else None
    return Audited(
        exchange_id=drawn.exchange_id,
        asked_at=drawn.asked_at,
        language=drawn.language,
        rule=drawn.rule,
        confidences=_confidences(drawn),
        right_at=places.index(place) if place in places else None,
        answered=given is not None,
        wrong=given is not None and verdicts.now(given) != place,
        unknown=right is None or not verdicts.could_be_given(right, drawn.asked_at),
    )


def _taken_for_right(drawn: Drawn) -> Audited:
    return Audited(
        exchange_id=drawn.exchange_id,
        asked_at=drawn.asked_at,
        language=drawn.language,
        rule=drawn.rule,
        confidences=_confidences(drawn),
        right_at=0 if drawn.candidates else None,
        answered=given_answer(drawn.outcome, drawn.reply) is not None,
        wrong=False,
        unknown=False,
    )


def _confidences(drawn: Drawn) -> tuple[float, ...]:
    return tuple(float(row.get("confidence", 0.0)) for row in drawn.candidates)
