"""/webhooks/chatwoot: Kefu as an agent bot of Chatwoot. The URL there holds the API key: ``…/webhooks/chatwoot?token=kk_…``."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse

from bot.access.idempotency import IdempotentCall
from bot.answering.texts import texts_for
from bot.channels.chatwoot import ChatwootClient, ChatwootEvent, Kind, Said, check_signature, said_in
from bot.channels.keys import ChannelKey
from bot.channels.threads import Answered, Sender, answer_sender, choose_for_sender
from bot.db.conversation_tables import CHATWOOT
from bot.dependencies import Parts, PartsDep
from bot.errors import InvalidInputError, NotFoundError

router = APIRouter(prefix="/webhooks/chatwoot", include_in_schema=False)


class Handled(BaseModel):
    handled: bool


@router.post("")
async def receive(request: Request, parts: PartsDep, key: ChannelKey) -> JSONResponse:
    """Answers what a visitor said, in Chatwoot. Told the same twice, it says the same and keeps it once."""
    settings, body = parts.settings.chatwoot, await request.body()
    if settings.url is None:
        raise NotFoundError("this installation is not connected to Chatwoot; set KEFU_CHATWOOT__URL")
    if settings.webhook_secret is not None:
        check_signature(
            settings.webhook_secret.get_secret_value(),
            body,
            signature=request.headers.get("x-chatwoot-signature", ""),
            timestamp=request.headers.get("x-chatwoot-timestamp", ""),
        )
    try:
        said = said_in(ChatwootEvent.model_validate_json(body))
    except ValidationError as error:
        raise InvalidInputError("this is no webhook of Chatwoot's as Kefu knows them") from error
    if said is None:
        return JSONResponse(Handled(handled=False).model_dump())
    client = ChatwootClient(settings)
    if said.kind is Kind.ATTACHMENT:
        languages = parts.settings.languages  # which one is theirs, nothing that they wrote says
        await client.leave_to_people(said, "\n".join(texts_for(each).attachment for each in languages))
        return JSONResponse(Handled(handled=True).model_dump())
    answered = await _answered(parts, Sender(CHATWOOT, key, said.sender), said)
    await client.tell(said, answered.reply.body)
    response = JSONResponse(Handled(handled=True).model_dump())
    if answered.understood is not None:
        response.background = BackgroundTask(parts.shadows.offer, answered.understood, answered.reply.body)
    return response


async def _answered(parts: Parts, sender: Sender, said: Said) -> Answered:
    name = sender.key.name
    call = IdempotentCall(
        parts.database, principal=name, key=said.key, request=f"{said.sender}\n{said.text}".encode()
    )
    parts.running.begin(name, said.key)
    try:
        stored = await call.stored()
        if stored is not None:
            return Answered(stored)
        if said.kind is Kind.CHOICE:
            return await choose_for_sender(parts, sender, said.text, call)
        return await answer_sender(parts, sender, said.text, call)
    finally:
        parts.running.end(name, said.key)
