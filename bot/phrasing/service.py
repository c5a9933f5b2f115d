"""Lets a language model word a composed reply, and believes nothing of what it writes.

A reply goes out with the model's wording only if that came whole, before the deadline, and its sentences stand in the sources. In
every other case the sources' own sentences are sent, which are ready before anybody is asked.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

import httpcore
import structlog

from bot.db.base import JsonObject
from bot.phrasing import metrics
from bot.phrasing.breaker import Breaker, Circuit
from bot.phrasing.client import Completion, Message, ModelClient, ServerFaultError, estimated_tokens
from bot.phrasing.prompt import MOST_SOURCES, messages_for
from bot.settings import PhrasingSettings
from retrieval.encoder import Encoder
from retrieval.grounding import Grounded, SourceSentence, check_text, usable_sources
from retrieval.grounding_hazards import speaks_to_a_model
from retrieval.normalize import normalize

log = structlog.get_logger(__name__)
_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
LEAST_TIME_S = 0.02
"""With less left before the deadline nobody is asked."""


class Outcome(StrEnum):
    """What became of a reply that a model might have worded."""

    WORDED = "worded"
    TOO_LITTLE_LEFT = "too_little_left"
    CUT_SHORT = "cut_short"
    DEADLINE = "deadline"
    FAULT = "fault"


class Skipped(StrEnum):
    """Why no model was asked although one is there."""

    TOO_MANY_SENTENCES = "too_many_sentences"
    SPEAKS_TO_A_MODEL = "speaks_to_a_model"
    NO_TIME = "no_time"
    BUSY = "busy"
    LEFT_ALONE = "left_alone"


@dataclass(frozen=True)
class Tokens:
    prompt: int = 0
    output: int = 0


@dataclass(frozen=True)
class Phrased:
    """``text`` is None where the extractive text has to be sent. The rest is evidence of what the model was asked and said."""

    outcome: Outcome
    text: str | None
    sentences: tuple[tuple[str, tuple[int, ...]], ...]
    cut: tuple[tuple[str, str], ...]
    prompt: tuple[Message, ...]
    output: str | None
    tokens: Tokens
    cost: float
    fault: str | None = None

    def evidence(self) -> JsonObject:
        """For the exchange's row."""
        return {
            "outcome": self.outcome.value,
            "prompt": [dict(each) for each in self.prompt],
            "output": self.output,
            "sentences": [{"text": text, "sources": list(sources)} for text, sources in self.sentences],
            "cut": [{"text": text, "reason": reason} for text, reason in self.cut],
            "tokens": {"prompt": self.tokens.prompt, "output": self.tokens.output},
            "cost": self.cost,
            "fault": self.fault,
        }


