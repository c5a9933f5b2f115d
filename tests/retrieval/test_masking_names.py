"""Answers of agents without the names, numbers and dates of the one customer they were written to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.masking import Masked, mask_names_and_numbers
from tests.fixtures.growth import LINEAR, growth

REPLIES = [
    # greetings and titles
    ("Hi Mrs. Miller, your order has left. Best, Tom", "Hi, your order has left.", {"name": 2}),
    ("Hello Mr. White. You contacted the bank.", "Hello. You contacted the bank.", {"name": 1}),
    ("Thank you Jane. Can I have the date?", "Thank you. Can I have the date?", {"name": 1}),
    ("Hi John. How may I help you?", "Hi. How may I help you?", {"name": 1}),
    ("hey, pete. sure just refuse it", "hey. sure just refuse it", {"name": 1}),
    ("Dear Anna Smith, We refunded you.", "We refunded you.", {"name": 1}),
    ("You're welcome, Renée!", "You're welcome!", {"name": 1}),
    ("This is the bank, Mr. Jones.", "This is the bank, {name}.", {"name": 1}),
    ("Ask for Dr. Johnson in the lab.", "Ask for {name} in the lab.", {"name": 1}),
    # introductions
    ("Hi, Mara here. First check the cable.", "Hi, First check the cable.", {"name": 1}),
    ("Hello! Mara from Lumo. 24 months.", "Hello! 24 months.", {"name": 1}),
    (
        "Get well soon! Mara here. It is held for 5 days.",
        "Get well soon! It is held for 5 days.",
        {"name": 1},
    ),
    ("Hi there, this is Anna from Lumo. How can I help?", "Hi there, How can I help?", {"name": 1}),
    (
        "this is Anna from Lumo support and I can help",
        "this is {name} from Lumo support and I can help",
        {"name": 1},
    ),
    ("My name is Anna and I'll help you.", "My name is {name} and I'll help you.", {"name": 1}),
    ("You are speaking with Ben today", "You are speaking with {name} today", {"name": 1}),
    ("My colleague Ben will call you.", "My colleague {name} will call you.", {"name": 1}),
    # signatures
    ("No, only through the link. Jonas", "No, only through the link.", {"name": 1}),
    ("Please reset it. Kind regards, Anna Miller, Lumo Support", "Please reset it.", {"name": 1}),
    ("Please reset it. -- Tom", "Please reset it.", {"name": 1}),
    (
        "Hi Anna,\n1. reset it\n2. try again\n\nBest regards,\nTom Miller\nLumo Support",
        "Hi,\n1. reset it\n2. try again",
        {"name": 2},
    ),
    # Chinese
    ("您好，王先生，您的包裹已发出。", "您好，您的包裹已发出。", {"name": 1}),
    ("尊敬的王女士，您好", "您好", {"name": 1}),
    ("歐陽先生您好，已為您登記", "您好，已為您登記", {"name": 1}),
    ("登记好啦刘女士。调查最多5个工作日", "登记好啦。调查最多5个工作日", {"name": 1}),
    ("谢谢您，张女士！", "谢谢您", {"name": 1}),
    ("请联系王先生确认", "请联系{name}确认", {"name": 1}),
    ("我是小王，请问有什么可以帮您", "请问有什么可以帮您", {"name": 1}),
    ("您好，我是您的专属客服王小明，请讲", "您好，请讲", {"name": 1}),
    ("您好,周姐为您服务。旧机款无法抵扣", "您好,旧机款无法抵扣", {"name": 1}),
    ("客服小李为您服务，请讲", "请讲", {"name": 1}),
    ("工号1023为您服务。请稍等", "请稍等", {"name": 1}),
    ("小林帮您看看～", "帮您看看～", {"name": 1}),
    ("收件人：王小明，电话13800138000", "收件人：{name}，电话[phone]", {"name": 1, "phone": 1}),
    # numbers
    ("Order LM-20391847 left today.", "Order {order_number} left today.", {"order_number": 1}),
    ("Your order #48213 is ready", "Your order {order_number} is ready", {"order_number": 1}),
    ("order number: A77B9, please wait", "order number: {order_number}, please wait", {"order_number": 1}),
    ("您的订单20240506123456已发货", "您的订单{order_number}已发货", {"order_number": 1}),
    ("订单号：LM20391847", "订单号：{order_number}", {"order_number": 1}),
    ("The parcel 1Z999AA10123456784 is near", "The parcel {tracking_number} is near", {"tracking_number": 1}),
    ("Tracking number SF1234567890123.", "Tracking number {tracking_number}.", {"tracking_number": 1}),
    ("运单号 78123456789012，请查收", "运单号 {tracking_number}，请查收", {"tracking_number": 1}),
    ("your ticket #48213 is open", "your ticket {ticket_number} is open", {"ticket_number": 1}),
    ("工单号：20394857", "工单号：{ticket_number}", {"ticket_number": 1}),
    # dates of one customer
    ("Your appointment on 3 March at 5pm is set.", "Your appointment on {date} is set.", {"date": 1}),
    ("Your parcel should arrive on Tuesday, May 5th.", "Your parcel should arrive on {date}.", {"date": 1}),
    ("已为您预约3月3日下午5点上门", "已为您预约{date}上门", {"date": 1}),
    ("您的快递预计5月12日送达", "您的快递预计{date}送达", {"date": 1}),
    # what masking does anyway
    ("Write to anna.miller@lumo.example, please.", "Write to [email], please.", {"email": 1}),
]

STAYS = """\
Hi there, how can I help?
Hi again, sorry for the wait.
Hi! Yes. If it is still Paid: My Orders > Cancel order, free.
Dear customer, we refunded you.
Thank you and Goodbye
Thank you. Goodnight
You're welcome! Goodbye, enjoy your dinner!
I'm Sorry, that is not possible.
Click here. Tap here! Right here.
Dr. Martens boots are not in our range.
Use the USB-C cable. Done
Settings > Wi-Fi > Home. Then tap Connect.
Send it to support@lumo.example within 14 days.
Best, you reset it and try again.
We are closed on 25 December.
The sale ends on 30 November at 5 pm.
From 1 January 2026 the warranty is three years.
Orders over $49 ship free. Order 2 items and save 10%.
In case 2 devices are connected, unplug one.
WH-1000XM4 and RTX-3090 are in stock from 1,299.00.
IP68, 5000 mAh, 1920x1080, 100-240V
全场11月11日五折
白色女士衬衫和黄金女士戒指
女士手表有货
高女士鞋
我是新客户，怎么用
我们24小时内回复，小时工除外
小米手机也支持
亲爱的小伙伴，您好
发票抬头写公司名称
退款3-5个工作日到账

