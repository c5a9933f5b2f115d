"""Server-sent events of a conversation.

``POST …/messages`` with ``Accept: text/event-stream``::

    event: delta      data: {"text": "…"}           a piece of the reply, in order
    event: exchange   data: the exchange             whole, as without streaming; always last

``GET …/events``::

    event: message    id: its position   data: the message    agents' and system messages (bot replies too)
    event: state      data: {"state": "bot" | "waiting" | "person" | "closed"}

A client that reconnects sends ``Last-Event-ID`` and misses nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from sqlalchemy import Connection, Row

from bot.access.principals import identify
from bot.conversations import repository
from bot.conversations.presenting import message_out
from bot.db.engine import Database
from bot.errors import UnauthorizedError
from bot.json_bytes import json_text

LOOK_EVERY_S = 1.0
KEEPALIVE_EVERY = 15
"""Looks between two comments that keep proxies from closing a quiet stream."""

MESSAGES_A_LOOK = 100
_PIECE = re.compile(r"\S+\s*|[^\x00-\x7f]{1,8}")


def event_stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def event(name: str, body: Any, *, id: str | None = None) -> bytes:
    return format_sse_event(event=name, data_str=json_text(body), id=id)


def pieces(text: str) -> list[str]:
    """The reply in pieces of a word (or some Chinese characters); joined they are the text again."""
    cuts = [match.start() for match in _PIECE.finditer(text)] + [len(text)]
    cuts[0] = 0
    return [text[start:end] for start, end in pairwise(cuts) if start < end]


async def exchange_events(body: dict[str, Any]) -> AsyncIterator[bytes]:
    """The stored exchange as a stream; nothing of it leaves before the commit."""
    for piece in pieces(body["reply"]["text"]):
        yield event("delta", {"text": piece})
    yield event("exchange", body)


async def conversation_events(
    database: Database, conversation_id: str, token: str, *, after: int, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """New messages and changes of state, until the client leaves, the conversation goes or the server stops.

    The token is looked at each time: one that opens nothing any more ends the stream that it opened.
    """
    state: str | None = None
    looks = 0
    while not stopping.is_set():
        conversation, messages = await database.quick.read(
            partial(_state_and_messages, conversation_id=conversation_id, token=token, after=after)
        )
        if conversation is None:
            return
        for message in messages:
            after = message.position
            yield event("message", message_out(message).model_dump(mode="json"), id=str(after))
        if conversation.state != state:
            state = conversation.state
            yield event("state", {"state": state})
        elif looks % KEEPALIVE_EVERY == 0:
            yield KEEPALIVE_COMMENT
        looks += 1
        if len(messages) < MESSAGES_A_LOOK:
            await _wait(stopping, LOOK_EVERY_S)


def _state_and_messages(
    connection: Connection, *, conversation_id: str, token: str, after: int
) -> tuple[repository.ConversationRow | None, Sequence[Row[Any]]]:
    try:
        principal = identify(connection, token)
    except UnauthorizedError:
        return None, ()
    conversation = repository.conversation_for(connection, conversation_id, principal)
    if conversation is None:
        return None, ()
    return conversation, repository.messages_after(
        connection, conversation_id, position=after, limit=MESSAGES_A_LOOK
    )


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
