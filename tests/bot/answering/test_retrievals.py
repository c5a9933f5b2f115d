"""Messages that wait for the encoder, with an engine that tells what it was given."""

import os
import sys
import threading
from typing import Any

import pytest

from bot.answering.retrievals import LARGEST_BATCH, Retrievals


class Engine:
    """Says back what it was asked; "stuck" waits for `go_on`, "bad" fails."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.entered, self.go_on = threading.Event(), threading.Event()

    def retrieve_all(self, messages: list[tuple[str, str]]) -> list[str]:
        texts = [text for text, _ in messages]
        self.batches.append(texts)
        if "stuck" in texts:
            self.entered.set()
            assert self.go_on.wait(10)
        if "bad" in texts:
            raise ValueError("bad")
        return [f"{text} in {language}" for text, language in messages]


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def waiting(engine: Engine) -> Any:
    """One thread, busy until ``engine.go_on``."""
    retrievals = Retrievals(1)
    retrievals.submit(engine, "stuck", language="en")  # type: ignore[arg-type]
    assert engine.entered.wait(10)
    yield lambda text: retrievals.submit(engine, text, language="en")  # type: ignore[arg-type]
    engine.go_on.set()
    retrievals.close()


def test_waiting_messages_of_like_length_are_taken_together(engine: Engine, waiting: Any) -> None:
    texts = ["four", "x" * 90, "five", "y" * 91, "some", "many", "word"]
    found = [waiting(text) for text in texts]
    engine.go_on.set()

    assert [future.result(10) for future in found] == [f"{text} in en" for text in texts]
    assert engine.batches == [["stuck"], ["four", "five", "some", "many"], ["x" * 90, "y" * 91, "word"]]
    assert LARGEST_BATCH == 4


def test_lone_message_waits_for_nobody(engine: Engine) -> None:
    retrievals = Retrievals(2)

    assert retrievals.submit(engine, "hello", language="zh").result(10) == "hello in zh"  # type: ignore[arg-type, comparison-overlap]
    assert engine.batches == [["hello"]]
    retrievals.close()


def test_faulty_message_fails_alone(engine: Engine, waiting: Any) -> None:
    good, bad, also_good = waiting("one"), waiting("bad"), waiting("two")
    engine.go_on.set()

    assert (good.result(10), also_good.result(10)) == ("one in en", "two in en")
    with pytest.raises(ValueError, match="bad"):
        bad.result(10)


def test_messages_of_two_releases_are_never_mixed(engine: Engine, waiting: Any) -> None:
    newer = Engine()
    retrievals = Retrievals(1)
    retrievals.submit(engine, "stuck", language="en")  # type: ignore[arg-type]
    found = [retrievals.submit(each, "same", language="en") for each in (engine, newer, engine, newer)]  # type: ignore[arg-type]
    engine.go_on.set()

    assert [future.result(10) for future in found] == ["same in en"] * 4
    assert engine.batches[2:] == [["same", "same"]]
    assert newer.batches == [["same", "same"]]
    retrievals.close()


def test_message_given_up_while_it_waits_is_not_encoded(engine: Engine, waiting: Any) -> None:
    given_up, kept = waiting("gone"), waiting("kept")
    assert given_up.cancel()
    engine.go_on.set()

    assert kept.result(10) == "kept in en"
    assert engine.batches == [["stuck"], ["kept"]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_nice_threads_let_others_go_first_and_are_alone_in_it() -> None:
    class Priority:
        def retrieve_all(self, messages: list[tuple[str, str]]) -> list[int]:
            return [os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) for _ in messages]

    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    nice, usual = Retrievals(1, niceness=19), Retrievals(1)
    found = [each.submit(Priority(), "x", language="en").result(10) for each in (nice, usual)]  # type: ignore[arg-type]
    for each in (nice, usual):
        each.close()
    assert found == [19, here]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here
