"""What travels over HTTP about webhooks."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.db.webhook_tables import DeliveryState, EventType
from bot.webhooks.sending import LONGEST_URL


class WebhookIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/hooks/kefu", "events": ["handoff.requested"]}]
        }
    )

    url: str = Field(max_length=LONGEST_URL)
    events: list[EventType] = Field([], max_length=20, description="What to tell it; empty: everything")


class WebhookOut(BaseModel):
    id: str
    url: str
    events: list[EventType]
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None


class WebhookWithSecret(WebhookOut):
    """Shown when it is made; the secret is not shown again."""

    secret: str


class DeliveryOut(BaseModel):
    id: str
    webhook_id: str
    event_id: str = Field(description="The webhook-id header: equal for all attempts and replays")
    type: EventType
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    last_response: str | None
    created_at: datetime
    ended_at: datetime | None
