"""What a person says of a drawn exchange, among all that people have decided about its words before and since.

A verdict is about the time of the reply: what is decided about the same words next season says nothing of what was right this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import given_answer
from bot.db.knowledge_tables import AnswerState
from bot.knowledge.folding import folded_hash
from bot.review import audit_repository as repository
from bot.review.audit_repository import Drawn, History, Said
from bot.review.repository import ever_decided
from bot.review.waiting import key_of
from retrieval.near_duplicates import same_question_key


@dataclass(frozen=True)
class Verdicts:
    """``said`` by the hash of the form and by the key of near-duplicates, as the queue lets them go together, the newest last.

    ``merged`` tells which answer each that was merged away is now; by that one ``histories`` are those of all that it was.
    """

    said: Mapping[str, Sequence[Said]]
    merged: Mapping[str, str]
    histories: Mapping[str, Sequence[History]]

    def about(self, drawn: Drawn) -> Said | None:
        """None while nobody has said what was right then."""
        of_form = self.said.get(folded_hash(drawn.utterance), ())
        own = [each for each in of_form if each.exchange_id == drawn.exchange_id]
        if own:
            return own[-1]
        alike = self.said.get(key_of(drawn.utterance), ())
        return self._at_the_time(drawn, of_form) or self._at_the_time(drawn, alike)

    def _at_the_time(self, drawn: Drawn, said: Sequence[Said]) -> Said | None:
        """The first decision after it, else the newest before it, unless that had lost its answer by then and leaves the question open.

        A decision from when the answer that was given could be chosen no more comes last: it can't tell whether that had been right.
        """
        given = given_answer(drawn.outcome, drawn.reply)
        decisions = [each for each in said if not each.of_it_alone]
        later = [each for each in decisions if each.at > drawn.asked_at]
        before = [each for each in decisions if each.at <= drawn.asked_at]
        of_the_time = [each for each in later if given is None or self.could_be_given(given, each.at)]
        held = [
            each
            for each in before[-1:]
            if each.stands or each.answer_id is None or self.could_be_given(each.answer_id, drawn.asked_at)
        ]
        return next(iter([*of_the_time, *held, *later]), None)

    def now(self, answer_id: str) -> str:
        """By which answers that were merged are the same one."""
        return self.merged.get(answer_id, answer_id)

    def could_be_given(self, answer_id: str, at: datetime) -> bool:
        """Whether it, or one that was merged into it, was approved and valid then."""
        return any(_could_be_given(each, at) for each in self.histories.get(self.now(answer_id), ()))


async def verdicts_on(session: AsyncSession, drawn: Sequence[Drawn]) -> Verdicts:
    said: dict[str, list[Said]] = {}
    if not drawn:
        return Verdicts({}, {}, {})
    utterances = [each.utterance for each in drawn]
    keys = {same_question_key(each) for each in utterances}
    alike = [each for each in await ever_decided(session) if same_question_key(each) in keys]
    forms = sorted({folded_hash(each) for each in (*utterances, *alike)})
    named = {given for each in drawn if (given := given_answer(each.outcome, each.reply)) is not None}
    for each in await repository.verdicts(session, forms):
        said.setdefault(each.folded, []).append(each)
        said.setdefault(key_of(each.utterance), []).append(each)
        named |= {each.answer_id} if each.answer_id is not None else set()
    candidates = {str(row["answer_id"]) for each in drawn for row in each.candidates}
    merged = await _merged(session, named | candidates)
    histories: dict[str, list[History]] = {}
    concerned = named | merged.keys() | set(merged.values())
    for id, history in (await repository.histories(session, concerned)).items():
        histories.setdefault(merged.get(id, id), []).append(history)
    return Verdicts(said, merged, histories)


async def _merged(session: AsyncSession, ids: set[str]) -> dict[str, str]:
    """Answer by answer what it is now, where that was merged away, too, as well."""
    merged: dict[str, str] = {}
    new = ids
    while new:
        found = await repository.merged_into(session, new)
        merged |= found
        new = set(found.values()) - merged.keys()
    return ends_of(merged)


def ends_of(merged: Mapping[str, str]) -> dict[str, str]:
    """Where the way of each one ends; of answers merged into each other, at the first."""
    ends = {id: _end(id, merged) for id in merged}
    return {id: end for id, end in ends.items() if id != end}


def _end(id: str, merged: Mapping[str, str]) -> str:
    path = [id]
    while (into := merged.get(path[-1])) is not None and into not in path:
        path.append(into)
    return path[-1] if into is None else min(path[path.index(into) :])


def _could_be_given(history: History, at: datetime) -> bool:
    """An answer whose beginning was not kept counts from its creation on."""
    past = [content for made_at, content in history.versions if made_at <= at]
    if not past:
        return history.created_at <= at
    newest = past[-1]
    begun = newest.valid_from is None or newest.valid_from <= at
    over = newest.valid_until is not None and newest.valid_until <= at
    return newest.state == AnswerState.APPROVED and begun and not over
