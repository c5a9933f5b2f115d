"""How long work tells how far it is, to a bar on a terminal or to nobody."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""


def quiet(_stage: str, _done: int, _total: int) -> None:
    """For callers that nobody watches."""
