"""Exchanges as they were recorded, with the votes, signals and labels they got."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.comparison_tables import Exposure, ShadowDecision
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Signal
from bot.db.knowledge_tables import Label

PAGE = 500
_COPIED = (
    "utterance", "in_context", "language", "outcome", "rule", "confidence", "intent", "reply", "choices", "suggestions",
    "candidates", "evidence", "latency_ms", "release_id", "checkpoint_id", "snapshot_id",
)  # fmt: skip

Owned = TypeVar("Owned", Exposure, Feedback, Label, ShadowDecision, Signal)


async def count_exchanges(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Exchange))).scalar_one()


async def exchange_pages(session: AsyncSession) -> AsyncIterator[list[JsonObject]]:
    """All exchanges by id, which is the order in which they happened; one page is in memory at a time."""
    last = ""
    while page := await _page(session, after=last):
        last = page[-1][0].id
        yield await _rows(session, page)
        session.expunge_all()


async def _page(session: AsyncSession, *, after: str) -> Sequence[tuple[Exchange, Conversation]]:
    statement = (
        select(Exchange, Conversation)
        .join(Conversation, Conversation.id == Exchange.conversation_id)
        .where(Exchange.id > after)
        .order_by(Exchange.id)
        .limit(PAGE)
    )
    return [(exchange, conversation) for exchange, conversation in await session.execute(statement)]


async def _rows(session: AsyncSession, page: Sequence[tuple[Exchange, Conversation]]) -> list[JsonObject]:
    ids = [exchange.id for exchange, _ in page]
    votes = select(Feedback).where(Feedback.exchange_id.in_(ids)).order_by(Feedback.id)
    labels = select(Label).where(Label.exchange_id.in_(ids)).order_by(Label.id)
    votes_of = _by_exchange((await session.execute(votes)).scalars())
    labels_of = _by_exchange((await session.execute(labels)).scalars())
    signals = select(Signal).where(Signal.exchange_id.in_(ids)).order_by(Signal.id)
    signals_of = _by_exchange((await session.execute(signals)).scalars())
    arms_of = _by_exchange(
        (await session.execute(select(Exposure).where(Exposure.exchange_id.in_(ids)))).scalars()
    )
    shadows = select(ShadowDecision).where(ShadowDecision.exchange_id.in_(ids))
    shadows_of = _by_exchange((await session.execute(shadows.order_by(ShadowDecision.release_id))).scalars())
    return [
        {
            "exchange_id": exchange.id,
            "conversation_id": exchange.conversation_id,
            "visitor_id": conversation.visitor_id,
            "channel": conversation.channel,
            "at": exchange.created_at.isoformat(),
            "answered_by": "machine",
            **{name: getattr(exchange, name) for name in _COPIED},
            "votes": [vote_json(vote) for vote in votes_of.get(exchange.id, [])],
            "signals": [_signal_json(signal) for signal in signals_of.get(exchange.id, [])],
            "experiments": [_arm_json(exposure) for exposure in arms_of.get(exchange.id, [])],
            "shadows": [_shadow_json(decided) for decided in shadows_of.get(exchange.id, [])],
            "labels": [_label_json(label) for label in labels_of.get(exchange.id, [])],
        }
        for exchange, conversation in page
    ]


def _by_exchange(rows: Iterable[Owned]) -> dict[str, list[Owned]]:
    grouped: dict[str, list[Owned]] = {}
    for row in rows:
        if row.exchange_id is not None:
            grouped.setdefault(row.exchange_id, []).append(row)
    return grouped


def vote_json(vote: Feedback) -> JsonObject:
    """Of each person's votes on an exchange the newest one not withdrawn counts; they are listed oldest first."""
    return {
        "given_by": vote.given_by,
        "rating": vote.rating,
        "reason": vote.reason,
        "comment": vote.comment,
        "at": vote.created_at.isoformat(),
        "withdrawn_at": vote.withdrawn_at.isoformat() if vote.withdrawn_at else None,
    }


def _signal_json(signal: Signal) -> JsonObject:
    return {"kind": signal.kind, "answer_id": signal.answer_id, "at": signal.created_at.isoformat()}


def _arm_json(exposure: Exposure) -> JsonObject:
    return {"experiment_id": exposure.experiment_id, "arm": exposure.arm}


def _shadow_json(decided: ShadowDecision) -> JsonObject:
    names = ("release_id", "kind", "outcome", "answer_id", "rule", "confidence")
    return {name: getattr(decided, name) for name in names}


def _label_json(label: Label) -> dict[str, Any]:
    return {
        "answer_id": label.answer_id,
        "out_of_scope": label.out_of_scope,
        "source": label.source,
        "state": label.state,
        "verdict": label.verdict,
        "given_by": label.given_by,
        "at": label.created_at.isoformat(),
        "withdrawn_at": label.withdrawn_at.isoformat() if label.withdrawn_at else None,
    }
