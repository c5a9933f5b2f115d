"""What was counted of the traffic, a day at a time, so that a figure over a year costs no more than over a week."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db.base import Base, UtcDateTime


class TrafficCount(Base):
    """How often something happened on a day (UTC, such as 2026-11-29). ``kind`` and ``detail`` are those of ``bot.figures.counting``.

    ``release_id`` is "" where none answered. Holds numbers only: who is erased leaves nothing here that names them.
    """

    __tablename__ = "traffic_counts"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    detail: Mapped[str] = mapped_column(String(100), primary_key=True)
    site_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    release_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount: Mapped[int]


class CountedDay(Base):
    """When a day was counted last; days change while votes and returning visitors still come in."""

    __tablename__ = "counted_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
