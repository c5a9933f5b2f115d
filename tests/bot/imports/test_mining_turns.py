import pytest

from bot.imports.mining_phrases import Phrase, phrase_of
from bot.imports.mining_turns import (
    CustomerKind,
    ReplyKind,
    read_customer_turn,
    read_reply,
    sentences_of,
    word_count,
)


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("Hello there!", Phrase.GREETING),
        ("Good morning, Anna", Phrase.GREETING),
        ("How can I help you today?", Phrase.GREETING),
        ("您好", Phrase.GREETING),
        ("请问有什么可以帮您？", Phrase.GREETING),
        ("My name is Carla", Phrase.OWN_NAME),
        ("我是小陈", Phrase.OWN_NAME),
        ("Thanks a lot!", Phrase.THANKS),
        ("好的，谢谢你", Phrase.THANKS),
        ("不客气", Phrase.THANKS),
        ("ok", Phrase.ACKNOWLEDGEMENT),
        ("好的", Phrase.ACKNOWLEDGEMENT),
        ("Just a moment please", Phrase.HOLD),
        ("Let me check that for you", Phrase.HOLD),
        ("请稍等，我帮您查一下", Phrase.HOLD),
        ("Is there anything else I can do for you?", Phrase.MORE_HELP),
        ("如有其他问题随时联系我们", Phrase.MORE_HELP),
        ("I'm so sorry about that", Phrase.SYMPATHY),
        ("非常抱歉", Phrase.SYMPATHY),
        ("Goodbye!", Phrase.CLOSING),
        ("再见", Phrase.CLOSING),
        ("I'll transfer you to our billing team", Phrase.HANDOVER),
        ("I don't understand what you mean", Phrase.NOT_UNDERSTOOD),
    ],
)
def test_set_phrases_are_known(sentence: str, phrase: Phrase) -> None:
    assert phrase_of(sentence) is phrase


@pytest.mark.parametrize(
    "sentence",
    [
        "Thanks to the warranty you pay nothing",
        "We will look into it and contact you within two days",
        "Hold the power button for ten seconds",
        "How can I help my mother log in to her account from abroad",
        "I can't get a refund",
        "99",
        "好的耳机要多少钱",
        "请帮我看看这个订单能不能退",
    ],
)
def test_sentences_about_the_matter_are_no_set_phrases(sentence: str) -> None:
    assert phrase_of(sentence) is None


def test_sentences_keep_titles_and_decimals_whole() -> None:
    assert sentences_of("Dr. Gray is in. It costs 3.50!\nOk?") == ["Dr. Gray is in.", "It costs 3.50!", "Ok?"]
    assert sentences_of("可以退。请寄回！好吗？") == ["可以退。", "请寄回！", "好吗？"]


def test_two_chinese_characters_count_as_a_word() -> None:
    assert word_count("退货运费谁出") == 3
    assert word_count("Return it within 30 days") == 5


