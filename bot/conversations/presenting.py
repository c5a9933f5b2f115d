"""Rows as the API shows them."""

from typing import Any

from sqlalchemy import Row

from bot.conversations.schemas import ExchangeOut, ExplainedExchange, MessageOut
from bot.db.base import JsonObject


def exchange_body(row: JsonObject, *, explain: bool) -> dict[str, Any]:
    """The JSON of an exchange; with ``explain`` also what led to the reply."""
    schema = ExplainedExchange if explain else ExchangeOut
    fields = {name: row[name] for name in schema.model_fields if name != "release"}
    return schema(**fields, release=row["release_id"]).model_dump(mode="json")


def message_out(message: Row[Any]) -> MessageOut:
    return MessageOut.model_validate(message, from_attributes=True)
