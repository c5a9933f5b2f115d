"""POST /v1/exchanges/{id}/correction: put right the entry that caused a wrong reply."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import Idempotent, PartsDep, WriteKey
from bot.errors import (
    TEACHING_ERRORS,
)
from bot.feedback.correction_schemas import CorrectionIn, CorrectionOut
from bot.feedback.corrections import correct
from bot.feedback.service import reachable_exchange
from bot.knowledge.publishing import change_knowledge
from bot.knowledge.rivals import nearest_answers
from bot.problems import responses

router = APIRouter(prefix="/v1/exchanges", tags=["feedback"])


@router.post(
    "/{exchange_id}/correction",
    status_code=201,
    response_model=CorrectionOut,
    responses=responses(*TEACHING_ERRORS),
)
async def correct_exchange(
    exchange_id: str, correction: CorrectionIn, parts: PartsDep, key: WriteKey, call: Idempotent
) -> Response:
    """Replaces, splits, merges or adds an answer; the question is answered rightly within two seconds."""
    async with parts.database.read() as session:
        asked = (await reachable_exchange(session, exchange_id, key)).question
    near = await nearest_answers(parts, [asked, *([correction.text] if correction.text else [])])

    async def work(session: AsyncSession) -> StoredReply:
        exchange = await reachable_exchange(session, exchange_id, key)
        corrected = await correct(
            session,
            exchange,
            correction,
            languages=parts.settings.languages,
            corrected_by=key.name,
            near=near,
        )
        return StoredReply(201, corrected.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)
