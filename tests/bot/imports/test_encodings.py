"""Which encodings are recognised, and which are refused instead of being read as nonsense."""

from pathlib import Path

import pytest

from bot.imports.encodings import EncodingError, detect_encoding
from bot.imports.faq_reader import FaqRow
from bot.imports.readers import ImportFileError, read_import

CHINESE = "问题,答案\n怎么退款？,您好，请在订单页面点击申请退款。\n"
TRADITIONAL = "問題,答案\n怎麼退款？,您好，請在訂單頁面點擊申請退款，謝謝。\n"


def _detect(content: bytes, *, size: int = 7) -> str:
    return detect_encoding(lambda: (content[at : at + size] for at in range(0, len(content), size)))


@pytest.mark.parametrize(
    ("codec", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("gb18030", "gb18030")],
)
@pytest.mark.parametrize("text", [CHINESE, TRADITIONAL])
def test_chinese_is_recognised_in_every_accepted_encoding(text: str, codec: str, expected: str) -> None:
    assert _detect(text.encode(codec)) == expected


def test_big_endian_utf16_is_recognised_by_its_mark() -> None:
    assert _detect(b"\xfe\xff" + CHINESE.encode("utf-16-be")) == "utf-16"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_rows_are_the_same_in_every_encoding(tmp_path: Path, codec: str) -> None:
    file = tmp_path / "faq.csv"
    file.write_bytes(CHINESE.encode(codec))
    assert list(read_import(file)) == [FaqRow("怎么退款?", "您好，请在订单页面点击申请退款。", line=2)]


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("big5", TRADITIONAL),
        ("euc-kr", "question,answer\n환불은 어떻게 하나요,주문 페이지에서 환불을 신청하세요 감사합니다\n"),
        ("shift-jis", "question,answer\n返品するにはどうすればいいですか,注文ページから申請してください\n"),
        ("euc-jp", "question,answer\n返品するにはどうすればいいですか,注文ページから申請してください\n"),
        ("latin-1", "question,answer\nIst die Rückgabe möglich,für größere Füße überall möglich\n"),
        ("cp1252", "question,answer\nCan I “return” it,Of course – it’s your café’s naïve señor\n"),
        ("cp1251", "question,answer\nКак вернуть ДЕНЬГИ,Откройте страницу заказа и нажмите вернуть\n"),
    ],
)
def test_other_encodings_are_refused_not_misread(codec: str, text: str) -> None:
    with pytest.raises(EncodingError, match="nor believable GB18030: save the file as UTF-8"):
        _detect(text.encode(codec))


def test_refusal_names_the_offset_and_line_of_the_first_bad_byte() -> None:
    content = "question,answer\n退款,ok\n".encode() + b"caf\xe9 x,y\n"
    with pytest.raises(EncodingError, match=r"byte 29 \(line 3\) is 0xe9"):
        _detect(content)
    assert content[29] == 0xE9


def test_a_character_cut_off_at_the_end_is_refused() -> None:
    with pytest.raises(EncodingError, match=r"byte 2 \(line 1\) is 0xe9"):
        _detect("a,退".encode()[:-1])


def test_utf8_with_one_broken_character_is_not_taken_for_gb18030() -> None:
    broken = (CHINESE * 5).encode().replace("申".encode(), b"\xe7\x94", 1)
    with pytest.raises(EncodingError, match="UTF-8"):
        _detect(broken)


def test_a_mark_that_lies_is_refused() -> None:
    with pytest.raises(EncodingError, match=r"byte 3 \(line 1\) is 0xff, which is not UTF-8-SIG"):
        _detect(b"\xef\xbb\xbf\xff\xfe")
    with pytest.raises(EncodingError, match="UTF-16"):
        _detect(b"\xff\xfea\x00b")


def test_binary_and_unmarked_utf16_and_utf32_are_named() -> None:
    with pytest.raises(EncodingError, match="binary file, or UTF-16 without a byte order mark"):
        _detect("question,answer\n".encode("utf-16-le"), size=100)
    with pytest.raises(EncodingError, match="UTF-32"):
        _detect("question".encode("utf-32"))


def test_single_nul_characters_do_not_make_a_file_binary(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_bytes(b"question,answer\nhow to re\x00turn it,send\x00 it back to us within thirty days\n")
    assert list(read_import(file)) == [
        FaqRow("how to return it", "send it back to us within thirty days", line=2)
    ]


def test_the_error_reaches_the_reader_with_the_file_name(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_bytes("question,answer\nRückgabe,möglich\n".encode("latin-1"))
    with pytest.raises(ImportFileError, match=r"faq.csv: byte 17 \(line 2\) is 0xfc"):
        read_import(file)
