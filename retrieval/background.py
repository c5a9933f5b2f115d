"""What similarity means in a vector space: that of two questions which have nothing to do with each other.

Encoders use very different parts of the cosine's range (multilingual-e5-small some 0.75 to 0.95,
all-MiniLM-L6-v2 some 0.0 to 0.9), and a bank's questions are closer to each other than a department
store's. Counting in standard deviations above the background lets one set of default weights serve all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.records import Language, PassageRecord, QuestionRecord

Floats: TypeAlias = NDArray[np.float32]

SAMPLE = 600
ENOUGH_RECORDS = 60  # below that, REFERENCE is mixed in, so that three questions give sane numbers, too
LEAST_DEVIATION = 0.01

REFERENCE: Mapping[Language, Sequence[str]] = {
    "en": (
        "How do I reset my password?",
        "Where is my order?",
        "Can I get a refund for a cancelled ticket?",
        "What are your opening hours?",
        "Do you ship to Canada?",
        "My washing machine makes a loud noise",
        "How can I change my delivery address?",
        "Is there a student discount?",
        "I was charged twice this month",
        "Which documents do I need to open an account?",
        "The app crashes when I upload a photo",
        "How long does the battery last?",
        "Can I bring my dog to the hotel?",
        "I would like to cancel my subscription",
        "How do I connect the printer to Wi-Fi?",
        "Do you have vegetarian dishes?",
        "When will the course start?",
        "My card was stolen",
        "Is parking free at the airport?",
        "How do I apply for a building permit?",
        "What does the warranty cover?",
        "I cannot hear anything in the meeting",
        "Are these shoes waterproof?",
        "How many vacation days do I have left?",
    ),
    "zh": (
        "怎么重置密码？",
        "我的快递到哪了",
        "取消的机票可以退款吗？",
        "你们几点开门？",
        "可以寄到香港吗",
        "洗衣机声音特别大怎么办",
        "怎么修改收货地址？",
        "学生有优惠吗？",
        "这个月被扣了两次钱",
        "开户需要带什么证件？",
        "上传照片的时候软件闪退",
        "电池能用多久？",
        "酒店可以带狗吗",
        "我想取消会员自动续费",
        "打印机怎么连无线网？",
        "有没有素食？",
        "课程什么时候开始？",
        "我的银行卡被偷了",
        "机场停车免费吗？",
        "怎么申请建筑许可证？",
        "保修范围包括哪些？",
        "开会的时候听不到声音",
        "这双鞋防水吗",
        "我还剩几天年假？",
    ),
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of the cosine of texts that have nothing to do with each other."""

    mean: float
    deviation: float

    def standing(self, similarity: Floats) -> Floats:
        """How many standard deviations each similarity lies above the background."""
        return (similarity - self.mean) / self.deviation


@dataclass(frozen=True, slots=True)
class Background:
    """For utterances of one language: `Spread` against stored questions and against passages."""

    questions: Spread
    passages: Spread


Backgrounds: TypeAlias = Mapping[Language, Background]


def measure_backgrounds(
    encoder: Encoder,
    *,
    questions: Sequence[QuestionRecord],
    question_vectors: Floats,
    passages: Sequence[PassageRecord],
    passage_vectors: Floats,
) -> dict[Language, Background]:
    """Backgrounds by language, and under "" over all of them; the vectors are (n, d) and (m, d)."""
    asked = {language: encoder.encode_queries(texts) for language, texts in REFERENCE.items()}
    told = {language: encoder.encode_passages(texts) for language, texts in REFERENCE.items()}
    found: dict[Language, Background] = {}
    languages = sorted({question.language for question in questions} | REFERENCE.keys())
    for language in ("", *languages):
        own_questions = _sampled(questions, question_vectors, language, asked)
        own_passages = _sampled(passages, passage_vectors, language, told)
        found[language] = Background(
            questions=_spread(own_questions, own_questions), passages=_spread(own_questions, own_passages)
        )
    return found


def background_of(backgrounds: Backgrounds, language: Language) -> Background:
    """That of the language, or of all languages together."""
    return backgrounds.get(language) or backgrounds[""]


@dataclass(frozen=True, slots=True)
class _Sample:
    vectors: Floats
    owners: NDArray[np.str_]


def _sampled(
    records: Sequence[QuestionRecord | PassageRecord],
    vectors: Floats,
    language: Language,
    reference: Mapping[Language, Floats],
) -> _Sample:
    """At most SAMPLE of the records, evenly spread; the reference is mixed in where there are few."""
    rows = [row for row, record in enumerate(records) if language in ("", record.language)]
    if len(rows) > SAMPLE:
        rows = [rows[place] for place in np.linspace(0, len(rows) - 1, SAMPLE).astype(int)]
    parts = [vectors[rows]]
    owners = [records[row].answer_id for row in rows]
    if len(rows) < ENOUGH_RECORDS:
        for name in (language,) if language in reference else sorted(reference):
            parts.append(reference[name])
            owners += [f"reference {name} {row}" for row in range(len(reference[name]))]
    return _Sample(np.concatenate(parts), np.array(owners, dtype=np.str_))


def _spread(asked: _Sample, told: _Sample) -> Spread:
    cosines = asked.vectors @ told.vectors.T  # (n, m)
    unrelated = cosines[asked.owners[:, None] != told.owners[None, :]]
    return Spread(float(unrelated.mean()), max(float(unrelated.std()), LEAST_DEVIATION))
