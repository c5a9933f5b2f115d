"""/v1/conversations/{id}/agent-replies: a person speaks in a conversation that was handed over."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from bot.access.idempotency import StoredReply
from bot.db.transactions import Connection
from bot.dependencies import Idempotent, OperatorKey
from bot.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.handoffs.schemas import AgentReplyIn, AgentReplyOut
from bot.handoffs.service import reply_as_agent
from bot.problems import responses

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


@router.post(
    "/{conversation_id}/agent-replies",
    status_code=201,
    response_model=AgentReplyOut,
    responses=responses(
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        RateLimitedError,
        RequestRunningError,
        KeyReusedError,
        InvalidInputError,
        TooLargeError,
    ),
)
async def add_agent_reply(
    conversation_id: str, said: AgentReplyIn, key: OperatorKey, call: Idempotent
) -> Response:
    """Says something to the visitor as a person, and keeps it as a draft answer to what they had asked."""

    def work(connection: Connection) -> StoredReply:
        replied = reply_as_agent(connection, conversation_id, said, agent=key)
        return StoredReply(201, replied.model_dump(mode="json"))

    reply = await call.stored() or await call.run_quick(work)
    return JSONResponse(reply.body, reply.status)
