"""From what was typed to what was found: everything that needs no transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.answering.companions import Assigned
from bot.answering.context import leans
from bot.answering.serving import ReleaseFollower, Serving
from bot.errors import InvalidInputError
from bot.experiments.splitting import Exposed
from retrieval.candidates import Retrieved
from retrieval.context import Turn
from retrieval.language import detect_language
from retrieval.masking import mask
from retrieval.normalize import normalize
from retrieval.person_request import asks_for_person
from retrieval.small_talk import SmallTalk, small_talk

LONGEST_MESSAGE = 4000


@dataclass(frozen=True)
class Understood:
    """One utterance, masked, with what the index has for it.

    ``retrieved`` is None for small talk, for which nothing is searched. ``started`` is a reading of
    ``time.perf_counter`` when the message came in. ``turns`` are the exchanges before it, the last one first, where it may lean
    on them.
    """

    utterance: str
    masked: Mapping[str, int]
    language: str
    wants_person: bool
    small_talk: SmallTalk | None
    serving: Serving
    retrieved: Retrieved | None
    started: float
    exposed: Exposed | None = None
    turns: Sequence[Turn] = ()


async def understand(
    text: str,
    *,
    follower: ReleaseFollower,
    languages: tuple[str, ...],
    conversation_language: str | None,
    assign: Callable[[Serving], Assigned] = Assigned,
    turns: Sequence[Turn] = (),
) -> Understood:
    """``assign`` says which release answers while the given one is promoted; ``turns`` are the exchanges before.

    Raises:
        InvalidInputError: for a text that is empty or too long.
    """
    started = time.perf_counter()
    utterance, masked = clean(text)
    assigned = assign(follower.take())
    serving = assigned.serving
    language = detect_language(utterance, languages=languages, default=conversation_language)
    wants_person = asks_for_person(utterance)
    talk = None if wants_person else small_talk(utterance)
    retrieved = None
    leaning = turns if talk is None and not wants_person and leans(utterance, turns) else ()
    if talk is None:
        retrieved = await follower.retrieve(serving, utterance, language=language, turns=leaning)
    return Understood(
        utterance,
        masked,
        language,
        wants_person,
        talk,
        serving,
        retrieved,
        started,
        exposed=assigned.exposed,
        turns=leaning,
    )


def clean(text: str) -> tuple[str, Mapping[str, int]]:
    """What is kept of a customer's text: normalised, personal data masked; and how much was masked."""
    if len(text) > LONGEST_MESSAGE:
        raise InvalidInputError(f"the text has {len(text)} characters; at most {LONGEST_MESSAGE} are read")
    masked = mask(normalize(text))
    if not masked.text:
        raise InvalidInputError("the text is empty")
    return masked.text, masked.counts
