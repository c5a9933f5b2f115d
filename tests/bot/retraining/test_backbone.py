"""Which encoder a training run takes, and that it is there before the run begins."""

from types import SimpleNamespace
from typing import cast

import pytest

from bot.releases.building import BuildInputs
from bot.retraining.children import Children
from bot.retraining.claiming import Claim
from bot.retraining.making import _backbone
from bot.retraining.schemas import RunOptions
from bot.settings import Settings
from retrieval.records import Knowledge, PassageRecord, QuestionRecord

TOPICS = ("refund", "invoice", "delivery", "password")


class _Recorded:
    """Children that only write down what they were asked to run."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, ...]] = []

    async def run(self, *arguments: str) -> None:
        self.runs.append(arguments)


def inputs(questions_each: int) -> BuildInputs:
    asked = [(topic, f"{topic} {number}") for topic in TOPICS for number in range(questions_each)]
    knowledge = Knowledge(
        [QuestionRecord(number, topic, text, "en") for number, (topic, text) in enumerate(asked, start=1)],
        [PassageRecord(1, "refund", "We pay back within seven days of your asking.", "en")],
    )
    return cast(BuildInputs, SimpleNamespace(knowledge=knowledge))


@pytest.mark.parametrize(
    ("languages", "questions_each", "expected"),
    [
        (("en",), 4, "english"),
        (("en",), 3, "multilingual"),
        (("en",), 1, "english"),
        (("en", "zh"), 4, "multilingual"),
        (("zh",), 3, "multilingual"),
    ],
)
async def test_english_alone_trains_the_english_one_unless_texts_lead_to_the_answers(
    languages: tuple[str, ...], questions_each: int, expected: str
) -> None:
    children = _Recorded()
    claim = cast(Claim, SimpleNamespace(options=RunOptions()))
    settings = Settings(languages=languages)
    chosen = await _backbone(settings, claim, inputs(questions_each), cast(Children, children))
    assert chosen == expected
    assert children.runs == [("models", "get", expected)]


async def test_one_that_is_named_is_taken_as_it_is() -> None:
    children = _Recorded()
    claim = cast(Claim, SimpleNamespace(options=RunOptions(backbone="english")))
    assert await _backbone(Settings(), claim, inputs(3), cast(Children, children)) == "english"
    assert children.runs == []
