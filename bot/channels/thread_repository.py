"""Queries on the threads of other programs."""

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from bot.db.base import JsonObject
from bot.db.channel_tables import ChannelThread


def conversation_of(connection: Connection, sender: JsonObject) -> str | None:
    wanted = select(ChannelThread.conversation_id).where(*_is(sender))
    return connection.execute(wanted).scalar_one_or_none()


def add_thread(connection: Connection, sender: JsonObject, conversation_id: str) -> None:
    connection.execute(insert(ChannelThread), {**sender, "conversation_id": conversation_id})


def remove_thread(connection: Connection, sender: JsonObject) -> None:
    connection.execute(delete(ChannelThread).where(*_is(sender)))


def _is(sender: JsonObject) -> list[ColumnElement[bool]]:
    return [getattr(ChannelThread, name) == value for name, value in sender.items()]
