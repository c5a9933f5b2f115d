"""From what was found to what is said: the decision, with what only the database and the conversation know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from bot.answering.composed_parts import composed_parts, composed_text, composition_rows, section_rows
from bot.answering.given_answers import PERSON_IS_HERE
from bot.answering.knowledge_lookup import (
    ServableAnswer,
    ServableSection,
    servable_answers,
    servable_sections,
)
from bot.answering.texts import texts_for
from bot.answering.understanding import Understood
from bot.errors import InvalidInputError
from retrieval.candidates import Retrieved
from retrieval.composition import Composition
from retrieval.decision import Decision, Outcome, ScoredCandidate
from retrieval.several import SEVERAL_QUESTIONS, answers_each, joint_confidence
from retrieval.small_talk import SmallTalk

SUGGESTED = 3
ASKED_FOR_PERSON = "asked_for_person"


@dataclass(frozen=True)
class Reply:
    """What the bot says and everything that led to it; the content of an exchange."""

    outcome: Outcome
    rule: str
    confidence: float
    text: str
    language: str
    parts: Sequence[Mapping[str, Any]]
    intent: str | None = None
    choices: Sequence[Mapping[str, str]] = ()
    suggestions: Sequence[str] = ()
    candidates: Sequence[Mapping[str, Any]] = ()
    evidence: Mapping[str, Any] | None = None


def reply_to(connection: Connection, understood: Understood) -> Reply:
    """Decides among the answers that may be given and the sections that may be quoted at this moment."""
    if understood.small_talk is not None:
        return _small_talk_reply(understood.small_talk, understood.language)
    found = _found_now(connection, understood)
    decision, retrieved = found.decision, found.retrieved
    each = _answers_to_each(connection, understood, decision)
    if each is not None:
        reply = each
    elif decision.outcome is Outcome.COMPOSED:
        reply = _composed(decision, found.quotable, understood)
    else:
        reply = _worded(decision, retrieved, found.servable, understood)
    top = found.servable.get(retrieved.candidates[0].answer_id) if retrieved.candidates else None
    return replace(
        reply,
        intent=top.intent if top else None,
        candidates=_candidate_rows(decision.scored),
        evidence={
            **_evidence(understood, retrieved),
            **_sources_evidence(decision, retrieved),
            **_wording_evidence(decision, understood),
            **((each.evidence or {}) if each else {}),
        },
    )


def _answers_to_each(connection: Connection, understood: Understood, whole: Decision) -> Reply | None:
    """One answer a question of the message, where each surely has its own; else None."""
    ids = [c.answer_id for found in understood.questions for c in found.candidates]
    servable = servable_answers(connection, ids)
    decide = understood.serving.engine.decide
    parts = [decide(_only(found, servable), asks_for_person=False) for found in understood.questions]
    if not answers_each(whole, parts):
        return None
    given = [servable[part.answers[0].candidate.answer_id] for part in parts]
    texts = [answer.text_in(understood.language) for answer in given]
    return Reply(
        outcome=Outcome.ANSWERED,
        rule=SEVERAL_QUESTIONS,
        confidence=joint_confidence(parts),
        text="\n\n".join(text for text, _ in texts),
        language=texts[0][1],
        parts=[
            {"text": text, "answer_id": answer.id} for answer, (text, _) in zip(given, texts, strict=True)
        ],
        intent=given[0].intent,
        evidence={"questions": [_candidate_rows(part.scored[:1])[0] for part in parts]},
    )


def composition_for(connection: Connection, understood: Understood) -> Composition | None:
    """What `reply_to` would reply with at this moment, if that is composed."""
    if understood.retrieved is None:
        return None
    decision = _found_now(connection, understood).decision
    if decision.outcome is not Outcome.COMPOSED or _answers_to_each(connection, understood, decision):
        return None
    return decision.composition


@dataclass(frozen=True)
class _Found:
    """What may be said at this moment, and what is decided about it."""

    retrieved: Retrieved
    servable: Mapping[str, ServableAnswer]
    quotable: Mapping[str, ServableSection]
    decision: Decision


def _found_now(connection: Connection, understood: Understood) -> _Found:
    retrieved = understood.retrieved
    assert retrieved is not None, "only small talk is not searched for"
    servable = servable_answers(connection, [c.answer_id for c in retrieved.candidates])
    quotable = servable_sections(connection, [hit.section_id for hit in retrieved.sections])
    retrieved = _only_quotable(_only(retrieved, servable), quotable)
    decision = understood.serving.engine.decide(retrieved, asks_for_person=understood.wants_person)
    return _Found(retrieved, servable, quotable, decision)


def reply_to_choice(
    connection: Connection, answer_id: str, offered: Sequence[str], *, language: str
) -> Reply:
    """The visitor picked one of the answers the last exchange offered.

    Raises:
        InvalidInputError: it was not among them, or is no longer approved.
    """
    servable = servable_answers(connection, [answer_id])
    if answer_id not in offered or answer_id not in servable:
        raise InvalidInputError(
            f"choice {answer_id!r} is not among the choices of the last reply ({', '.join(offered) or 'none'})"
        )
    return _answer(servable[answer_id], language, rule="visitor_choice", confidence=1.0)


def person_requested(language: str) -> Reply:
    text = texts_for(language).person_requested
    return _say(Outcome.HANDED_OFF, ASKED_FOR_PERSON, text, language)


def without_person(reply: Reply) -> Reply:
    """The same for somebody to whom no person can reply: a handoff is not promised."""
    if reply.outcome is not Outcome.HANDED_OFF:
        return reply
    texts = texts_for(reply.language)
    text = texts.person_elsewhere if reply.rule == ASKED_FOR_PERSON else texts.unknown_here
    return replace(reply, text=text, parts=[{"text": text, "answer_id": None}])


def bot_failed(language: str) -> Reply:
    return _say(Outcome.HANDED_OFF, "bot_failed", texts_for(language).failed, language)


def person_is_here(language: str) -> Reply:
    """No reply: a person has the conversation."""
    return Reply(Outcome.HANDED_OFF, PERSON_IS_HERE, 0.0, text="", language=language, parts=())


def _only(retrieved: Retrieved, servable: Mapping[str, ServableAnswer]) -> Retrieved:
    kept = tuple(c for c in retrieved.candidates if c.answer_id in servable)
    return retrieved if len(kept) == len(retrieved.candidates) else replace(retrieved, candidates=kept)


def _only_quotable(retrieved: Retrieved, quotable: Mapping[str, ServableSection]) -> Retrieved:
    """Sections that may be quoted and still read as they were indexed."""
    kept = tuple(
        hit
        for hit in retrieved.sections
        if (section := quotable.get(hit.section_id)) is not None
        and all(sentence.text in section.text for sentence in hit.sentences)
    )
    if len(kept) == len(retrieved.sections):
        return retrieved
    return replace(retrieved, found_sections=replace(retrieved.found_sections, sections=kept))


def _sources_evidence(decision: Decision, retrieved: Retrieved) -> dict[str, Any]:
    """Nothing where no section was found, so that explanations stay as short as they were."""
    told: dict[str, Any] = {}
    if retrieved.sections:
        told["sections"] = section_rows(retrieved.sections)
    if decision.composition is not None:
        told["composition"] = composition_rows(decision.composition)
    return told


def _wording_evidence(decision: Decision, understood: Understood) -> dict[str, Any]:
    """What a language model was asked and said, also where its wording is not the reply."""
    wording = understood.wording
    if wording is None:
        return {}
    composed = decision.composition if decision.outcome is Outcome.COMPOSED else None
    return {"phrasing": wording.evidence(used=composed is not None and wording.fits(composed))}


def _composed(decision: Decision, quotable: Mapping[str, ServableSection], understood: Understood) -> Reply:
    assert decision.composition is not None, "composed replies have a composition"
    language, wording = understood.language, understood.wording
    parts = composed_parts(decision.composition, quotable, language=language)
    if wording is not None and wording.fits(decision.composition):
        parts = wording.parts(parts)
    return Reply(
        outcome=Outcome.COMPOSED,
        rule=decision.rule,
        confidence=decision.confidence,
        text=composed_text(parts),
        language=language,
        parts=parts,
    )


def _worded(
    decision: Decision, retrieved: Retrieved, servable: Mapping[str, ServableAnswer], understood: Understood
) -> Reply:
    language, first_question = understood.language, understood.serving.engine.first_question
    ids = [choice.candidate.answer_id for choice in decision.answers]
    if decision.outcome is Outcome.ANSWERED:
        return _answer(servable[ids[0]], language, rule=decision.rule, confidence=decision.confidence)
    texts = texts_for(language)
    if decision.outcome is Outcome.CLARIFIED:
        choices = [
            {"answer_id": choice.candidate.answer_id, "question": question}
            for choice in decision.answers
            if (question := first_question(choice.candidate.answer_id, language) or choice.candidate.question)
        ]
        which = texts.which_one if len(choices) > 1 else texts.is_it_this
        said = _say(Outcome.CLARIFIED, decision.rule, which, language)
        return replace(said, choices=choices, confidence=decision.confidence)
    if decision.rule == ASKED_FOR_PERSON:
        return replace(person_requested(language), confidence=decision.confidence)
    said = _say(Outcome.HANDED_OFF, decision.rule, texts.unknown, language)
    near = (first_question(c.answer_id, language) for c in retrieved.candidates[:SUGGESTED])
    suggestions = [question for question in near if question]
    return replace(said, suggestions=suggestions, confidence=decision.confidence)


def _answer(answer: ServableAnswer, language: str, *, rule: str, confidence: float) -> Reply:
    text, text_language = answer.text_in(language)
    return Reply(
        outcome=Outcome.ANSWERED,
        rule=rule,
        confidence=confidence,
        text=text,
        language=text_language,
        parts=[{"text": text, "answer_id": answer.id}],
        intent=answer.intent,
    )


def _say(outcome: Outcome, rule: str, text: str, language: str) -> Reply:
    """A reply in the bot's own words, which come from no answer."""
    parts = [{"text": text, "answer_id": None}]
    return Reply(outcome=outcome, rule=rule, confidence=0.0, text=text, language=language, parts=parts)


