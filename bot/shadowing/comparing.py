"""How a shadow's decision differs from what was said."""

from dataclasses import dataclass

from bot.answering.given_answers import GAVE_ANSWER, given_answer
from bot.answering.replying import Reply
from bot.db.base import JsonObject
from retrieval.decision import Outcome

SAME, OTHER_ANSWER, OTHER_CHOICES = "same", "other_answer", "other_choices"
DIFFERENT = [f"{was}_to_{would}" for was in Outcome for would in Outcome if was is not would]
"""Such as ``handed_off_to_answered``: the bot handed off, the shadow would have answered."""
KINDS = (SAME, OTHER_ANSWER, OTHER_CHOICES, *DIFFERENT)


@dataclass(frozen=True)
class Decided:
    """A decision without its words."""

    outcome: str
    answer_id: str | None
    choices: frozenset[str] = frozenset()


def spoken(row: JsonObject) -> Decided:
    """Of an exchange's row."""
    return _decided(row["outcome"], row["reply"], row["choices"])


def imagined(reply: Reply) -> Decided:
    return _decided(reply.outcome.value, {"parts": reply.parts}, reply.choices)


def _decided(outcome: str, reply: JsonObject, choices: object) -> Decided:
    offered = frozenset(choice["answer_id"] for choice in choices)  # type: ignore[attr-defined]  # rows of JSON
    return Decided(outcome, given_answer(outcome, reply), offered)


def difference(was: Decided, would: Decided) -> str:
    """One of KINDS."""
    if was.outcome != would.outcome:
        return f"{was.outcome}_to_{would.outcome}"
    if was.outcome in GAVE_ANSWER and was.answer_id != would.answer_id:
        return OTHER_ANSWER
    return OTHER_CHOICES if was.choices != would.choices else SAME
