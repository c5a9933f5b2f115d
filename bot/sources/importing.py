"""What an import does with its documents: planning them against what is stored, and bringing them in."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.knowledge.versions import imported_by
from bot.sources.planning import DocumentPlan, Step, plan_documents
from bot.sources.preparing import PreparedDocument
from bot.sources.repository import known_documents
from bot.sources.writing import add_documents, forget_pending, let_wait, take_document


async def plan(
    session: AsyncSession, documents: Sequence[PreparedDocument], *, approve: bool
) -> DocumentPlan:
    known = await known_documents(session, (document.key for document in documents))
    return await asyncio.to_thread(plan_documents, documents, known, approve=approve)


async def carry_out(session: AsyncSession, plan: DocumentPlan, *, batch_id: str, revision: int) -> None:
    by = imported_by(batch_id)
    new = [each for each in plan.steps if each.step is Step.ADD]
    await add_documents(session, new, batch_id=batch_id, changed_by=by, revision=revision)
    for each in plan.steps:
        if each.step is Step.PUT:
            await take_document(session, each, changed_by=by, revision=revision)
        elif each.step is Step.WAIT:
            await let_wait(session, each, changed_by=by, revision=revision)
        elif each.step is Step.FORGET_PENDING and each.stored is not None:
            await forget_pending(session, each.stored.id)