def _small_talk_reply(kind: SmallTalk, language: str) -> Reply:
    texts = texts_for(language)
    said = {
        SmallTalk.ACKNOWLEDGEMENT: texts.acknowledgement,
        SmallTalk.GREETING: texts.welcome,
        SmallTalk.THANKS: texts.thanks,
        SmallTalk.GOODBYE: texts.goodbye,
        SmallTalk.OPENER: texts.opener,
    }[kind]
    return replace(_say(Outcome.ANSWERED, f"small_talk_{kind.value}", said, language), confidence=1.0)


def _evidence(understood: Understood, retrieved: Retrieved) -> dict[str, Any]:
    told: dict[str, Any] = {
        **understood.serving.engine.explain(retrieved),
        "masked": dict(understood.masked),
    }
    if (context := retrieved.context) is not None:
        told["context"] = {
            "resolved": context.resolved,
            "how": context.how,
            "with": list(context.turns),
            "chance": context.chance,
            "without": context.without,
        }
    return told


def _candidate_rows(scored: Sequence[ScoredCandidate]) -> list[dict[str, Any]]:
    return [
        {
            "answer_id": candidate.answer_id,
            "question": candidate.question,
            "similarity": round(candidate.similarity, 4),
            "lexical": round(candidate.lexical, 4),
            "support": round(candidate.support, 4),
            "confidence": round(item.confidence, 4),
        }
        for candidate, item in ((item.candidate, item) for item in scored)
    ]
