"""What counts as personal data in a message, and what must stay: orders, prices, dates, models."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.masking import Masked, mask
from retrieval.masking_numbers import passes_luhn
from retrieval.normalize import normalize
from tests.fixtures.growth import LINEAR, growth

ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()))
DIGITS_AND_SIGNS = st.text(alphabet="0123456789 -+().@:/=xXtokenabGB电话,", max_size=60)

# text, text after masking; the kinds are read off the placeholders
MASKED = [
    ("mail me at anna.b+x@mail.example.co.uk.", "mail me at [email]."),
    ("邮箱zhang_san@qq.com谢谢", "邮箱[email]谢谢"),
    ("ＡＮＮＡ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[email]"),
    ("müller@example.de and o'hara@example.ie", "[email] and o'[email]"),
    ("anna @ gmail.com", "[email]"),
    ("<anna@example.com>,<ben@example.com>", "<[email]>,<[email]>"),
    ("https://a.example/login?user=anna@example.com", "https://a.example/login?user=[email]"),
    ("我的手机是13800138000", "我的手机是[phone]"),
    ("１３８００１３８０００", "[phone]"),
    ("138 0013 8000", "[phone]"),
    ("138-0013-8000", "[phone]"),
    ("138.0013.8000", "[phone]"),
    ("1 3 8 0 0 1 3 8 0 0 0", "[phone]"),
    ("13800 138000 谢谢", "[phone] 谢谢"),
    ("+86 138-0013-8000", "[phone]"),
    ("+8613800138000", "[phone]"),
    ("008613800138000", "[phone]"),
    ("8613800138000", "[phone]"),
    ("(+86)13800138000", "[phone]"),
    ("Tel13800138000", "Tel[phone]"),
    ("虚拟号13800138000转1234", "虚拟号[phone]"),
    ("退款299元，电话19912345678", "退款299元，电话[phone]"),
    ("299 13800138000", "299 [phone]"),
    ("2024-05-06 13800138000", "2024-05-06 [phone]"),
    ("13800138000-13900139000", "[phone]-[phone]"),
    ("座机010-12345678", "座机[phone]"),
    ("(0755)26001234", "[phone]"),
    ("021 6543 2109", "[phone]"),
    ("01064078336", "[phone]"),
    ("0571-88888888-801", "[phone]"),
    ("電話 0912-345-678", "電話 [phone]"),
    ("(02) 2345-6789", "[phone]"),
    ("call +44 (0)20 7946 0958 please", "call [phone] please"),
    ("+1 (415) 555-0132", "[phone]"),
    ("+49 30 901820", "[phone]"),
    ("0044 20 7946 0958", "[phone]"),
    ("(555) 123-4567", "[phone]"),
    ("555-123-4567 x12", "[phone]"),
    ("555.123.4567", "[phone]"),
    ("1-555-123-4567", "[phone]"),
    ("020 7946 0958", "[phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("phone: 6552 1234", "phone: [phone]"),
    ("my number is 5551234567", "my number is [phone]"),
    ("电话是57859826", "电话是[phone]"),
    ("The phone number on my order is 415-555-2671", "The phone number on my order is [phone]"),
    ("the phone number for my order is 13912345678", "the phone number for my order is [phone]"),
    ("the phone number for my order is 4155552671", "the phone number for my order is [phone]"),
    ("The mobile on the order is 07911123456", "The mobile on the order is [phone]"),
    ("contact number 9876543210", "contact number [phone]"),
    ("mob: 9876543210", "mob: [phone]"),
    ("ph no 9876543210", "ph no [phone]"),
    ("please call 4155552671", "please call [phone]"),
    ("please call back on 4155552671", "please call back on [phone]"),
    ("text 4155552671", "text [phone]"),
    ("pls contact 9876543210", "pls contact [phone]"),
    ("whatsapp me 447911123456", "whatsapp me [phone]"),
    ("(415)5552671", "[phone]"),
    ("415-5552671", "[phone]"),
    ("https://a.example/?phone=13800138000", "https://a.example/?phone=[phone]"),
    ("身份证11010519491231002X", "身份证[id_number]"),
    ("身份证号:110105 19491231 002x。", "身份证号:[id_number]。"),
    ("SSN 078-05-1120", "SSN [id_number]"),
    ("4111 1111 1111 1111", "[card]"),
    ("4111111111111111", "[card]"),
    ("５５００－００００－００００－０００４", "[card]"),
    ("amex 378282246310005", "amex [card]"),
    ("3782 822463 10005", "[card]"),
    ("卡号6222020200112230，尾号", "卡号[card]，尾号"),
    ("299 4111 1111 1111 1111 123", "299 [card] 123"),
    ("order paid with 4111 1111 1111 1111", "order paid with [card]"),
    ("GB82 WEST 1234 5698 7654 32", "[iban]"),
    ("DE89370400440532013000 thanks", "[iban] thanks"),
    ("my iban is de89 3704 0044 0532 0130 00.", "my iban is [iban]."),
    ("from 203.0.113.42", "from [ip]"),
    ("192.168.1.23:8080", "[ip]:8080"),
    ("2001:db8::8a2e:370:7334", "[ip]"),
    ("ip fe80::1ff:fe23:4567:890a.", "ip [ip]."),
    ("https://a.example/reset?token=abc123&x=1", "https://a.example/reset?token=[secret]&x=1"),
    ("https://a.example/?x=1&api_key=AbC-9", "https://a.example/?x=1&api_key=[secret]"),
    ("https://a.example/#access_token=xyz。好", "https://a.example/#access_token=[secret]。好"),
    ("https://anna:hunter2@a.example/", "https://[secret]@a.example/"),
    ("password=hunter2", "password=[secret]"),
]

STAYS = """\
LM-20391847
order LM-20391847 placed 2024-05-06
订单号LM-20391847什么时候发货
#20391847
12345678
$1,299.00 or €1.299,00
¥12999
1299元
20 000 000 VND
Rp 12.500.000
2024-05-06 10:30:45
05/06/2024
01-02-2024 10:30
01.02.2024 10.30
2023-2024-2025
10:30:45
9:00-21:00
WH-1000XM4
RTX-4090 24GB 1920x1080
3840 x 2160 144Hz
100-240V 50/60Hz
iPhone 15 Pro Max 256GB
size 38-39-40-41-42
1 2 3 4 5 6 7 8 9 10 11 12
订单号13812345678901
订单号:13812345678
訂單編號 13812345678
order number 13812345678
the number on my order is 13812345678
my order number is 415-5552671
order (415)5552671
the phone on order 4155552671 is broken
the mobile on my order 4155552671 is broken
my phone order number is 13812345678
please call me about order 9876543210
the call 4155552671 was dropped
123-4567890-1234567
415-5552671-1234567
tracking 4111111111111111
SF1234567890123
快递单号78123456789012
1Z999AA10123456784
9400111899223197428490
3417283940123456789
111-1234567-1234567
IMEI 356938035643809
ISBN 978-3-16-148410-0
EAN 4006381333931
serial 4C11-2204-8890
0.123456789
00012345678
4111 1111 1111 1112
110105194912310021
11010519491331002X
GB82 WEST 1234 5698 7654 33
AB12 3456 7890 1234 5678
400-820-8820
1-800-275-2273
95588
logo@2x.png
2 pm @ cafe
@lumo
support@lumo.example
firmware 10.0.1.25
v2.3.4.5
版本 10.15.7.1
open 192.168.1.1
127.0.0.1
255.255.255.0
8.8.8.8
256.1.1.1
1.2.3
std::vector
a::b
::1
https://shop.example/item/4111111111111111
https://shop.example/list?page=2&sort=price
key = value of the map
the token is [secret]
[phone] [email] [card]

