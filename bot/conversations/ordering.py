"""One conversation's messages are answered one after the other, in the order in which this process got to them.

Else the second of two quick messages would be read before the first has become part of the conversation.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from weakref import WeakValueDictionary


class InOrder:
    """A queue a conversation, for as long as somebody waits in it."""

    def __init__(self) -> None:
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, conversation_id: str | None) -> AbstractAsyncContextManager[object]:
        """None for a thread that begins: nobody else can write in it yet."""
        if conversation_id is None:
            return nullcontext()
        return self._queues.setdefault(conversation_id, asyncio.Lock())
