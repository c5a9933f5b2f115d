"""Has a composed reply worded by a language model before the transaction in which it is given.

What will be composed is looked at first, off the transaction, since nobody may wait for a model with the database's one writer in their hands.
The transaction decides again: its reply takes the wording only if it consists of the very sentences that were worded.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.answering.replying import composition_for
from bot.answering.understanding import Understood
from bot.answering.wordings import Wording
from bot.db.transactions import Transactions
from bot.phrasing.service import Phrasing
from retrieval.candidates import Retrieved
from retrieval.composition import Composition
from retrieval.grounding import SourceSentence


async def worded(understood: Understood, *, phrasing: Phrasing, quick: Transactions) -> Understood:
    """The same with ``wording`` where a model was asked; as it is where there is nothing to word or no model."""
    retrieved = understood.retrieved
    if not phrasing.is_on or retrieved is None or not retrieved.sections or understood.wants_person:
        return understood
    composition = await quick.read(lambda connection: _look_ahead(connection, understood))
    if composition is None:
        return understood
    began = time.perf_counter()
    quoted = composition.sentences
    phrased = await phrasing.phrase(
        understood.utterance,
        [SourceSentence(number, each.text, each.section_id) for number, each in enumerate(quoted, start=1)],
        understood.language,
        encoder=understood.serving.engine.retriever.encoder,
        deadline=phrasing.deadline_for(understood.started),
        context=said_before(retrieved),
    )
    if phrased is None:
        return understood
    timings: Mapping[str, Any] = {**retrieved.timings_ms, "phrasing": (time.perf_counter() - began) * 1000}
    return replace(
        understood, retrieved=replace(retrieved, timings_ms=timings), wording=Wording(quoted, phrased)
    )


def _look_ahead(connection: Connection, understood: Understood) -> Composition | None:
    composition = composition_for(connection, understood)
    if composition is None or any(each.language != understood.language for each in composition.sentences):
        return None
    return composition


def said_before(retrieved: Retrieved) -> tuple[str, ...]:
    """What the message leans on, in the order in which it was said: nothing where it stands alone."""
    context = retrieved.context
    return tuple(reversed(context.turns)) if context is not None and context.resolved else ()
