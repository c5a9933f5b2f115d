"""A composed reply that an operator accepts becomes a draft answer, which is approved like any other."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.composed_parts import composed_text
from bot.answering.given_answers import given_answer
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import AnswerState
from bot.knowledge.schemas import AnswerIn
from bot.knowledge.service import Languages, create_answer
from bot.knowledge.texts import Asked
from retrieval.decision import Outcome

TAG = "composed"


def quoted_text(exchange: Exchange) -> str | None:
    """What a composed reply quotes, without the bot's own note; None of a reply that was not composed."""
    if exchange.outcome != Outcome.COMPOSED or given_answer(exchange.outcome, exchange.reply) is not None:
        return None
    quoted = [part for part in exchange.reply["parts"] if part.get("section_id")]
    return composed_text(quoted) if quoted else None


async def draft_of(
    session: AsyncSession, text: str, question: Asked, *, languages: Languages, made_by: str
) -> str:
    """The new draft's id. Raises ConflictError where the question leads to an approved answer already."""
    wanted = AnswerIn(text=text, questions=[question.text], state=AnswerState.DRAFT, tags=[TAG])
    return (await create_answer(session, wanted, languages=languages, created_by=made_by)).id
