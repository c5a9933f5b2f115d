"""Where messages wait for the encoder: a thread that becomes free takes several of like length at once.

Encoded together, messages share the reading of the encoder's weights; of like length, since a batch is padded to its
longest (the multilingual encoder does 1.3 to 1.5 times as many a second so). A lone message never waits for company.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock, get_native_id

from retrieval.candidates import Retrieved
from retrieval.context import Turn
from retrieval.engine import Engine

LARGEST_BATCH = 4


@dataclass(frozen=True, slots=True)
class _Waiting:
    engine: Engine
    utterance: str
    language: str
    turns: Sequence[Turn] = ()
    done: Future[Retrieved] = field(default_factory=Future)


class Retrievals:
    """Encodes and searches on threads of its own; ``niceness`` above 0 lets all other threads go first."""

    def __init__(self, threads: int, *, niceness: int = 0) -> None:
        self._threads = ThreadPoolExecutor(
            threads, thread_name_prefix="encoder", initializer=_be_nice, initargs=(niceness,)
        )
        self._waiting: list[_Waiting] = []
        self._taking = Lock()

    def submit(
        self, engine: Engine, utterance: str, *, language: str, turns: Sequence[Turn] = ()
    ) -> Future[Retrieved]:
        """With `turns`, the exchanges before it, the message is searched for in their context."""
        message = _Waiting(engine, utterance, language, turns)
        with self._taking:
            self._waiting.append(message)
        self._threads.submit(self._retrieve_some)
        return message.done

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _retrieve_some(self) -> None:
        with self._taking:
            taken = like_the_oldest(self._waiting)
            chosen = {id(message) for message in taken}
            self._waiting = [message for message in self._waiting if id(message) not in chosen]
        batch = [message for message in taken if message.done.set_running_or_notify_cancel()]
        try:
            found = _retrieved(batch)
        except Exception:
            for message in batch:  # whose fault it is shows when each is alone
                _retrieve_alone(message)
        else:
            for message, retrieved in zip(batch, found, strict=True):
                message.done.set_result(retrieved)


def _be_nice(niceness: int) -> None:
    """Of this thread alone, which Linux schedules by itself; elsewhere it stays as it is."""
    if niceness and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), niceness)


def _retrieved(batch: Sequence[_Waiting]) -> list[Retrieved]:
    """Those with turns have several texts to encode each, and are searched for one by one."""
    plain = [each for each in batch if not each.turns]
    found = iter(
        plain[0].engine.retrieve_all([(each.utterance, each.language) for each in plain]) if plain else []
    )
    return [_in_context(each) if each.turns else next(found) for each in batch]


def _in_context(message: _Waiting) -> Retrieved:
    return message.engine.retrieve_after(message.utterance, language=message.language, turns=message.turns)


def _retrieve_alone(message: _Waiting) -> None:
    try:
        message.done.set_result(_retrieved([message])[0])
    except BaseException as error:
        message.done.set_exception(error)


def like_the_oldest(waiting: Sequence[_Waiting]) -> list[_Waiting]:
    """The first message and those nearest to it in length that are for the same release, in order of arrival."""
    if not waiting:
        return []
    oldest = waiting[0]
    same = [place for place, each in enumerate(waiting) if each.engine is oldest.engine]
    # The sort keeps the order of arrival where lengths are equal, so the oldest stays the first.
    same.sort(key=lambda place: abs(len(waiting[place].utterance) - len(oldest.utterance)))
    return [waiting[place] for place in sorted(same[:LARGEST_BATCH])]
