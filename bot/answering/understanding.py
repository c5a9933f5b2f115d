"""From what was typed to what was found: everything that needs no transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.answering.companions import Assigned
from bot.answering.context import leans
from bot.answering.serving import ReleaseFollower, Serving
from bot.answering.wordings import Wording
from bot.errors import InvalidInputError
from bot.experiments.splitting import Exposed
from retrieval.candidates import Retrieved
from retrieval.confidence_model import known_question
from retrieval.context import Turn, together
from retrieval.decision import Outcome
from retrieval.language import detect_language
from retrieval.masking import mask
from retrieval.normalize import normalize
from retrieval.person_request import asks_for_person
from retrieval.several import leans_on_the_first, questions_in
from retrieval.small_talk import SmallTalk, small_talk

LONGEST_MESSAGE = 4000


@dataclass(frozen=True)
class Understood:
    """One utterance, masked, with what the index has for it.

    ``retrieved`` is None for small talk, for which nothing is searched. ``started`` is a reading of
    ``time.perf_counter`` when the message came in. ``turns`` are the exchanges before it, the last one first, where it may lean
    on them. ``questions`` is what was found for each question of a message that has several. ``wording`` is what a language model
    made of the sources, if it was asked.
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
    wording: Wording | None = None
    turns: Sequence[Turn] = ()
    questions: Sequence[Retrieved] = ()

    @property
    def in_context(self) -> str | None:
        """The words that it was searched with, where those were more than its own."""
        context = self.retrieved.context if self.retrieved is not None else None
        return together(self.utterance, context.turns) if context is not None and context.resolved else None


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
    language = spoken_language(utterance, languages=languages, before=conversation_language)
    wants_person = asks_for_person(utterance)
    talk = None if wants_person else small_talk(utterance)
    retrieved: Retrieved | None = None
    questions: Sequence[Retrieved] = ()
    leaning = turns if talk is None and not wants_person and leans(utterance, turns) else ()
    if talk is None or talk is SmallTalk.OPENER:
        retrieved = await follower.retrieve(serving, utterance, language=language, turns=leaning)
    if talk is SmallTalk.OPENER and retrieved is not None:
        if known_question(retrieved):
            talk = None  # somebody has approved an answer to it
        else:
            retrieved = None
    if retrieved is not None and not wants_person:
        questions = await _each_question(follower, serving, text, retrieved)
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
        questions=questions,
    )


async def _each_question(
    follower: ReleaseFollower, serving: Serving, text: str, whole: Retrieved
) -> Sequence[Retrieved]:
    """Nothing for a message that is one question, that the approved questions hold as it is, or of which a part leans on the
    first or has no sure answer.

    The shortest part comes first: it costs least, and most often ends the search.
    """
    if known_question(whole) or (whole.context is not None and whole.context.resolved):
        return ()
    # Line ends part questions and are gone from the utterance; masking is done part by part.
    parts = questions_in(mask(text).text)
    if leans_on_the_first(parts):
        return ()
    found: dict[str, Retrieved] = {}
    for part in sorted(parts, key=len):
        found[part] = await follower.retrieve(serving, part, language=whole.language)
        if serving.engine.decide(found[part], asks_for_person=False).outcome is not Outcome.ANSWERED:
            return ()
    return [found[part] for part in parts]


def spoken_language(utterance: str, *, languages: tuple[str, ...], before: str | None) -> str:
    """``before`` is what the conversation was in, which may be served no longer."""
    return detect_language(utterance, languages=languages, default=before if before in languages else None)


def clean(text: str) -> tuple[str, Mapping[str, int]]:
    """What is kept of a customer's text: normalised, personal data masked; and how much was masked."""
    if len(text) > LONGEST_MESSAGE:
        raise InvalidInputError(f"the text has {len(text)} characters; at most {LONGEST_MESSAGE} are read")
    masked = mask(normalize(text))
    if not masked.text:
        raise InvalidInputError("the text is empty")
    return masked.text, masked.counts
