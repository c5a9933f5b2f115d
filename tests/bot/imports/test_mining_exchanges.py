from bot.imports.mining_exchanges import DialogueReader, ReadDialogue, SourceTurn
from bot.imports.records import Dialogue, Turn


def read(*turns: tuple[str, str]) -> ReadDialogue:
    dialogue = Dialogue("c1", tuple(Turn(role, text) for role, text in turns))
    return DialogueReader(mask=lambda text: text.replace("4711", "[card]")).read(dialogue)


def pairs(reading: ReadDialogue) -> list[tuple[str, str, float]]:
    return [(e.question, e.reply.reply.core, round(e.weight, 3)) for e in reading.exchanges]


def test_greeting_and_thanks_are_no_questions_and_thanks_make_the_reply_count_in_full() -> None:
    reading = read(
        ("customer", "Hello!"),
        ("agent", "Hi, how can I help?"),
        ("customer", "Can I return opened headphones?"),
        ("agent", "Yes, within 30 days of delivery."),
        ("customer", "Great, thank you!"),
    )
    assert pairs(reading) == [("Can I return opened headphones?", "Yes, within 30 days of delivery.", 1.0)]
    assert reading.exchanges[0].asked == SourceTurn("c1", 2, "customer", "Can I return opened headphones?")
    assert reading.exchanges[0].reply.source.turn_index == 3


def test_a_detail_asked_for_is_skipped_and_the_question_stays_open() -> None:
    reading = read(
        ("customer", "我想退耳机"),
        ("agent", "您好，请提供一下订单号"),
        ("customer", "48213"),
        ("agent", "拆封后七天内可以退货，请在订单里申请。"),
    )
    assert pairs(reading) == [("我想退耳机", "拆封后七天内可以退货，请在订单里申请。", 0.7)]
    assert reading.skipped == ("reply_asks_back", "customer_detail")


def test_turns_in_a_row_are_joined_on_both_sides() -> None:
    reading = read(
        ("customer", "my speaker has a problem"),
        ("customer", "it does not charge any more"),
        ("agent", "Hi there!"),
        ("agent", "Please try another cable first."),
        ("agent", "Hold the button for ten seconds after that."),
    )
    assert pairs(reading) == [
        (
            "my speaker has a problem it does not charge any more",
            "Please try another cable first. Hold the button for ten seconds after that.",
            0.7,
        )
    ]


def test_a_later_reply_to_an_answered_question_counts_half() -> None:
    reading = read(
        ("customer", "Do you ship to Norway?"),
        ("agent", "We ship to all of Europe."),
        ("customer", "I live near Bergen with my dog"),
        ("agent", "Bergen takes four working days."),
    )
    assert [weight for _, _, weight in pairs(reading)] == [0.6, 0.35]


def test_a_complaint_and_a_repeated_question_speak_against_the_reply() -> None:
    complained = read(
        ("customer", "How do I reset the lamp?"),
        ("agent", "The lamp comes in three colours."),
        ("customer", "That's not what I asked"),
        ("agent", "Press the switch three times quickly."),
        ("customer", "thanks"),
    )
    assert pairs(complained) == [
        ("How do I reset the lamp?", "The lamp comes in three colours.", 0.1),
        ("How do I reset the lamp?", "Press the switch three times quickly.", 0.5),
    ]
    repeated = read(
        ("customer", "How do I reset the lamp?"),
        ("agent", "The lamp comes in three colours."),
        ("customer", "how do i reset the lamp"),
    )
    assert pairs(repeated)[0][2] == 0.1


def test_a_follow_up_is_asked_in_its_context_and_counts_half() -> None:
    reading = read(
        ("customer", "Can I return opened headphones?"),
        ("agent", "Yes, within 30 days of delivery."),
        ("customer", "And what about sale items?"),
        ("agent", "Sale items can be exchanged only."),
        ("customer", "ok thanks"),
    )
    assert pairs(reading)[1] == (
        "Can I return opened headphones? And what about sale items?",
        "Sale items can be exchanged only.",
        0.5,
    )


def test_follow_ups_lean_on_the_first_question_not_on_each_other() -> None:
    reading = read(
        ("customer", "Can I return opened headphones?"),
        ("agent", "Yes, within 30 days of delivery."),
        ("customer", "And what about sale items?"),
        ("agent", "Sale items can be exchanged only."),
        ("customer", "And gift cards?"),
        ("agent", "Gift cards cannot be returned at all."),
    )
    assert reading.exchanges[2].question == "Can I return opened headphones? And gift cards?"
    assert reading.exchanges[2].weight == 0.5 * 0.7


def test_questions_are_masked() -> None:
    reading = read(
        ("customer", "Why was my card 4711 refused?"), ("agent", "The bank did not allow the payment.")
    )
    assert reading.exchanges[0].question == "Why was my card [card] refused?"


def test_other_roles_and_empty_turns_are_passed_over() -> None:
    reading = read(
        ("system", "conversation started"),
        ("customer", "Do you repair watches?"),
        ("bot", "I am a bot and do not know that."),
        ("agent", "  "),
        ("agent", "We repair our own watches for free."),
    )
    assert pairs(reading) == [("Do you repair watches?", "We repair our own watches for free.", 0.7)]


def test_an_answer_without_a_question_is_counted() -> None:
    reading = read(("agent", "Our shop is closed on Sundays."), ("customer", "ok"))
    assert pairs(reading) == []
    assert reading.skipped[0] == "reply_without_question"
