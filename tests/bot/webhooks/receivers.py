"""Receivers of webhooks: a real server on this machine, and one in memory that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.webhooks.sending import Replied


@dataclass
class Post:
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass
class ScriptedSender:
    """Stands in for `bot.webhooks.sending.Sender`; the last of ``replies`` is given again and again.

    ``reached`` is set once ``enough`` posts have come.
    """

    replies: list[Replied] = field(default_factory=lambda: [Replied(204)])
    posts: list[Post] = field(default_factory=list)
    wait: asyncio.Event | None = None
    enough: int = 1
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Replied:
        self.posts.append(Post(url, body, headers))
        if len(self.posts) >= self.enough:
            self.reached.set()
        if self.wait is not None:
            await self.wait.wait()
        return self.replies[min(len(self.posts), len(self.replies)) - 1]


@asynccontextmanager
async def server(
    reply: bytes, *, after: asyncio.Event | None = None, held: asyncio.Event | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers each connection with these bytes; yields its port and what it was sent.

    It waits for ``after`` before it answers, and for ``held`` before it closes the connection; both come at the end.
    """
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        received.append(head + await reader.readexactly(length))
        if after is not None:
            await after.wait()
        writer.write(reply)
        await writer.drain()
        if held is not None:
            await held.wait()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], received
    finally:
        for event in (after, held):
            if event is not None:
                event.set()
        listening.close()
