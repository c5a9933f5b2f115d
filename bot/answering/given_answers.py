"""Which answer a stored reply gave."""

from bot.db.base import JsonObject
from retrieval.decision import Outcome

PERSON_IS_HERE = "person_is_here"
"""The rule of an exchange in which the bot is silent."""
GAVE_ANSWER = (Outcome.ANSWERED.value, Outcome.COMPOSED.value)


def given_answer(outcome: str, reply: JsonObject) -> str | None:
    """The (first) answer in a reply; None where it spoke in the bot's own words."""
    if outcome not in GAVE_ANSWER:
        return None
    return next((part["answer_id"] for part in reply["parts"] if part["answer_id"]), None)
