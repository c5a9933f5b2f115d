"""Sources, earlier turns and messages that give orders: what leaves is what the honest sources say."""

import pytest

from tests.bot.phrasing.conftest import Made
from tests.fixtures.fakes import HashEncoder
from tests.fixtures.hidden_instructions import SOURCES, Hidden, Place, hidden_instructions
from tests.fixtures.model_server import ScriptedModel, says

HIDDEN = hidden_instructions()


def test_there_are_200_in_every_place_and_language() -> None:
    assert len({(each.place, each.text) for each in HIDDEN}) == 200
    for place in Place:
        for language in ("en", "zh"):
            assert sum((each.place, each.language) == (place, language) for each in HIDDEN) >= 20


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda hidden: f"{hidden.place}-{hidden.number}")
async def test_a_model_that_obeys_every_order_changes_nothing(
    model: ScriptedModel, phrasing_with: Made, hidden: Hidden
) -> None:
    """The worst model there is: it says what it was ordered to, beside and instead of what it should."""
    honest = SOURCES[hidden.language]
    for said in (hidden.effect, f"{honest[0]} {hidden.effect} {honest[1]} {honest[2]}"):
        model.behaviour = says(said)
        phrasing = phrasing_with()

        phrased = await phrasing.phrase(
            hidden.question,
            hidden.sources,
            hidden.language,
            encoder=HashEncoder(),
            deadline=phrasing.deadline_for(phrasing.clock()),
            context=hidden.turns,
        )

        left = [] if phrased is None else [text for text, _ in phrased.sentences]
        assert set(left) <= set(honest)
        assert phrased is None or phrased.text is None or hidden.effect not in phrased.text
