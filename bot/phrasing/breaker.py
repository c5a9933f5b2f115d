"""Keeps from asking a server that does not answer: after some failures in a row nobody asks, then one tries again."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class Breaker:
    """Used from one event loop. ``clock`` gives seconds that only grow."""

    opens_after: int
    pause_s: float
    clock: Callable[[], float]
    failures: int = 0
    _opened_at: float | None = None
    _trying: bool = False

    @property
    def circuit(self) -> Circuit:
        if self._opened_at is None:
            return Circuit.CLOSED
        waits = self.clock() - self._opened_at < self.pause_s
        return Circuit.OPEN if waits else Circuit.HALF_OPEN

    def admits(self) -> bool:
        """Whether a request may be made; who is told so has to say afterwards what became of it."""
        circuit = self.circuit
        if circuit is Circuit.HALF_OPEN and not self._trying:
            self._trying = True
            return True
        return circuit is Circuit.CLOSED

    def succeeded(self) -> None:
        self.failures, self._opened_at, self._trying = 0, None, False

    def failed(self) -> None:
        self.failures += 1
        if self._trying or self.failures >= self.opens_after:
            self._opened_at = self.clock()
        self._trying = False

    def given_up(self) -> None:
        """The request was broken off for reasons of our own, which say nothing about the server."""
        self._trying = False
