import random

import pytest

from bot.imports.mining import MinedAnswer, MiningReport, mine_answers
from bot.imports.records import Dialogue, Turn
from tests.fixtures.fakes import HashEncoder

LANGUAGES = ("en", "zh")


def dialogue(name: str, *turns: str, language: str | None = None) -> Dialogue:
    """Turns alternate, the customer first."""
    roles = ("customer", "agent")
    return Dialogue(name, tuple(Turn(roles[i % 2], text) for i, text in enumerate(turns)), language)


def mine(*dialogues: Dialogue) -> MiningReport:
    return mine_answers(dialogues, encoder=HashEncoder(), languages=LANGUAGES)


def by_text(report: MiningReport) -> dict[str, MinedAnswer]:
    return {answer.text: answer for answer in report.answers}


RETURNS = (
    dialogue(
        "c1", "Can I return opened headphones?", "Hi Anna! You can return them within 30 days.", "thanks!"
    ),
    dialogue("c2", "can i return opened headphones", "You can return them within 30 days.", "ok thank you"),
    dialogue(
        "c3",
        "Is it possible to return opened headphones?",
        "you can return them within 30 days",
        "great, thanks",
    ),
)


def test_replies_that_say_the_same_become_one_answer_with_its_questions_and_sources() -> None:
    report = mine(*RETURNS)
    (answer,) = report.answers
    assert answer.text == "You can return them within 30 days."
    assert (answer.language, answer.slots, answer.dialogues) == ("en", (), 3)
    assert [(question.text, question.weight) for question in answer.questions] == [
        ("Can I return opened headphones?", 2.0),
        ("Is it possible to return opened headphones?", 1.0),
    ]
    assert [(source.conversation_id, source.turn_index) for source in answer.sources] == [
        ("c1", 1),
        ("c2", 1),
        ("c3", 1),
    ]
    assert answer.sources[0].text == "Hi Anna! You can return them within 30 days."
    assert answer.outcome == 1.0
    # c1 and c2 ask alike (3 exchanges see 2 others each, all got this answer): (6 + 1) / (6 + 2) when all are similar
    assert answer.agreement == pytest.approx(7 / 8)
    assert (report.dialogues, report.turns) == (3, 9)


def test_different_facts_are_different_answers_and_disagreement_shows() -> None:
    report = mine(
        *RETURNS,
        dialogue("c4", "Can I return opened headphones?", "You can return them within 14 days.", "thanks"),
    )
    answers = by_text(report)
    assert set(answers) == {"You can return them within 30 days.", "You can return them within 14 days."}
    assert answers["You can return them within 30 days."].agreement > 0.5
    assert answers["You can return them within 14 days."].agreement < 0.5
    assert report.answers[0].text == "You can return them within 30 days."


def test_a_denial_is_not_merged_with_what_it_denies() -> None:
    report = mine(
        dialogue("c1", "Do you ship to Norway?", "We do ship to your country by air.", "thanks"),
        dialogue("c2", "Do you ship to Norway?", "We do not ship to your country by air.", "thanks"),
    )
    assert len(report.answers) == 2


def test_values_that_differ_for_every_customer_become_slots() -> None:
    report = mine(
        *(
            dialogue(f"c{i}", "How much money do I have left?", f"You have {amount} credits left.", "thanks")
            for i, amount in enumerate((412, 77, 9310, 58))
        )
    )
    (answer,) = report.answers
    assert (answer.text, answer.slots) == ("You have {number} credits left.", ("number",))


def test_chinese_dialogues_are_mined_and_kept_apart_from_english_ones() -> None:
    report = mine(
        dialogue("z1", "耳机拆封了还能退吗", "您好，拆封后七天内可以退货。", "好的，谢谢"),
        dialogue("z2", "请问耳机拆封了能退吗？", "拆封后七天内可以退货哦。", "谢谢"),
        *RETURNS,
    )
    answers = by_text(report)
    chinese = answers["拆封后七天内可以退货。"]
    assert (chinese.language, chinese.dialogues) == ("zh", 2)
    assert {question.text for question in chinese.questions} == {
        "耳机拆封了还能退吗",
        "请问耳机拆封了能退吗?",
    }
    assert answers["You can return them within 30 days."].language == "en"


def test_asking_back_holding_and_greeting_are_never_answers() -> None:
    report = mine(
        dialogue(
            "c1",
            "Where is my parcel?",
            "What is your order number?",
            "48213",
            "One moment please.",
            "ok",
            "Bye!",
        )
    )
    assert report.answers == ()
    assert report.skipped["reply_asks_back"] == 1
    assert report.skipped["reply_hold"] == 1
    assert report.skipped["reply_closing"] == 1


def test_an_answer_given_once_needs_a_good_outcome() -> None:
    bad = mine(
        dialogue(
            "c1", "How do I reset the lamp?", "The lamp comes in three colours.", "that's not what i asked"
        )
    )
    assert bad.answers == ()
    assert bad.skipped["answer_given_once"] == 1
    good = mine(dialogue("c1", "How do I reset the lamp?", "Press the switch three times.", "thanks, works"))
    assert [answer.text for answer in good.answers] == ["Press the switch three times."]
    assert good.answers[0].agreement == 0.5


def test_personal_data_is_masked_in_answers_and_questions() -> None:
    report = mine(
        dialogue(
            "c1",
            "Did you mail me at jo@mail.example about returns?",
            "Dear Jo, returns are free for 30 days.",
            "thanks",
        )
    )
    assert report.answers[0].text == "Returns are free for 30 days."
    assert report.answers[0].questions[0].text == "Did you mail me at [email] about returns?"


def test_the_order_of_dialogues_does_not_change_what_is_mined() -> None:
    dialogues = [
        *RETURNS,
        dialogue("c4", "Do you repair watches?", "We repair our own watches for free.", "thanks"),
        dialogue("c5", "Do you repair watches?", "we repair our own watches for free", "ok"),
        dialogue("z1", "发票在哪下载", "请在订单详情里下载发票。", "谢谢"),
    ]
    first = mine(*dialogues)
    random.Random(3).shuffle(dialogues)
    second = mine(*dialogues)
    assert [(a.text, a.dialogues, a.agreement) for a in first.answers] == [
        (a.text, a.dialogues, a.agreement) for a in second.answers
    ]
    assert mine(*dialogues) == second


def test_nothing_comes_of_nothing() -> None:
    assert mine().answers == ()
    assert mine(Dialogue("c1", ())).answers == ()
    assert mine(dialogue("c1", "hello")).answers == ()


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    mine_answers(
        RETURNS, encoder=HashEncoder(), languages=LANGUAGES, progress=lambda done, of: seen.append((done, of))
    )
    assert seen
    assert seen[-1][0] == seen[-1][1]
