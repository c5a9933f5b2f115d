"""What each visitor of an experiment showed, in the half hour after their first reply, and in the order they came.

A visitor counts once, when that time is over, so that a number that has been looked at never changes afterwards: whatever is
said, voted or taken back later counts for nothing. Only erasing a visitor takes theirs away.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, Subquery, func, select

from bot.db.comparison_tables import Experiment, Exposure
from bot.db.conversation_tables import Exchange, Feedback, Handoff
from bot.experiments.splitting import Arm

WATCHED = timedelta(minutes=30)
"""The usual end of a session in web statistics, as for visitors who left (`bot.feedback.signals`)."""


@dataclass
class Shown:
    """Of one visitor; shares are of the replies they got."""

    visitor_id: str
    arm: Arm
    first_at: datetime
    replies: int = 0
    slow: int = 0
    wrong_language: int = 0
    handed_off: bool = False
    voted_down: bool = False

    @property
    def ends_at(self) -> datetime:
        return self.first_at + WATCHED


@dataclass(frozen=True)
class Watched:
    """Visitors whose time is over, and how many there are whose is not."""

    shown: list[Shown] = field(default_factory=list)
    waiting: int = 0


def watch(connection: Connection, experiment: Experiment, *, at: datetime, slow_ms: float) -> Watched:
    """`at` is the time by which a visitor's has to be over; that of an experiment that ended is its end."""
    moment = min(at, experiment.ended_at or at)
    came = {row.visitor_id: _came(row) for row in connection.execute(_first(experiment))}
    over = [shown for shown in came.values() if shown.ends_at <= moment]
    for row in connection.execute(_replies(experiment)):
        shown = came[row.visitor_id]
        if row.created_at <= shown.ends_at:
            shown.replies += 1
            shown.slow += row.latency_ms > slow_ms
            shown.wrong_language += row.wrong_language
    for visitor_id, created_at in connection.execute(_handoffs(experiment)):
        came[visitor_id].handed_off |= created_at <= came[visitor_id].ends_at
    _count_votes(came, connection.execute(_votes(experiment)).all())
    return Watched(sorted(over, key=lambda each: (each.first_at, each.visitor_id)), len(came) - len(over))


def _first(experiment: Experiment) -> Select[str, str, datetime]:
    first = func.min(Exposure.created_at).label("first_at")
    came = select(Exposure.visitor_id, func.min(Exposure.arm).label("arm"), first)
    return came.where(Exposure.experiment_id == experiment.id).group_by(Exposure.visitor_id)


def _came(row: Row[str, str, datetime]) -> Shown:
    return Shown(row.visitor_id, Arm(row.arm), row.first_at)


def _replies(experiment: Experiment) -> Select[str, datetime, float, bool]:
    columns = (Exposure.visitor_id, Exposure.created_at, Exposure.latency_ms, Exposure.wrong_language)
    return select(*columns).where(Exposure.experiment_id == experiment.id)


def _taking_part(experiment: Experiment) -> Subquery:
    """The conversations, with who took part in them at the time: somebody may have been recognised since."""
    return (
        select(Exposure.visitor_id, Exchange.conversation_id)
        .join(Exchange, Exchange.id == Exposure.exchange_id)
        .where(Exposure.experiment_id == experiment.id)
        .distinct()
        .subquery()
    )


def _handoffs(experiment: Experiment) -> Select[str, datetime]:
    part = _taking_part(experiment)
    handed = select(part.c.visitor_id, Handoff.created_at)
    return handed.join(Handoff, Handoff.conversation_id == part.c.conversation_id)


def _votes(experiment: Experiment) -> Select[str, str, str, str, datetime, datetime | None]:
    """On any reply of the conversations: an answer picked from a question back is no exposure of its own."""
    part = _taking_part(experiment)
    return (
        select(
            part.c.visitor_id, Feedback.exchange_id, Feedback.given_by, Feedback.rating, Feedback.created_at,
            Feedback.withdrawn_at,
        )
        .join(Exchange, Exchange.conversation_id == part.c.conversation_id)
        .join(Feedback, Feedback.exchange_id == Exchange.id)
        .order_by(Feedback.id)
    )  # fmt: skip


def _count_votes(
    came: dict[str, Shown], votes: Iterable[Row[str, str, str, str, datetime, datetime | None]]
) -> None:
    """The newest vote of a person on an exchange counts, as it stood when the visitor's time was over."""
    newest: dict[tuple[str, str, str], str] = {}
    for vote in votes:
        end = came[vote.visitor_id].ends_at
        if vote.created_at <= end and (vote.withdrawn_at is None or vote.withdrawn_at > end):
            newest[vote.visitor_id, vote.exchange_id, vote.given_by] = vote.rating
    for (visitor_id, _, _), rating in newest.items():
        came[visitor_id].voted_down |= rating == "down"
