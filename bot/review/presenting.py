"""A question of the queue as an operator sees it: all that one decision needs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.conversation_tables import Exchange
from bot.review import repository
from bot.review.desk import Entry
from bot.review.repository import Vote
from bot.review.schemas import AnswerShown, ProposalOut, Quoted, ReviewItem, Votes, Why
from bot.review.waiting import Opinion, Waiting, key_of
from retrieval.review_ranking import Ranked

SHOWN = 5
COMMENTS = 3
T = TypeVar("T")


async def review_items(session: AsyncSession, entries: Sequence[Entry]) -> list[ReviewItem]:
    """Read now; what was erased meanwhile is left out."""
    newest = await repository.exchanges(session, [entry.waiting.newest.id for entry in entries])
    concerned = {row["answer_id"] for exchange in newest.values() for row in exchange.candidates[:SHOWN]}
    texts = await repository.texts_of_answers(session, concerned)
    ids = [row.id for entry in entries for row in entry.waiting.rows]
    given = await repository.votes_on(session, ids)
    votes = _by_key(entries, ((vote.exchange_id, vote) for vote in given))
    signals = _by_key(entries, await repository.kinds_of_signals(session, ids))
    return [
        _item(
            entry,
            newest[entry.waiting.newest.id],
            texts,
            votes=votes.get(entry.waiting.key, []),
            signals=signals.get(entry.waiting.key, []),
        )
        for entry in entries
        if entry.waiting.newest.id in newest
    ]


async def exchange_item(session: AsyncSession, exchange_id: str) -> ReviewItem | None:
    """One exchange by itself, wherever its question stands; None when there is no such exchange."""
    row = await repository.any_asked(session, exchange_id)
    if row is None:
        return None
    waiting = Waiting(key_of(row.utterance), [row])
    nowhere = Ranked(row=0, gain=0.0, uncertainty=0.0, doubt=0.0, settles=0.0)
    items = await review_items(session, [Entry(waiting, nowhere)])
    return items[0] if items else None


def can_be_decided(item: ReviewItem) -> bool:
    """Whether it asks something that an answer could be right for, and in letters or digits."""
    return repository.is_question(item.rule) and bool(key_of(item.utterance))


def _by_key(entries: Sequence[Entry], found: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    owner = {row.id: entry.waiting.key for entry in entries for row in entry.waiting.rows}
    grouped: dict[str, list[T]] = {}
    for exchange_id, each in found:
        grouped.setdefault(owner[exchange_id], []).append(each)
    return grouped


def _item(
    entry: Entry,
    exchange: Exchange,
    texts: Mapping[str, Mapping[str, str]],
    *,
    votes: Sequence[Vote],
    signals: Sequence[str],
) -> ReviewItem:
    waiting, ranked = entry.waiting, entry.ranked
    shown = [row for row in exchange.candidates[:SHOWN] if texts.get(row["answer_id"])]
    return ReviewItem(
        exchange_id=exchange.id,
        utterance=exchange.question,
        language=exchange.language,
        asked=waiting.asked,
        asked_at=exchange.created_at,
        outcome=exchange.outcome,
        rule=exchange.rule,
        answer_at=waiting.newest.answer_at,
        reply=exchange.reply["text"],
        given=waiting.newest.given,
        quoted=_quoted(exchange.reply),
        candidates=[_answer(row, texts[row["answer_id"]], exchange.language) for row in shown],
        votes=_votes(votes),
        signals=dict(sorted(Counter(signals).items())),
        proposal=_proposal(waiting.opinions),
        audit=entry.audit,
        why=Why(
            gain=round(ranked.gain, 4),
            uncertainty=round(ranked.uncertainty, 4),
            doubt=round(ranked.doubt, 4),
            settles=round(ranked.settles, 4),
        ),
    )


def _answer(row: JsonObject, texts: Mapping[str, str], language: str) -> AnswerShown:
    return AnswerShown(
        answer_id=row["answer_id"],
        question=row.get("question"),
        text=texts.get(language) or next(iter(texts.values())),
        confidence=row.get("confidence", 0.0),
        similarity=row.get("similarity", 0.0),
        lexical=row.get("lexical", 0.0),
        support=row.get("support", 0.0),
    )


def _quoted(reply: JsonObject) -> list[Quoted]:
    return [
        Quoted(text=part["text"], heading=part["source"]["heading"], section_id=part["section_id"])
        for part in reply["parts"]
        if part.get("source")
    ]


def _votes(votes: Sequence[Vote]) -> Votes:
    ratings = Counter(vote.rating for vote in votes)
    comments = [vote.comment for vote in reversed(votes) if vote.comment]
    return Votes(
        up=ratings["up"],
        down=ratings["down"],
        reasons=dict(sorted(Counter(vote.reason for vote in votes if vote.reason).items())),
        comments=comments[:COMMENTS],
    )


def _proposal(opinions: Sequence[Opinion]) -> ProposalOut | None:
    """The strongest of the near-duplicates' ones; None where visitors favour nothing."""
    weighed = [opinion.weighed for opinion in opinions if opinion.weighed.answer_id]
    if not weighed:
        return None
    best = max(weighed, key=lambda w: (w.eligible, w.support - w.dissent, w.answer_id))
    return ProposalOut(
        answer_id=best.answer_id,
        eligible=best.eligible,
        support=best.support,
        dissent=best.dissent,
        independent=best.independent,
        flags=sorted(best.flags),
    )
