"""Messages that only announce a question."""

from bot.access.principals import Scope
from bot.answering.texts import TEXTS
from tests.fixtures.services import Talk


async def test_opener_is_asked_what_the_question_is_and_a_question_beside_it_is_answered(talk: Talk) -> None:
    opened = [(await talk.say(text)).json() for text in ("Hello, can you help me?", "你好，想請問一下")]
    asked = (await talk.say("Hello, I have a question. Can I return something?")).json()

    assert [(each["outcome"], each["reply"]["text"]) for each in opened] == [
        ("answered", "Of course. What is your question?"),
        ("answered", "好的，请问您想问什么？"),
    ]
    assert asked["reply"]["text"] not in (TEXTS["en"].opener, TEXTS["en"].welcome)


async def test_opener_that_somebody_has_approved_an_answer_to_gets_it(
    talk: Talk, new_key, knowledge: dict[str, str]
) -> None:
    label = {"utterance": "I need help", "answer_id": knowledge["returns"]}
    operator = await new_key(Scope.OPERATOR)
    (await talk.client.post("/v1/labels", json=label, headers=operator)).raise_for_status()

    said = (await talk.say("I need help!")).json()

    assert [part["answer_id"] for part in said["reply"]["parts"]] == [knowledge["returns"]]
    assert (await talk.say("help me out")).json()["reply"]["text"] == TEXTS["en"].opener
