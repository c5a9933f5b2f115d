"""Where a label comes from, which says how far it is believed."""

from enum import StrEnum


class LabelSource(StrEnum):
    """Where a question or label comes from, strongest first (trust falls downwards)."""

    OPERATOR = "operator"
    IMPORT = "import"
    AGENT_REPLY = "agent_reply"
    VISITOR_CHOICE = "visitor_choice"
    VISITOR_AGREEMENT = "visitor_agreement"
    MINED = "mined"