@pytest.mark.parametrize(
    ("text", "kind", "core"),
    [
        (
            "Hi Tom, thanks for waiting! You can return it within 30 days. Is there anything else?",
            ReplyKind.ANSWER,
            "You can return it within 30 days.",
        ),
        (
            "Yes, the charger is in the box. Shall I send you the manual?",
            ReplyKind.ANSWER,
            "Yes, the charger is in the box.",
        ),
        ("Hello, you can pick it up on Mondays.", ReplyKind.ANSWER, "You can pick it up on Mondays."),
        ("Sorry, but we are sold out today.", ReplyKind.ANSWER, "Sorry, but we are sold out today."),
        ("Yes. We ship to Norway by air mail.", ReplyKind.ANSWER, "Yes. We ship to Norway by air mail."),
        ("您好，我是小陈，拆封后七天内可以退货。", ReplyKind.ANSWER, "拆封后七天内可以退货。"),
        ("保修期是两年，凭订单号即可。——小陈", ReplyKind.ANSWER, "保修期是两年，凭订单号即可。"),
        ("Refunds take five working days. Tom", ReplyKind.ANSWER, "Refunds take five working days."),
        ("What is your order number?", ReplyKind.ASKS_BACK, "What is your order number?"),
        ("Please give me your order number.", ReplyKind.ASKS_BACK, "Please give me your order number."),
        ("Right, and your PIN as well please.", ReplyKind.ASKS_BACK, "Right, and your PIN as well please."),
        ("Sure, I can help. Your name?", ReplyKind.ASKS_BACK, "Sure, I can help. Your name?"),
        ("麻烦您提供一下订单号", ReplyKind.ASKS_BACK, "麻烦您提供一下订单号"),
        ("充电头多少瓦", ReplyKind.ASKS_BACK, "充电头多少瓦"),
        ("小陈在的～保修期是两年，凭订单号即可。", ReplyKind.ANSWER, "保修期是两年，凭订单号即可。"),
        ("您好，請問訂單號碼是多少？", ReplyKind.ASKS_BACK, "您好，請問訂單號碼是多少？"),
        ("您好，收到後七天內可以退貨。", ReplyKind.ANSWER, "收到後七天內可以退貨。"),
        ("請稍等，我幫您查一下", ReplyKind.HOLD, "請稍等，我幫您查一下"),
        ("请问是哪一款？", ReplyKind.ASKS_BACK, "请问是哪一款？"),
        ("Hello, how can I help?", ReplyKind.GREETING, "Hello, how can I help?"),
        ("One moment please.", ReplyKind.HOLD, "One moment please."),
        ("请稍等", ReplyKind.HOLD, "请稍等"),
        ("You're welcome, goodbye!", ReplyKind.CLOSING, "You're welcome, goodbye!"),
        ("I'll connect you with a specialist.", ReplyKind.HANDOVER, "I'll connect you with a specialist."),
        (
            "I've resent the invoice to your address.",
            ReplyKind.OWN_CASE,
            "I've resent the invoice to your address.",
        ),
        ("查到了，包裹在杭州转运中心。", ReplyKind.OWN_CASE, "包裹在杭州转运中心。"),
        ("Yes, that works then.", ReplyKind.FRAGMENT, "Yes, that works then."),
        ("2 minutes", ReplyKind.FRAGMENT, "2 minutes"),
    ],
)
def test_replies_are_told_apart_and_stripped(text: str, kind: ReplyKind, core: str) -> None:
    reply = read_reply(text)
    assert (reply.kind, reply.core) == (kind, core)


@pytest.mark.parametrize(
    ("text", "answers_question", "opens", "kind"),
    [
        ("Can I return opened headphones?", False, True, CustomerKind.QUESTION),
        ("my parcel has not arrived", False, True, CustomerKind.QUESTION),
        ("耳机拆封了还能退吗", False, True, CustomerKind.QUESTION),
        ("耳機拆封了還能退嗎", False, True, CustomerKind.QUESTION),
        ("謝謝您", False, False, CustomerKind.PRAISE),
        ("我要退货", False, True, CustomerKind.QUESTION),
        ("Hello!", False, True, CustomerKind.COURTESY),
        ("Thank you so much", False, False, CustomerKind.PRAISE),
        ("好的，谢谢", False, False, CustomerKind.PRAISE),
        ("A-48213", True, False, CustomerKind.DETAIL),
        ("It's the blue one", True, False, CustomerKind.DETAIL),
        ("48213", False, True, CustomerKind.DETAIL),
        ("订单号48213", True, False, CustomerKind.DETAIL),
        ("And what about sale items?", False, False, CustomerKind.FOLLOW_UP),
        ("多久到账？", False, False, CustomerKind.FOLLOW_UP),
        ("多久到账？", False, True, CustomerKind.QUESTION),
        ("That's not what I asked", False, False, CustomerKind.COMPLAINT),
        ("不是这个意思，没用", False, False, CustomerKind.COMPLAINT),
        ("We moved to a lovely house last week", False, False, CustomerKind.STATEMENT),
    ],
)
def test_customer_turns_are_told_apart(
    text: str, answers_question: bool, opens: bool, kind: CustomerKind
) -> None:
    assert read_customer_turn(text, answers_question=answers_question, opens=opens).kind is kind


def test_greetings_and_thanks_are_cut_off_questions() -> None:
    turn = read_customer_turn(
        "Hi there! Where is my invoice? Thanks in advance!", answers_question=False, opens=True
    )
    assert turn.core == "Where is my invoice?"


def test_openings_are_cut_off_questions() -> None:
    turn = read_customer_turn("好的，发票在哪下载？", answers_question=False, opens=True)
    assert turn.core == "发票在哪下载？"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["哈", "好的", "嗯嗯", "ok ", "thanks, ", "no no ", "请稍等", "!", "a. "])
def test_long_repetitions_take_no_time(piece: str) -> None:
    text = piece * 2000 + "x"
    read_reply(text)
    read_customer_turn(text, answers_question=True, opens=False)
