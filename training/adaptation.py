"""Backbones adapted to what customers write: once, by the makers of Kefu, on the support corpus (:mod:`training.corpus`).

Phrasings of one need are drawn together in the space of the encoder, and to their answer; all others in the batch are pushed away,
among them the needs of the same topic, which are the hard ones (multi-positive InfoNCE; Khosla et al. 2020,
"Supervised contrastive learning", arXiv:2004.11362). Half of the pairs of a multilingual backbone are one phrasing of each language. Only
low-rank factors are trained (:mod:`training.low_rank`); they and what makes the vectors language-neutral lie in
``adaptations`` and are added whenever the backbone is loaded. What that gave: docs/recipe.md.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from retrieval.normalize import normalize
from training.arithmetic import use_cores
from training.corpus import Need
from training.errors import BackboneError
from training.low_rank import Factors, add_factors, insert_low_rank, trained_factors
from training.neutral import Neutral, neutraliser

if TYPE_CHECKING:
    from training.backbones import Backbone

ADAPTATIONS = Path(__file__).parent / "adaptations"
MOST_TOKENS = 64
MICRO_BATCH = 64  # rows of like length that run together
ANSWERS_WEIGH, ANSWERS_EVERY = 0.5, 2  # answers are long: they join every second step

Progress = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the loss."""


@dataclass(frozen=True, slots=True)
class AdaptationSettings:
    """`strength`: how much of what was trained is added; `first_layer`: those below stay as they are."""

    steps: int
    first_layer: int
    learning_rate: float
    topics: int = 7  # in a batch
    rank: int = 16
    temperature: float = 0.05
    strength: float = 0.5
    seed: int = 0


SETTINGS: Mapping[str, AdaptationSettings] = {
    "english": AdaptationSettings(steps=200, first_layer=0, learning_rate=5e-4, topics=8),
    "multilingual": AdaptationSettings(steps=300, first_layer=3, learning_rate=7e-4),
}


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What is added to a backbone: factors of weights, and what is taken away from its vectors (None: as before)."""

    factors: Factors
    neutral: Neutral | None


def adaptation_file(name: str) -> Path:
    """Where the adaptation of a backbone lies, whether there is one or not."""
    return ADAPTATIONS / f"{name.rsplit('/', maxsplit=1)[-1]}.safetensors"


def adapted(backbone: Backbone, adaptation: Adaptation) -> Backbone:
    """The backbone with the adaptation added to its weights, in place.

    Raises:
        BackboneError: it does not fit.
    """
    try:
        add_factors(backbone.model, adaptation.factors)
    except (KeyError, ValueError) as error:
        raise BackboneError(f"The adaptation does not fit {backbone.name}: {error}") from error
    return replace(backbone, neutral=adaptation.neutral or backbone.neutral)


def read_adaptation(file: Path) -> Adaptation:
    """Raises BackboneError when it is not readable."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(file)
        neutral = None
        if "neutral.mean" in tensors:
            neutral = Neutral(*(tensors.pop(f"neutral.{part}").numpy() for part in ("mean", "directions")))
        paths = sorted({name.rsplit(".", maxsplit=1)[0] for name in tensors})
        factors = {path: (tensors[f"{path}.down"], tensors[f"{path}.up"]) for path in paths}
    except (OSError, KeyError, SafetensorError) as error:
        raise BackboneError(f"{file} is not a readable adaptation: {error!r}; install Kefu again") from error
    return Adaptation(factors, neutral)


def write_adaptation(file: Path, adaptation: Adaptation, *, meta: Mapping[str, str]) -> None:
    """Factors in 16 bits."""
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for path, (down, up) in adaptation.factors.items():
        tensors |= {f"{path}.down": down.half().contiguous(), f"{path}.up": up.half().contiguous()}
    if adaptation.neutral is not None:
        tensors["neutral.mean"] = torch.from_numpy(adaptation.neutral.mean)
        tensors["neutral.directions"] = torch.from_numpy(adaptation.neutral.directions)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file, metadata=dict(meta))


def describe(settings: AdaptationSettings, *, corpus: str) -> dict[str, str]:
    """Metadata of the file: what it was made with."""
    return {"corpus_sha256": corpus, "settings": json.dumps(asdict(settings), sort_keys=True)}


def adapt(
    backbone: Backbone,
    needs: Sequence[Need],
    settings: AdaptationSettings,
    *,
    progress: Progress | None = None,
) -> Adaptation:
    """Trains on the corpus; the backbone's model is used up by it.

    In bfloat16: fast on processors that have it, slow on others.
    """
    use_cores(all_of_them=True)
    languages = ("en", "zh") if backbone.neutral is not None else ("en",)
    batches = _Batches.of(backbone, needs, languages)
    backbone.model.set_attn_implementation("sdpa")  # type: ignore[operator]  # untyped
    for parameter in backbone.model.parameters():
        parameter.requires_grad_(False)
    backbone.model.to(torch.bfloat16)
    trained = insert_low_rank(
        backbone.model, rank=settings.rank, first_layer=settings.first_layer, seed=settings.seed
    )
    optimizer = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=0.01)
    rising = max(1, settings.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / rising, max(0.02, (settings.steps - step) / (settings.steps - rising))),
    )
    drawn = batches.drawn(settings.topics, seed=settings.seed)
    for step in range(settings.steps):
        loss = _loss(backbone, next(drawn), settings.temperature, with_answers=step % ANSWERS_EVERY == 0)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if progress is not None:
            progress(step + 1, settings.steps, loss.item())
    factors = {
        path: (down, settings.strength * up) for path, (down, up) in trained_factors(backbone.model).items()
    }
    return Adaptation(factors, None)


