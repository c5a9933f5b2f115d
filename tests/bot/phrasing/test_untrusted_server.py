"""A server that lies, breaks or keeps one waiting: 500 scripted replies, and nothing unsupported leaves."""

from datetime import timedelta

import pytest

from bot.phrasing.service import Outcome
from tests.bot.phrasing.conftest import Made
from tests.fixtures.fakes import HashEncoder
from tests.fixtures.model_replies import Scripted, scripted_replies
from tests.fixtures.model_server import ScriptedModel

REPLIES = scripted_replies()
SHORT = timedelta(milliseconds=60)


def test_there_are_500_replies_and_every_kind_among_them() -> None:
    assert len(REPLIES) == 500
    assert len({reply.name for reply in REPLIES}) == 500
    assert sum(reply.is_slow for reply in REPLIES) >= 4


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.name)
async def test_nothing_unsupported_leaves(model: ScriptedModel, phrasing_with: Made, reply: Scripted) -> None:
    model.behaviour = reply.behaviour
    phrasing = phrasing_with(deadline=SHORT if reply.is_slow else timedelta(seconds=30))

    phrased = await phrasing.phrase(
        reply.topic.question,
        reply.topic.sentences,
        reply.topic.language,
        encoder=HashEncoder(),
        deadline=phrasing.deadline_for(phrasing.clock()),
    )

    assert phrased is not None
    assert {text for text, _ in phrased.sentences} <= reply.truths
    if phrased.text is not None:
        joint = "" if reply.topic.language == "zh" else " "
        assert phrased.text == joint.join(text for text, _ in phrased.sentences)
    if reply.is_slow:
        assert (phrased.outcome, phrased.text) == (Outcome.DEADLINE, None)
