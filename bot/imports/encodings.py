"""Which encoding a text file is in: a byte order mark, else strict UTF-8, else believable GB18030, else an error.

GB18030 decodes a good part of all byte strings, so "it decodes" proves nothing. Text counts as Chinese only when
nearly everything beyond ASCII is Chinese writing and common characters are as frequent in it as they are in real text:
the 300 most frequent characters make up more than half of any Chinese text, those of Big5, EUC-KR, Shift-JIS or Latin-1
text read as GB18030 fall on rare characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_CHARACTERS = 100_000
_COMMON = frozenset(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起"
    "发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间知世什两次使身者"
    "被高已其进此话常与活正感问题答案请您吗呢吧谢客服退款货换订单号快递物流发票支付付款账户登录密码电话联系查询修改取消收件商品价格优惠券"
    "质量保修售后申请处理需要怎时候几天内可以如何为什么哪里寄送到帮助网站手机产品信息完成提交审核通过确认地址运费免费会员积分活动"
    "這個們來時為說國著後會過對學麼沒還樣種開總從無現動頭經長兒愛問題請嗎謝換訂單號遞發帳戶錄碼電話聯繫詢價優質維處網機產資訊認運費動"
)
_HANZI = re.compile(r"[\u4e00-\u9fff]")
_CHINESE_WRITING = re.compile(
    r"[\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e\u2014\u2018-\u201d\u2026\u00b7\U0001f300-\U0001faff]"
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class EncodingError(Exception):
    """The bytes are no text in an accepted encoding; the message names the offset and the remedy."""


def detect_encoding(read: Callable[[], Iterable[bytes]]) -> str:
    """The codec name for a stream of bytes; every byte is checked. Raises EncodingError.

    Args:
        read: Starts reading from the first byte and gives the chunks; called up to three times.
    """
    head = next(iter(read()), b"")
    marked = _by_mark(head)
    if marked is None:
        _refuse_binary(head)
    failure = _first_failure(read(), "utf-16" if marked == "utf-16" else "utf-8")
    if failure is None:
        return marked or "utf-8"
    if marked is None and _is_gb18030(read()):
        return "gb18030"
    raise EncodingError(
        f"byte {failure.offset:,} (line {failure.line:,}) is {failure.byte:#04x}, which is not "
        f"{marked.upper() if marked else 'UTF-8 nor believable GB18030'}: save the file as UTF-8 and import it again"
    )


def _by_mark(head: bytes) -> str | None:
    for mark, codec in _MARKS:
        if head.startswith(mark):
            if not codec:
                raise EncodingError("the file is in UTF-32, which is not accepted: save it as UTF-8")
            return codec
    return None


def _refuse_binary(head: bytes) -> None:
    zeros = head.count(0)
    if zeros * 20 > len(head):
        raise EncodingError(
            f"{zeros:,} of the first {len(head):,} bytes are zero: it is a binary file, or UTF-16 without a byte "
            "order mark; save it as UTF-8"
        )


@dataclass(frozen=True, slots=True)
class _Failure:
    offset: int
    line: int
    byte: int


def _first_failure(chunks: Iterable[bytes], codec: str) -> _Failure | None:
    decoder = codecs.getincrementaldecoder(codec)(errors="strict")
    offset, line = 0, 1
    for chunk in _with_end(chunks):
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            seen = error.object  # what the decoder held back from before, then this chunk
            start = offset - (len(seen) - len(chunk)) + error.start
            return _Failure(start, line + seen[: error.start].count(b"\n"), seen[error.start])
        offset, line = offset + len(chunk), line + chunk.count(b"\n")
    return None


def _with_end(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from (chunk for chunk in chunks if chunk)
    yield b""


def _is_gb18030(chunks: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("gb18030")(errors="strict")
    sample: list[str] = []
    sampled = 0
    try:
        for chunk in _with_end(chunks):
            text = decoder.decode(chunk, final=not chunk)
            if sampled < _SAMPLE_CHARACTERS:
                found = _BEYOND_ASCII.findall(text)[:_SAMPLE_CHARACTERS]
                sample += found
                sampled += len(found)
    except UnicodeDecodeError:
        return False
    return _reads_as_chinese("".join(sample))


def _reads_as_chinese(beyond_ascii: str) -> bool:
    hanzi = _HANZI.findall(beyond_ascii)
    if not hanzi or len(_CHINESE_WRITING.findall(beyond_ascii)) < 0.8 * len(beyond_ascii):
        return False
    return sum(character in _COMMON for character in hanzi) >= 0.25 * len(hanzi)