def corpus_neutral(backbone: Backbone, needs: Sequence[Need]) -> Neutral:
    """What an adapted multilingual backbone's vectors have in common, and what only tells their language, by the corpus."""
    kinds = [
        (
            backbone.query_prefix,
            [[t for need in needs for t in need.phrasings[lang][:2]] for lang in ("en", "zh")],
        ),
        (backbone.passage_prefix, [[need.answers[lang] for need in needs] for lang in ("en", "zh")]),
    ]
    pairs = []
    for prefix, texts in kinds:
        english, chinese = (_plain_vectors(backbone, [prefix + text for text in own]) for own in texts)
        pairs.append((english, chinese))
    return Neutral.of(pairs)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Token ids of phrasings and answers, each with the number of its need."""

    phrasings: list[list[int]]
    needs: torch.Tensor
    answers: list[list[int]]
    answered: torch.Tensor


@dataclass(frozen=True, slots=True)
class _Batches:
    """Token ids by need and language, and the needs of each topic."""

    phrasings: list[dict[str, list[list[int]]]]
    answers: list[dict[str, list[int]]]
    topics: list[list[int]]

    @classmethod
    def of(cls, backbone: Backbone, needs: Sequence[Need], languages: Sequence[str]) -> _Batches:
        topics: dict[tuple[str, str], list[int]] = {}
        for number, need in enumerate(needs):
            topics.setdefault((need.business, need.topic), []).append(number)
        query, passage = backbone.query_prefix, backbone.passage_prefix
        return cls(
            [
                {
                    lang: [_tokens(backbone, query + text) for text in need.phrasings[lang]]
                    for lang in languages
                }
                for need in needs
            ],
            [{lang: _tokens(backbone, passage + need.answers[lang]) for lang in languages} for need in needs],
            list(topics.values()),
        )

    def drawn(self, topics: int, *, seed: int) -> Iterator[_Drawn]:
        """Without end: of each need two phrasings and an answer."""
        chance = random.Random(seed)  # noqa: S311  # the same seed draws the same; no secret
        waiting: list[list[int]] = []
        while True:
            while len(waiting) < topics:
                waiting += chance.sample(self.topics, len(self.topics))
            chosen, waiting = waiting[:topics], waiting[topics:]
            numbers = [number for topic in chosen for number in topic]
            yield _Drawn(
                [each for number in numbers for each in self._two(number, chance)],
                torch.tensor(numbers).repeat_interleave(2),
                [chance.choice(list(self.answers[number].values())) for number in numbers],
                torch.tensor(numbers),
            )

    def _two(self, number: int, chance: random.Random) -> list[list[int]]:
        own = self.phrasings[number]
        if len(own) > 1 and chance.random() < 0.5:
            return [chance.choice(phrasings) for phrasings in own.values()]
        return chance.sample([each for phrasings in own.values() for each in phrasings], 2)


def _loss(backbone: Backbone, drawn: _Drawn, temperature: float, *, with_answers: bool) -> torch.Tensor:
    vectors = _embed(backbone, drawn.phrasings)  # (n, d)
    same = drawn.needs[:, None] == drawn.needs[None, :]
    itself = torch.eye(len(vectors), dtype=torch.bool)
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, float("-inf"))
    loss = _information(logits, same & ~itself)
    if with_answers:
        answers = _embed(backbone, drawn.answers)  # (m, d)
        logits = vectors @ answers.T / temperature  # (n, m)
        right = drawn.needs[:, None] == drawn.answered[None, :]
        loss = loss + ANSWERS_WEIGH * (_information(logits, right) + _information(logits.T, right.T)) / 2
    return loss


def _information(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Mean of -ln of the softmax's part that the right ones of each row have together."""
    wanted = logits.masked_fill(~right, float("-inf"))
    return (torch.logsumexp(logits, dim=1) - torch.logsumexp(wanted, dim=1)).mean()


def _tokens(backbone: Backbone, text: str) -> list[int]:
    ids = backbone.tokenizer.encode(normalize(text)).ids
    return ids if len(ids) <= MOST_TOKENS else [*ids[: MOST_TOKENS - 1], ids[-1]]


def _embed(backbone: Backbone, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
    """(n, d) float32 unit rows, as the backbone is used."""
    neutral = neutraliser(backbone.neutral)
    return torch.cat([neutral(rows) for rows in _plain(backbone, tokens)])[_places(tokens)]


def _plain(backbone: Backbone, tokens: Sequence[Sequence[int]]) -> Iterator[torch.Tensor]:
    """Unit rows in blocks, by rising number of tokens."""
    from training.encoder_tuning import attention_mask, pooled

    order = _order(tokens)
    for start in range(0, len(order), MICRO_BATCH):
        rows = [tokens[row] for row in order[start : start + MICRO_BATCH]]
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        mask = attention_mask([len(row) for row in rows])
        states = backbone.model(input_ids=ids, attention_mask=mask)[0].float()  # (n, t, d)
        yield pooled(states, mask, backbone.pooling)


def _order(tokens: Sequence[Sequence[int]]) -> list[int]:
    return sorted(range(len(tokens)), key=lambda row: len(tokens[row]))


def _places(tokens: Sequence[Sequence[int]]) -> torch.Tensor:
    """(n,) where each row is in the order by number of tokens."""
    return torch.argsort(torch.tensor(_order(tokens)))


@torch.no_grad()
def _plain_vectors(backbone: Backbone, texts: Sequence[str]) -> NDArray[np.float32]:
    tokens = [_tokens(backbone, text) for text in texts]
    rows: NDArray[np.float32] = torch.cat(list(_plain(backbone, tokens)))[_places(tokens)].numpy()
    return rows
