"""Encoder, knowledge and confidence together: the one way from an utterance to a decision.

Service, command line, benchmark and gate all decide through `Engine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.candidates import Retrieved
from retrieval.composition_confidence import JudgedComposition, composed_at
from retrieval.confidence import ConfidenceModel
from retrieval.context import Turn
from retrieval.decision import Decision, decide
from retrieval.evidence import FEATURES, evidence
from retrieval.intents import IntentHead
from retrieval.person_request import asks_for_person
from retrieval.records import Language
from retrieval.resolving import retrieve_in_context
from retrieval.retriever import Progress, Retriever
from retrieval.traffic import Traffic


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What was found for an utterance and what follows from it."""

    retrieved: Retrieved
    decision: Decision


@dataclass(frozen=True, slots=True)
class Engine:
    """Safe to call from several threads; the retriever may change meanwhile.

    `judged_compositions` are composed replies of this company that people judged.
    """

    retriever: Retriever
    confidence: ConfidenceModel
    head: IntentHead | None = None
    traffic: Traffic | None = None
    judged_compositions: tuple[JudgedComposition, ...] = ()

    @classmethod
    def load(cls, checkpoint_path: Path, snapshot_path: Path) -> Engine:
        """Reads a verified checkpoint and the index snapshot that was built with it.

        Raises:
            ArtifactError: one of the folders is damaged, or they do not belong together.
        """
        from retrieval.checkpoint import Checkpoint

        checkpoint = Checkpoint.load(checkpoint_path)
        retriever = Retriever.from_snapshot(snapshot_path, encoder=checkpoint.encoder)
        return cls(retriever, checkpoint.confidence, checkpoint.head, checkpoint.traffic)

    def respond(self, utterance: str, language: str, *, limit: int = 10) -> EngineResult:
        """Encodes, searches and decides; `utterance` should be normalised and masked by the caller."""
        retrieved = self.retrieve(utterance, language=language, limit=limit)
        return EngineResult(retrieved, self.decide(retrieved, asks_for_person=asks_for_person(utterance)))

    def retrieve(self, utterance: str, *, language: str, limit: int = 10) -> Retrieved:
        """The costly part, encoding and searching, which a service runs off its event loop."""
        return self.retrieve_all([(utterance, language)], limit=limit)[0]

    def retrieve_all(
        self,
        messages: Sequence[tuple[str, Language]],
        *,
        limit: int = 10,
        progress: Progress | None = None,
    ) -> list[Retrieved]:
        """As `retrieve`, for several utterances with their languages, encoded together."""
        found = self.retriever.search_all(
            messages, limit=limit, fusion=self.confidence.fusion, head=self.head, progress=progress
        )
        return found if self.traffic is None else self.traffic.surround(found, self.confidence.fusion)

    def retrieve_after(
        self, utterance: str, *, language: Language, turns: Sequence[Turn], limit: int = 10
    ) -> Retrieved:
        """As `retrieve`, for an utterance that may lean on the exchanges before it, the last one first."""
        return retrieve_in_context(self, utterance, language=language, turns=turns, limit=limit)

    def decide(self, retrieved: Retrieved, *, asks_for_person: bool) -> Decision:
        """Cheap, so that a service can decide again when a candidate may not be given any more."""
        return decide(
            retrieved, self.confidence, asks_for_person=asks_for_person, judged=self.judged_compositions
        )

    def confidences(self, retrieved: Retrieved) -> tuple[float, ...]:
        """P(the candidate is the right answer), one for each candidate."""
        return self.confidence.confidences(retrieved)

    def first_question(self, answer_id: str, language: Language) -> str | None:
        """The oldest searchable question of an answer in a language."""
        view = self.retriever.view
        own = (view.questions[number] for number in view.question_numbers.get(answer_id, ()))
        return next((question.text for question in own if question.language == language), None)

    def tolerating(self, errors: Mapping[Language, float]) -> Engine:
        """The same parts with the cut-offs of errors that somebody chose, by language."""
        return replace(self, confidence=replace(self.confidence, tolerated=errors))

    def explain(self, retrieved: Retrieved) -> dict[str, float]:
        """The evidence for the best candidate and the cut-offs it met, by name."""
        cutoffs = self.confidence.cutoffs_for(retrieved.language)
        named = {"answer_at": cutoffs.answer_at, "clarify_at": cutoffs.clarify_at}
        if retrieved.candidates:
            named |= dict(zip(FEATURES, evidence(retrieved, 0).tolist(), strict=True))
        if (around := retrieved.surroundings) is not None:
            named |= {"familiarity": around.familiarity, "coverage": around.coverage}
            named["echo"] = retrieved.candidates[0].echo if retrieved.candidates else 0.0
        if retrieved.sections:
            named["compose_at"] = composed_at(
                self.confidence.error_for(retrieved.language), self.judged_compositions
            )
        return {name: round(value, 4) for name, value in named.items() if name != "intercept"}

    def warm_up(self) -> None:
        """Makes every part allocate what it needs, so that the first customer does not wait for it."""
        for language in ("en", "zh"):
            self.respond("hello", language)
