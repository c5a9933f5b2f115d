"""Small talk, alone and combined, told from messages that ask something as well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.small_talk import SmallTalk, small_talk
from tests.fixtures.growth import LINEAR, growth

ACKNOWLEDGEMENTS = """\
ok
OK!
okay
got it
great
i see
sounds good 👍
ok, got it
oh ok
sure
no thanks
No, thank you.
never mind
好的
好的好的
明白了
知道了
嗯
嗯嗯，知道了
好的，明白了
收到！
不用了
""".splitlines()
GREETINGS = """\
hi
Hi, good morning
hello?
Good morning, how are you?
你好
您好，在吗
亲在吗
早上好，有人吗
""".splitlines()
THANKS = """\
thanks
thank u
thanks man
great, thank you
ok thanks
ok thank u
cool thanks
got it, thanks a lot
Perfect! Thank you so much
that helped, thanks
great help, thank you!!
谢谢
谢谢你的帮助
好的谢谢你
好的，谢谢
谢谢亲
明白了，谢谢您
不用了，谢谢
好的，謝謝
""".splitlines()
GOODBYES = """\
bye
ok bye
thanks, that's all
thank you, bye
no thanks, bye
No, that's all. Thanks!
好的，再见
谢谢，拜拜
没事了谢谢
""".splitlines()
OPENERS = """\
hi, I have a question
Hello!! I've got a quick question 😊
hello can you help me?
Hi there, could you please help me out
i need some help please
Hello, is anyone there? I need help.
sorry, can I ask you something?
Excuse me, one question
thanks, one more question
Yes, I have another question.
quick question
help!
你好请问
在吗 想问一下
有个问题想咨询
你好！有个问题想咨询一下您～
我想问您一个问题
您好，想請問一下
你好，我有個問題想問😊
在嗎？可以幫我嗎
能不能帮我一下
不好意思打扰一下，想请教个问题
好的，还有个问题
请问在吗
""".splitlines()
QUESTIONS = """\
yes
no
sorry
Excuse me?
no questions
hi, I have a question about my refund
can you help me return it
I need help with my order
quick question: where is my parcel
请问怎么退货
请问退货
你好请问怎么退货
有个问题想咨询，怎么退货
有个快递想问一下
有问题的商品怎么退
帮我退款
没有问题
man
你
那
了吗
yes please
ok and how long does it take
ok so when will it arrive
great, how do I return it?
hi, where is my order
thanks for nothing
thanks to the warranty
好的，那多久能到
你好，怎么退货
好了吗
谢谢，还有发票呢
行李箱
早餐机
好用吗
收到货了
不用了可以退吗

👍
？
""".splitlines()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        *((said, SmallTalk.ACKNOWLEDGEMENT) for said in ACKNOWLEDGEMENTS),
        *((said, SmallTalk.GREETING) for said in GREETINGS),
        *((said, SmallTalk.THANKS) for said in THANKS),
        *((said, SmallTalk.GOODBYE) for said in GOODBYES),
        *((said, SmallTalk.OPENER) for said in OPENERS),
    ],
)
def test_small_talk_is_of_its_strongest_kind(said: str, kind: SmallTalk) -> None:
    assert small_talk(said) is kind


@pytest.mark.parametrize("text", QUESTIONS)
def test_whatever_else_is_said_is_searched(text: str) -> None:
    assert small_talk(text) is None


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_any_text_is_taken(text: str) -> None:
    assert small_talk(text) in (None, *SmallTalk)


@pytest.mark.parametrize(
    "piece", ["嗯", "ok ", "thank you ", "你好", "早", "i need help ", "quick ", "想问一下", "有个"]
)
def test_repetition_takes_linear_time(piece: str) -> None:
    assert growth(lambda text: small_talk(text + "x"), piece, characters=30 * len(piece)) < LINEAR
    assert growth(small_talk, piece, characters=3_000 * len(piece)) < LINEAR