@dataclass
class Phrasing:
    """One for a process. ``clock`` is that of the deadlines, seconds as of ``time.perf_counter``."""

    settings: PhrasingSettings
    backend: httpcore.AsyncNetworkBackend | None = None
    clock: Callable[[], float] = time.perf_counter
    breaker: Breaker = field(init=False)
    _client: ModelClient | None = field(init=False, default=None)
    _checking: ThreadPoolExecutor | None = field(init=False, default=None)
    _asking: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        settings = self.settings
        self.breaker = Breaker(settings.opens_after, settings.pause.total_seconds(), self.clock)
        if settings.enabled:
            self._client = ModelClient(settings, backend=self.backend)
            self._checking = ThreadPoolExecutor(1, thread_name_prefix="grounding")

    @property
    def is_on(self) -> bool:
        return self._client is not None

    def deadline_for(self, started: float) -> float:
        """The moment until which a message that came in at ``started`` may wait for its wording."""
        return started + self.settings.deadline.total_seconds()

    async def phrase(
        self,
        question: str,
        sentences: Sequence[SourceSentence],
        language: str,
        *,
        encoder: Encoder,
        deadline: float,
        context: Sequence[str] = (),
    ) -> Phrased | None:
        """Words the sentences, all of it masked by the caller.

        None where no model is asked: it is switched off, left alone, busy, out of time, or question or sentences try to speak to it.
        """
        if self._client is None:
            return None
        skipped = self._why_not(question, sentences, deadline)
        if skipped is not None:
            metrics.skipped.labels(skipped.value).inc()
            return None
        prompt = tuple(messages_for(question, sentences, language, context=context))
        if not self.breaker.admits():
            metrics.skipped.labels(Skipped.LEFT_ALONE.value).inc()
            return None
        self._asking += 1
        began = self.clock()
        try:
            async with asyncio.timeout(deadline - began):
                phrased = await self._worded(prompt, sentences, language, encoder)
        except TimeoutError:
            self.breaker.failed()
            phrased = self._unworded(prompt, Outcome.DEADLINE)
        except ServerFaultError as error:
            self.breaker.failed()
            log.warning("wording_failed", fault=error.fault.value, detail=str(error))
            phrased = replace(self._unworded(prompt, Outcome.FAULT), fault=error.fault.value)
        except Exception as error:  # whatever is wrong with wording, there is a reply
            self.breaker.failed()
            log.error("wording_broke", exc_info=error)
            phrased = replace(self._unworded(prompt, Outcome.FAULT), fault=type(error).__name__)
        except asyncio.CancelledError:
            self.breaker.given_up()
            raise
        finally:
            self._asking -= 1
            metrics.seconds.observe(self.clock() - began)
            metrics.left_alone.set(self.breaker.circuit is not Circuit.CLOSED)
        if self.clock() >= deadline and phrased.text is not None:
            phrased = replace(phrased, outcome=Outcome.DEADLINE, text=None)
        _count(phrased)
        return phrased

    def _why_not(self, question: str, sentences: Sequence[SourceSentence], deadline: float) -> Skipped | None:
        if not 0 < len(sentences) <= MOST_SOURCES:
            return Skipped.TOO_MANY_SENTENCES
        if speaks_to_a_model(question) or len(usable_sources(sentences)) < len(sentences):
            return Skipped.SPEAKS_TO_A_MODEL
        if deadline - self.clock() <= LEAST_TIME_S:
            return Skipped.NO_TIME
        return Skipped.BUSY if self._asking >= self.settings.at_once else None

    async def _worded(
        self,
        prompt: tuple[Message, ...],
        sentences: Sequence[SourceSentence],
        language: str,
        encoder: Encoder,
    ) -> Phrased:
        assert self._client is not None
        completion = await self._client.complete(prompt)
        self.breaker.succeeded()
        if not completion.is_whole:  # the half of a sentence may read as a whole one
            return self._unworded(prompt, Outcome.CUT_SHORT, completion)
        check = partial(check_text, _THOUGHTS.sub("", completion.text), sentences, encoder=encoder)
        grounded = await asyncio.get_running_loop().run_in_executor(self._checking, check)
        return self._made_of(prompt, completion, grounded, language)

    def _made_of(
        self, prompt: tuple[Message, ...], completion: Completion, grounded: Grounded, language: str
    ) -> Phrased:
        enough = grounded.is_enough
        tokens = _tokens_of(completion)
        joint = "" if language == "zh" else " "
        return Phrased(
            Outcome.WORDED if enough else Outcome.TOO_LITTLE_LEFT,
            joint.join(each.text for each in grounded.sentences) if enough else None,
            tuple((each.text, each.sources) for each in grounded.sentences),
            tuple((normalize(each.text), each.reason.value) for each in grounded.cut),
            prompt,
            normalize(completion.text),
            tokens,
            self._cost(tokens),
        )

    def _unworded(
        self, prompt: tuple[Message, ...], outcome: Outcome, completion: Completion | None = None
    ) -> Phrased:
        """What was sent is counted: it is paid for, too."""
        if completion is None:
            tokens = Tokens(prompt=estimated_tokens(sum(len(each["content"]) for each in prompt)))
        else:
            tokens = _tokens_of(completion)
        output = normalize(completion.text) if completion is not None else None
        return Phrased(outcome, None, (), (), prompt, output, tokens, self._cost(tokens))

    def _cost(self, tokens: Tokens) -> float:
        settings = self.settings
        return (tokens.prompt * settings.prompt_price + tokens.output * settings.output_price) / 1_000_000

    async def close(self) -> None:
        if self._client is not None and self._checking is not None:
            await self._client.close()
            self._checking.shutdown(wait=False, cancel_futures=True)


def _tokens_of(completion: Completion) -> Tokens:
    return Tokens(completion.prompt_tokens, completion.output_tokens)


def _count(phrased: Phrased) -> None:
    metrics.asked.labels(phrased.outcome.value).inc()
    metrics.tokens.labels("prompt").inc(phrased.tokens.prompt)
    metrics.tokens.labels("output").inc(phrased.tokens.output)
    metrics.cost.inc(phrased.cost)
    metrics.sentences.labels("kept").inc(len(phrased.sentences))
    for _, reason in phrased.cut:
        metrics.sentences.labels(reason).inc()
