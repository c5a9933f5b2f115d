"""How much a label counts in training, by where it comes from (the trust levels of `LabelSource`)."""

from collections.abc import Mapping

from bot.db.knowledge_tables import LabelSource

TRUST: Mapping[str, float] = {
    LabelSource.OPERATOR: 1.0,
    LabelSource.IMPORT: 1.0,
    LabelSource.AGENT_REPLY: 0.9,
    LabelSource.VISITOR_CHOICE: 0.7,
    LabelSource.MINED: 0.7,
}


def trust_of(sources: Mapping[int, str]) -> dict[int, float]:
    """By question number; of a source that is not listed, that of the weakest."""
    weakest = min(TRUST.values())
    return {number: TRUST.get(source, weakest) for number, source in sources.items()}
