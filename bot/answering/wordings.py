"""What a language model made of a composition, as the reply takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.answering.composed_parts import Part
from bot.db.base import JsonObject
from bot.phrasing.service import Phrased
from retrieval.composition import ComposedSentence, Composition


@dataclass(frozen=True)
class Wording:
    """``quoted`` are the sentences that the model was given, numbered from 1."""

    quoted: tuple[ComposedSentence, ...]
    phrased: Phrased

    def fits(self, composition: Composition) -> bool:
        """Whether it may be said for this composition: another one may have come about meanwhile."""
        return self.phrased.text is not None and self.quoted == composition.sentences

    def parts(self, extractive: Sequence[Part]) -> list[Part]:
        """One for each sentence, with the source of the first sentence that it says.

        Args:
            extractive: the parts of the composition, one for each quoted sentence.
        """
        return [{**extractive[sources[0] - 1], "text": text} for text, sources in self.phrased.sentences]

    def evidence(self, *, used: bool) -> JsonObject:
        return {"used": used, **self.phrased.evidence()}
