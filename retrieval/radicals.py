"""Radicals as the characters that they look like.

PDFs of some makers say ⻓ (U+2ED3) and ⽤ (U+2F64), which stand for parts of characters in dictionaries, where 长 and 用 are meant; it is
copied from them into spreadsheets and chats. NFKC knows the Kangxi radicals only; the others are paired by the property
Equivalent_Unified_Ideograph (Unicode Character Database, EquivalentUnifiedIdeograph.txt).
"""

import re
import unicodedata

_FROM_2E81 = (
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵 旡日月歺母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂"
    "肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟"
)
_CHARACTERS = {code: character for code, character in enumerate(_FROM_2E81, start=0x2E81) if character != " "}
_CHARACTERS |= {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
_ANY = re.compile("[\u2e81-\u2ef3\u2f00-\u2fd5]")


def as_characters(text: str) -> str:
    return text.translate(_CHARACTERS) if _ANY.search(text) else text
