"""Requests for a person, told from questions about persons, agents and customer service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.person_request import asks_for_person
from tests.fixtures.growth import LINEAR, growth
from tests.retrieval.person_request_check import GREETINGS, WANT_A_PERSON, WANT_AN_ANSWER

# The wordings the rules were written from.
REQUESTS = """\
can I talk to a human
let me talk to your manager
speak to a humen
agent pls
operator
a person
real person please
How can I talk to a real person?
connect me to an agent, this is going nowhere
I've explained this twice; get me a representative
no need to apologise, I want a human
I don't want a bot, I want a human
are you a bot? can somebody ring me back instead, typing is hard for me
what are your hours? I want to talk to a human
I want your boss.
any agents available
i need help chatting wiht a live agnet
can I speak with a fucking person
you don't understand, give me someone who does
please have someone call me
转人工
轉人工
转人工!!
人工
我要找真人客服
請幫我轉接真人客服，謝謝
我不要机器人要人工
为什么不能转人工
让你们经理来跟我说
机器人听不懂 换个人来
有没有人能打电话给我，打字说不清楚
怎么转人工？
zhuan rengong
ＡＧＥＮＴ
转 人 工
i was charged twice i want to speak to a person
my parcel was lost i want to talk to someone
ive been waiting for 2 weeks let me talk to a human
i already tried that please connect me to an agent
my order was cancelled can i talk to someone
i don't want a bot i want a human
I don't care, get me a human
why don't you connect me to a human
can't you connect me to an agent
i do not understand get me a human
我的快递什么时候到 找人工
昨天联系过客服没用 给我找经理
為什麼一直是機器人 我要真人客服
我要找人
要不要人工
需不需要人工
""".splitlines()

QUESTIONS = """\
what are the opening hours of customer service
is the warranty service done by a person at home
can someone else pick up my parcel
real leather?
user agent string of the browser
do I have to call an agent to cancel?
I don't need an agent
why did you call me
is it normal that you call me and ask for the sms code
thank you for your support
are you human?
tell me if you are a real person
the agent was rude yesterday
I was talking to an agent and the line dropped
how do I transfer to someone in another bank
do you have an employer
call me Carrie
can someone help me reset my password
人工客服几点上班
代理商怎么申请
人工智能音箱
你是人工客服吗
不用转人工了
已经找过客服了
怎么联系客服
客服电话多少
晚上有人工客服吗
模特是真人吗
快递员没给我打电话
狗飼料包裝沒寫清楚成分，有人管嗎
不要人工
我不要人工客服
不需要人工
我不想要人工
不需要人工，我就问一下多久发货
不想转人工，怎么退货
先不用了 不用 转人工
快递员说 找不到我家
找人代付可以吗
I do not want a human
please don't connect me to a human
please do not transfer me to a human
I don't need a human
no thanks I don't need a human
i don't want to talk to a human, just tell me when my parcel comes
i was told to wait when i asked to speak to a manager
12345
？？

""".splitlines()


@pytest.mark.parametrize("text", REQUESTS + WANT_A_PERSON)
def test_a_wish_for_a_person_is_heard(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize("text", QUESTIONS + WANT_AN_ANSWER)
def test_a_question_stays_a_question(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize("text", GREETINGS)
def test_openers_are_greetings(text: str) -> None:
    assert not asks_for_person(text)


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_any_text_is_taken(text: str) -> None:
    assert asks_for_person(text) in (True, False)


@given(
    st.sampled_from(["转人工", "talk to a human", "agent please"]),
    st.sampled_from(["", " ", "!!", "。", " :(", "👎", "\n"]),
)
def test_case_width_and_signs_around_do_not_count(wish: str, around: str) -> None:
    assert asks_for_person(around + wish.upper() + around)
    assert asks_for_person("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in wish))


@pytest.mark.parametrize(
    "unit",
    [
        "talk to a ",
        "get me ",
        "i want ",
        "i'd like a real ",
        "转",
        "请给我",
        "找你",
        "let me ",
        "transfer my ",
        "a, ",
    ],
)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    assert growth(asks_for_person, unit) < LINEAR