""".splitlines()


# Repeated to 4,000 characters.
HOSTILE = [
    text.strip("|")
    for text in """
|1|
|@|
|a.|
|a@|
|1 |
|4444 |
|13|
|+1|
|0 1|
|123 |
|1.1.|
|?token=|
|://a:|
|phone 1|
|13800138000-|
|4111111111111111 |
|AB12 |
|DE89|
|a@b.co |
|203.0.113.7 |
|:: |
|token=a&|
|09 |
|(555) |
""".splitlines()[1:]
]


def _counts(text: str) -> dict[str, int]:
    kinds = {"[secret]": "url_secret"} | {
        f"[{kind}]": kind for kind in ("email", "phone", "card", "id_number", "iban", "ip")
    }
    return {kind: text.count(placeholder) for placeholder, kind in kinds.items() if placeholder in text}


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_personal_data_becomes_a_placeholder(text: str, masked: str) -> None:
    assert mask(text) == Masked(masked, _counts(masked))
    assert mask(normalize(text)).counts == _counts(masked)


@pytest.mark.parametrize("text", STAYS)
def test_everything_else_stays(text: str) -> None:
    assert mask(text) == Masked(text, {})


def test_several_kinds_in_one_message_are_counted() -> None:
    masked = mask(
        "I'm Anna, anna@example.com or ben@example.com, 13800138000, order LM-20391847, card 4111111111111111"
    )
    assert masked.text == "I'm Anna, [email] or [email], [phone], order LM-20391847, card [card]"
    assert masked.counts == {"email": 2, "phone": 1, "card": 1}


@given(
    ANY_TEXT
    | DIGITS_AND_SIGNS
    | st.lists(st.sampled_from([text for text, _ in MASKED]), max_size=4).map("-".join)
)
@example("13800138000-13900139000-13700137000")
@example("https://a:b@c:d@e.example/?token=token=x&token=a@b.co")
def test_masking_takes_any_text_and_settles_at_once(text: str) -> None:
    once = mask(text)
    assert mask(once.text) == Masked(once.text, {})
    assert sum(once.counts.values()) > 0 or once.text == text


@given(st.text(alphabet=st.characters(exclude_categories=("Nd",), exclude_characters="@=:")))
def test_texts_without_digits_and_signs_stay(text: str) -> None:
    assert mask(text) == Masked(text, {})


@given(st.integers(10**14, 10**15 - 1), st.sampled_from(["", " ", "-"]))
def test_every_valid_visa_number_is_masked(digits: int, separator: str) -> None:
    payload = "4" + str(digits)[1:]
    number = next(payload + check for check in "0123456789" if passes_luhn(payload + check))
    written = separator.join(number[place : place + 4] for place in range(0, 16, 4))
    assert mask(f"我的卡号是{written}，谢谢").text == "我的卡号是[card]，谢谢"
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert mask(wrong).counts.get("card") is None


@given(st.sampled_from("3456789"), st.integers(0, 10**9 - 1))
def test_every_chinese_mobile_number_is_masked(second: str, rest: int) -> None:
    number = f"1{second}{rest:09d}"
    assert mask(f"打{number}给我").text == "打[phone]给我"
    assert mask(f"call {number[:3]} {number[3:7]} {number[7:]} now").text == "call [phone] now"
    assert mask(f"order LM-{number}").counts == {}


@given(st.dates(), st.integers(1, 999))
def test_every_resident_id_with_its_check_digit_is_masked(born: object, serial: int) -> None:
    body = f"110105{str(born).replace('-', '')}{serial:03d}"
    weights = [pow(2, 17 - place, 11) for place in range(17)]  # the other way to state GB 11643
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]
    old_enough = "1890" <= body[6:10] <= "2099"
    assert (mask(f"身份证{body}{check}").counts.get("id_number") == 1) is old_enough


@given(st.integers(0, 10**8 - 1), st.sampled_from(["LM-", "LM", "#", "No.LM-", "订单LM-"]))
def test_order_numbers_are_never_masked(number: int, prefix: str) -> None:
    assert mask(f"{prefix}{number:08d}").counts == {}


@pytest.mark.parametrize(
    ("digits", "valid"), [("79927398713", True), ("79927398710", False), ("0000000000000", False)]
)
def test_luhn_check(digits: str, valid: bool) -> None:
    assert passes_luhn(digits) is valid  # 7992739871-3 is the worked example of ISO/IEC 7812


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    assert growth(mask, unit) < LINEAR
