"""The script-ratio rule on the short messages that customers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language import detect_language, is_traditional


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ok", "en"),
        ("refund", "en"),
        ("hi", "en"),
        ("USB-C", "en"),
        ("wheres my stuff", "en"),
        ("Does it ship to 台北", "en"),
        ("my order 订单 hasn't arrived", "en"),
        ("what does 人工客服 mean", "en"),
        ("How do I return 耳机 Pro", "en"),
        ("Is the case (保护壳) included?", "en"),
        ("my address is 北京市朝阳区建国路88号", "en"),
        ("can I pay with 支付宝 or 微信支付", "en"),
        ("what does 商品已签收 mean", "en"),
        ("iPhone 15 Pro Max 退款", "zh"),
        ("Lumo Pip earbuds 保修", "zh"),
        ("Sony noise cancelling headphones 退", "zh"),
        ("Made in USA 标签找不到", "zh"),
        ("退款多久到账", "zh"),
        ("好", "zh"),
        ("退款", "zh"),
        ("iPhone 怎么退货", "zh"),
        ("iPhone 15 Pro Max 有货吗", "zh"),
        ("请问 Apple Watch Series 9 GPS 支持吗", "zh"),
        ("我的 order 还没 shipped", "zh"),
        ("可以用 Apple Pay 吗", "zh"),
        ("訂單在哪裡", "zh"),
        ("订单 LM-20391847", "zh"),
        ("https://shop.example/products/bluetooth-speaker-black 打不开", "zh"),
        ("我的邮箱是 some.body.else@mail.example.com", "zh"),
        ("电话 [phone] 邮箱 [email] {order_number}", "zh"),
    ],
)
@pytest.mark.parametrize("languages", [("en", "zh"), ("zh", "en")])
def test_texts_with_words_are_in_their_script(text: str, language: str, languages: tuple[str, ...]) -> None:
    assert detect_language(text, languages=languages) == language


@pytest.mark.parametrize(
    "text", ["？？", "12345", "", "👍", "LM-20391847", "[phone]", "https://a.example/b", "Привет"]
)
def test_texts_without_words_are_in_the_default(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text, default="zh") == "zh"
    assert detect_language(text, languages=("zh", "en")) == "zh"


def test_only_the_languages_of_the_site_are_found() -> None:
    assert detect_language("退款多久到账", languages=("en",)) == "en"
    assert detect_language("where is it", languages=("zh",)) == "zh"
    assert detect_language("wo ist es", languages=("de", "zh")) == "de"
    assert detect_language("wo ist es", languages=("en", "de", "zh"), default="de") == "de"
    assert detect_language("wo ist es", languages=("zh", "en", "de"), default="zh") == "en"
    assert detect_language("退款", languages=("en", "zh-TW")) == "zh-TW"
    assert detect_language("退款", languages=("en", "de")) == "en"


@pytest.mark.parametrize(("languages", "default"), [((), None), (("en", "zh"), "fr")])
def test_a_default_outside_the_languages_is_refused(languages: tuple[str, ...], default: str | None) -> None:
    with pytest.raises(ValueError, match="must be one of the site's languages"):
        detect_language("hello", languages=languages, default=default)


@given(st.text(), st.sampled_from([("en", "zh"), ("zh", "en"), ("zh",), ("de", "en", "zh")]))
def test_any_text_gets_a_language_of_the_site(text: str, languages: tuple[str, ...]) -> None:
    assert detect_language(text, languages=languages) in languages


@pytest.mark.parametrize(
    ("text", "traditional"),
    [
        ("我想退貨", True),
        ("訂單在哪裡？", True),
        ("AirPods 無法充電", True),
        ("我想退货", False),
        ("订单在哪里？", False),
        ("皇后大道", False),
        ("你好", False),
        ("where is it", False),
        ("", False),
    ],
)
def test_traditional_writing_is_recognised(text: str, traditional: bool) -> None:
    assert is_traditional(text) is traditional
