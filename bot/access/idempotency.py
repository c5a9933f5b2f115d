"""A request that is sent twice happens once.

The reply is stored under (principal, Idempotency-Key) in the very transaction that does the work, so there is no
moment at which one exists without the other. A repetition gets the stored reply; the same key with another
body is refused, and so is one whose first request still runs. Kept 7 days, and until the next clean-up.

Without a token, the key alone says whose the reply is, so only a key that nobody can guess is honoured then: one that
holds a random UUID. Any other is passed over, and a repeated request is done again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.tokens import token_hash
from bot.db.access_tables import IdempotencyKey
from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.db.transactions import Work
from bot.errors import InvalidInputError, KefuError, KeyReusedError, RequestRunningError

KEPT_FOR = timedelta(days=7)
LONGEST_KEY = 255
_RANDOM_UUID = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE
)
"""Version 4 (RFC 9562 §5.4): 122 random bits."""


@dataclass(frozen=True)
class StoredReply:
    status: int
    body: JsonObject


_STORED = select(IdempotencyKey.request_hash, IdempotencyKey.status, IdempotencyKey.response).where(
    IdempotencyKey.principal == bindparam("principal"), IdempotencyKey.key == bindparam("key")
)
_STORE = insert(IdempotencyKey)


class RunningRequests:
    """Keys of the requests that this process is working on."""

    def __init__(self) -> None:
        self._running: set[tuple[str, str]] = set()

    def begin(self, principal: str, key: str) -> None:
        if (principal, key) in self._running:
            raise RequestRunningError(f"Idempotency-Key {key!r} is in use by a request that still runs")
        self._running.add((principal, key))

    def end(self, principal: str, key: str) -> None:
        self._running.discard((principal, key))


class IdempotentCall:
    """One request's way through: ``stored()`` first; if that is None, do the work inside ``run``.

    ``key`` is the one that is honoured. Of an anonymous caller's only the SHA-256 is stored, as of a token.
    """

    def __init__(
        self, database: Database, *, principal: str, key: str | None, request: bytes, anonymous: bool = False
    ) -> None:
        if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
            raise InvalidInputError(f"Idempotency-Key must have 1 to {LONGEST_KEY} printable characters")
        self.key = None if anonymous and not _RANDOM_UUID.search(key or "") else key
        self._database = database
        self._principal = principal
        self._stored_key = token_hash(self.key) if anonymous and self.key else self.key
        self._request_hash = hashlib.sha256(request).hexdigest()

    async def stored(self) -> StoredReply | None:
        """The reply of an earlier request with this key. Raises KeyReusedError if its body was another."""
        if self.key is None:
            return None
        wanted = {"principal": self._principal, "key": self._stored_key}
        row = await self._database.quick.read(lambda c: c.execute(_STORED, wanted).one_or_none())
        if row is None:
            return None
        if row.request_hash != self._request_hash:
            raise KeyReusedError(
                f"Idempotency-Key {self.key!r} was used for another request; choose a new one"
            )
        return StoredReply(row.status, row.response)

    async def run(self, work: Callable[[AsyncSession], Awaitable[StoredReply]]) -> StoredReply:
        """Does the work and stores its reply in one transaction.

        Another worker may have done the same meanwhile: then ours is rolled back and theirs returned.
        """

        async def both() -> StoredReply:
            async with self._database.write() as session:
                reply = await work(session)
                if self.key is not None:
                    await session.execute(_STORE, self._row(reply))
                return reply

        return await self._unless_done(both)

    async def run_quick(self, work: Work[StoredReply]) -> StoredReply:
        """As ``run``, for work on ``Database.quick``."""

        def both(connection: Connection) -> StoredReply:
            reply = work(connection)
            if self.key is not None:
                connection.execute(_STORE, self._row(reply))
            return reply

        return await self._unless_done(partial(self._database.quick.write, both))

    async def _unless_done(self, write: Callable[[], Awaitable[StoredReply]]) -> StoredReply:
        """Whose work is refused is told the stored reply, too: what stands in its way may be what the other has done."""
        try:
            return await write()
        except (IntegrityError, KefuError):
            earlier = await self.stored()
            if earlier is None:
                raise
            return earlier

    def _row(self, reply: StoredReply) -> JsonObject:
        return {
            "principal": self._principal,
            "key": self._stored_key,
            "request_hash": self._request_hash,
            "status": reply.status,
            "response": reply.body,
            "created_at": now(),
        }


async def forget_expired_keys(database: Database) -> None:
    async with database.write() as session:
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT_FOR))