""".splitlines()


@pytest.mark.parametrize(("reply", "masked", "counts"), REPLIES)
def test_what_belongs_to_one_customer_or_agent_goes(reply: str, masked: str, counts: dict[str, int]) -> None:
    assert mask_names_and_numbers(reply) == Masked(masked, counts)


@pytest.mark.parametrize("reply", STAYS)
def test_what_everybody_may_read_stays(reply: str) -> None:
    assert mask_names_and_numbers(reply) == Masked(reply, {})


@given(
    st.text(alphabet=st.characters(codec=None, exclude_categories=()))
    | st.lists(st.sampled_from([reply for reply, _, _ in REPLIES] + STAYS), max_size=4).map(" ".join)
    | st.lists(
        st.sampled_from(
            [
                "Hi",
                "Tom",
                ",",
                ".",
                "!",
                "您好",
                "王先生",
                "小林",
                "为您服务",
                "我是",
                "Best",
                "Mr.",
                "order",
                "订单",
                "12345678",
                "#",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_masking_replies_takes_any_text_and_settles_at_once(text: str) -> None:
    once = mask_names_and_numbers(text)
    assert mask_names_and_numbers(once.text) == Masked(once.text, {})
    assert once.counts or once.text == text


@pytest.mark.parametrize(
    "unit",
    [
        "Hi Tom ",
        "Tom ",
        "您的",
        "王先生，",
        "your order on ",
        "order no ",
        "A1-",
        "Mr. Tom ",
        "我是小王，",
        "Best, ",
    ],
)
def test_hostile_replies_take_linear_time(unit: str) -> None:
    assert growth(mask_names_and_numbers, unit) < LINEAR
