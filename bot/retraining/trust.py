"""How much a label counts in training, by where it comes from: what people say as `bot.feedback.trust` weighs it, and imports."""

from collections.abc import Mapping

from bot.db.knowledge_tables import LabelSource
from bot.feedback.trust import Trust

TRUST: Mapping[LabelSource, float] = {trust.source: trust.weight for trust in Trust} | {
    LabelSource.IMPORT: 1.0,
    LabelSource.MINED: 0.7,
}


def trust_of(sources: Mapping[int, str]) -> dict[int, float]:
    """By question number."""
    return {number: TRUST[LabelSource(source)] for number, source in sources.items()}
