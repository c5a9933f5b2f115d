"""Has a composed reply worded by a language model before the transaction in which it is given.

What will be composed is looked at first, off the transaction, since nobody may wait for a model with the database's one writer in their hands.
The transaction decides again: its reply takes the wording only if it consists of the very sentences that were worded.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from bot.answering.replying import composition_for
from bot.answering.understanding import Understood
from bot.answering.wordings import Wording
from bot.conversations.repository import last_exchange
from bot.db.transactions import Transactions
from bot.phrasing.service import Phrasing
from retrieval.composition import Composition
from retrieval.grounding import SourceSentence


@dataclass(frozen=True)
class _Ahead:
    composition: Composition
    said_before: tuple[str, ...]


async def worded(
    understood: Understood, *, phrasing: Phrasing, quick: Transactions, conversation_id: str | None
) -> Understood:
    """The same with ``wording`` where a model was asked; as it is where there is nothing to word or no model."""
    retrieved = understood.retrieved
    if not phrasing.is_on or retrieved is None or not retrieved.sections or understood.wants_person:
        return understood
    ahead = await quick.read(lambda connection: _look_ahead(connection, understood, conversation_id))
    if ahead is None:
        return understood
    began = time.perf_counter()
    quoted = ahead.composition.sentences
    phrased = await phrasing.phrase(
        understood.utterance,
        [SourceSentence(number, each.text, each.section_id) for number, each in enumerate(quoted, start=1)],
        understood.language,
        encoder=understood.serving.engine.retriever.encoder,
        deadline=phrasing.deadline_for(understood.started),
        context=ahead.said_before,
    )
    if phrased is None:
        return understood
    timings: Mapping[str, Any] = {**retrieved.timings_ms, "phrasing": (time.perf_counter() - began) * 1000}
    return replace(
        understood, retrieved=replace(retrieved, timings_ms=timings), wording=Wording(quoted, phrased)
    )


def _look_ahead(connection: Connection, understood: Understood, conversation_id: str | None) -> _Ahead | None:
    composition = composition_for(connection, understood)
    if composition is None or any(each.language != understood.language for each in composition.sentences):
        return None
    asked = last_exchange(connection, conversation_id) if conversation_id else None
    before: Sequence[str] = (asked.utterance,) if asked is not None else ()
    return _Ahead(composition, tuple(before))
