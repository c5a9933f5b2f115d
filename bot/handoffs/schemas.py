"""What travels over HTTP about handoffs."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.conversations.schemas import MessageOut
from bot.knowledge.schemas import LONGEST_ANSWER


class AgentReplyIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "We open on Sundays, too, until Christmas."}]}
    )

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ANSWER)]


class AgentReplyOut(BaseModel):
    conversation_id: str
    message: MessageOut
    label_id: str | None = Field(
        description="The candidate that the reply became, to accept or reject; null when nothing had been asked before"
    )
