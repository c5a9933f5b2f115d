"""Makes similarity thresholds mean the same with every encoder.

Two unrelated sentences have a cosine of about 0.1 with all-MiniLM-L6-v2 and of about 0.8 with
multilingual-e5-small. A level between 0 (unrelated) and 1 (the same) is turned into the cosine of the encoder at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrieval.encoder import Encoder

# Sentences that have nothing to do with each other.
_UNRELATED = (
    "The parcel was left with a neighbour.",
    "Press the power button for five seconds to reset the speaker.",
    "Our shop is closed on Sundays.",
    "Gift cards cannot be exchanged for cash.",
    "Your doctor will see you in the second room.",
    "Cloudy in the morning, sun later on.",
    "发票会在发货后三天内寄出。",
    "请长按电源键五秒重置音箱。",
    "我们的门店周日休息。",
    "这款手机支持无线充电。",
    "明天上午多云，下午转晴。",
    "座位在二楼靠窗的位置。",
)


@dataclass(frozen=True, slots=True)
class SimilarityScale:
    """The cosine an encoder gives to unrelated texts (median over pairs of a fixed set of sentences)."""

    unrelated: float

    @classmethod
    def of(cls, encoder: Encoder) -> SimilarityScale:
        """Measures an encoder."""
        vectors = encoder.encode_queries(_UNRELATED)
        pairs = np.triu_indices(len(_UNRELATED), k=1)
        return cls(unrelated=float(np.median((vectors @ vectors.T)[pairs])))

    def cosine_at(self, level: float) -> float:
        """The cosine at a level: 0 is as close as unrelated texts, 1 the same."""
        return self.unrelated + level * (1.0 - self.unrelated)
