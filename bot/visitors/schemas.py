"""What travels over HTTP about what is a visitor's own."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.conversations.schemas import MessageOut


class ConversationOut(BaseModel):
    id: str
    state: str
    created_at: datetime
    last_message: MessageOut | None


class RatingIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"stars": 5, "comment": "Quick and friendly."}]}
    )

    stars: int = Field(ge=1, le=5)
    comment: str | None = Field(None, max_length=2000)


class RatingOut(BaseModel):
    conversation_id: str
    stars: int
    comment: str | None
    created_at: datetime
