"""Fine-tuning: the upper layers of a backbone and the head's meaning, trained together on labelled questions.

The lower layers stay as they are, for three reasons. Their states are computed once and not in every epoch, which
halves the time. Served, both the frozen and the tuned vector come out of one pass that shares them. And the
frozen vector, which the index is built on, keeps what tuning takes away: how far an unknown question is from all that
is known (Kumar et al. 2022, "Fine-tuning can distort pretrained features and underperform out-of-distribution",
arXiv:2202.10054).

The loss is cross-entropy over scaled cosines (Wang et al. 2018, "CosFace", arXiv:1801.09414, with margin 0). Each answer's weight
vector starts as the mean of its questions, so that an answer with one question is a prototype. Binary cross-entropy,
and a supervised contrastive loss beside it, were tried: docs/recipe.md.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from retrieval.normalize import normalize
from training.arithmetic import fast_products, use_cores, without_denormals
from training.errors import TrainingError
from training.neutral import neutraliser
from training.tuning_state import TuningState

if TYPE_CHECKING:
    from retrieval.encoder import Encoder
    from training.backbones import Backbone
    from training.work_folder import Part

MOST_TOKENS = 64  # of a question; later words change little and cost much
MICRO_BATCH = 16  # rows of like length that run together, so that padding costs little
SCALE = 16.0
# So many questions are gone through in all, however few there are; large sets are gone through LEAST_EPOCHS times.
USUAL_QUESTIONS, LEAST_EPOCHS, MOST_EPOCHS = 12_000, 3, 16
FROZEN_QUESTIONS, FROZEN_LEAST, FROZEN_MOST = 100_000, 10, 60

States = Sequence[torch.Tensor]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TuningSettings:
    """Rates are the peaks of a schedule that rises and falls linearly."""

    epochs: int
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-2
    batch: int = 64
    dropout: float = 0.1
    warm_up: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TunedTop:
    """What training gives: the upper layers, (c, d) weight rows and (c,) biases; losses are epoch means."""

    layers: nn.ModuleList
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    losses: tuple[float, ...]


class Trunk(Protocol):
    """The part of an encoder that training leaves alone, and the way from its states to a unit vector."""

    is_tuned: bool
    """Whether it has layers to train at all."""

    def epochs(self, questions: int) -> int:
        """How often a set of this size should be gone through."""
        ...

    def fresh_top(self, *, dropout: float) -> nn.ModuleList:
        """A copy of the layers to train."""
        ...

    def states(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[torch.Tensor]:
        """What the layers to train are given for each question."""
        ...

    def embed(self, states: States, top: nn.ModuleList) -> torch.Tensor:
        """(n, d) unit rows."""
        ...

    def vectors(self, states: States, top: nn.ModuleList) -> NDArray[np.float32]:
        """(n, d) unit rows, without dropout and without gradients."""
        ...


class FrozenTrunk:
    """The whole of an encoder: its states are its vectors, and only the head is trained."""

    is_tuned = False

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def epochs(self, questions: int) -> int:
        return _epochs(questions, usual=FROZEN_QUESTIONS, least=FROZEN_LEAST, most=FROZEN_MOST)

    def fresh_top(self, *, dropout: float) -> nn.ModuleList:
        return nn.ModuleList()

    def states(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[torch.Tensor]:
        rows = self._encoder.encode_queries([normalize(text) for text in texts], progress=progress)
        return list(torch.from_numpy(rows))

    def embed(self, states: States, top: nn.ModuleList) -> torch.Tensor:
        return torch.stack(list(states))

    def vectors(self, states: States, top: nn.ModuleList) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self.embed(states, top).numpy()
        return rows


class LayeredTrunk:
    """The lower layers of a BERT-like backbone; a third of the layers, at least three, is trained."""

    is_tuned = True

    def __init__(self, backbone: Backbone) -> None:
        layers = list(backbone.model.encoder.layer)  # type: ignore[union-attr, arg-type]  # untyped attributes
        self._backbone = backbone
        self._embeddings = backbone.model.embeddings
        self._neutraliser = neutraliser(backbone.neutral)
        self._split = split_layer(len(layers))
        self._lower, self._upper = layers[: self._split], layers[self._split :]

    def epochs(self, questions: int) -> int:
        return _epochs(questions, usual=USUAL_QUESTIONS, least=LEAST_EPOCHS, most=MOST_EPOCHS)

    def fresh_top(self, *, dropout: float) -> nn.ModuleList:
        top = nn.ModuleList(copy.deepcopy(layer) for layer in self._upper)
        for module in top.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
        return top

    @torch.no_grad()
    def states(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[torch.Tensor]:
        """For each question (t, d)."""
        use_cores(all_of_them=True)
        tokens = [self._tokens(text) for text in texts]
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        found: list[torch.Tensor] = [torch.empty(0)] * len(tokens)
        for start in range(0, len(order), MICRO_BATCH):
            rows = order[start : start + MICRO_BATCH]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(tokens[row]) for row in rows], batch_first=True)
            lengths = [len(tokens[row]) for row in rows]
            states = self._embeddings(input_ids=ids)  # type: ignore[operator]  # (n, t, d)
            states = run_layers(self._lower, states, additive(attention_mask(lengths)))
            for place, row in enumerate(rows):
                found[row] = states[place, : lengths[place]].clone()
            if progress is not None:
                progress(min(start + MICRO_BATCH, len(order)), len(order))
        return found

    def embed(self, states: States, top: nn.ModuleList) -> torch.Tensor:
        order = sorted(range(len(states)), key=lambda row: len(states[row]))
        above: list[tuple[torch.Tensor, torch.Tensor]] = []
        with fast_products(wanted=top.training):  # one block for all: each weight is rounded once
            for start in range(0, len(order), MICRO_BATCH):
                chosen = [states[row] for row in order[start : start + MICRO_BATCH]]
                mask = attention_mask([len(each) for each in chosen])
                padded = nn.utils.rnn.pad_sequence(list(chosen), batch_first=True)  # (n, t, d)
                above.append((run_layers(top, padded, additive(mask)), mask))
        parts = [pooled(found.float(), mask, self._backbone.pooling) for found, mask in above]
        places = torch.empty(len(order), dtype=torch.long)
        places[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
        rows: torch.Tensor = self._neutraliser(torch.cat(parts))[places]
        return rows

    @torch.no_grad()
    def vectors(self, states: States, top: nn.ModuleList) -> NDArray[np.float32]:
        top.train(False)
        blocks = [
            self.embed(states[start : start + 256], top).numpy() for start in range(0, len(states), 256)
        ]
        return np.concatenate(blocks)

    def _tokens(self, text: str) -> list[int]:
        ids = self._backbone.tokenizer.encode(self._backbone.query_prefix + normalize(text)).ids
        return ids if len(ids) <= MOST_TOKENS else [*ids[: MOST_TOKENS - 1], ids[-1]]


def split_layer(layers: int) -> int:
    """How many of the layers stay as they are."""
    return max(0, layers - max(3, layers // 3))


def _epochs(questions: int, *, usual: int, least: int, most: int) -> int:
    return min(most, max(least, -(-usual // max(questions, 1))))


def run_layers(
    layers: Sequence[nn.Module] | nn.ModuleList, states: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    for layer in layers:
        states = layer(states, mask)
        if isinstance(states, tuple):
            states = states[0]
    return states


def attention_mask(lengths: Sequence[int]) -> torch.Tensor:
    """(n, t): 1 for tokens, 0 for padding."""
    return (torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]).long()


def additive(mask: torch.Tensor) -> torch.Tensor:
    """(n, 1, 1, t) of (n, t): 0 for tokens, a very negative number for padding."""
    return (1.0 - mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min


def pooled(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """(n, d) unit rows of (n, t, d); `mask` is (n, t), 1 for tokens."""
    if pooling == "cls":
        return functional.normalize(states[:, 0], dim=-1)
    weights = mask.unsqueeze(-1).to(states.dtype)  # (n, t, 1)
    return functional.normalize((states * weights).sum(1) / weights.sum(1).clamp(min=1e-9), dim=-1)


def tune(
    trunk: Trunk,
    states: States,
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    settings: TuningSettings,
    weights: NDArray[np.float32] | None = None,
    part: Part | None = None,
    progress: Progress | None = None,
    told_loss: Callable[[float], None] | None = None,
) -> TunedTop:
    """Trains on questions (their trunk states) with labels 0 to c - 1, every one of which occurs.

    Args:
        vectors: (n, d) unit rows of the questions before any training; an answer's weights start as their mean.
        weights: (n,) how much each question counts, 1 on average; None for all alike.
        part: where the state is kept after every epoch, and taken up again if it is there.
        progress: gets (steps done, steps in all).
        told_loss: gets the mean loss of the last epoch's worth of steps.

    Raises:
        TrainingError: fewer than two labels, or a label without a question.
    """
    classes = int(labels.max(initial=-1)) + 1
    if classes < 2 or len(np.unique(labels)) != classes:
        raise TrainingError(
            f"{len(np.unique(labels))} answers of {classes} have questions; two and all are needed"
        )
    an_epoch = -(-len(labels) // settings.batch)
    steps = settings.epochs * an_epoch
    counted = np.ones(len(labels), np.float32) if weights is None else weights
    state = _begun(trunk, vectors, labels, counted, settings=settings, steps=steps)
    made = state.resume(part, asdict(settings)) if part is not None else 0
    shares, targets = torch.from_numpy(counted), torch.from_numpy(labels)
    left = settings.epochs - made // an_epoch
    with without_denormals():
        for step, rows in enumerate(
            _batches(len(labels), settings.batch, state.random, epochs=left), start=made
        ):
            asked = trunk.embed([states[row] for row in rows], state.top)  # (b, d)
            logits = SCALE * asked @ functional.normalize(state.head, dim=-1).T + state.bias  # (b, c)
            loss = (functional.cross_entropy(logits, targets[rows], reduction="none") * shares[rows]).mean()
            state.take_step(loss)
            if part is not None and (step + 1) % an_epoch == 0:
                state.keep(part, asdict(settings))
            if progress is not None:
                progress(step + 1, steps)
            if told_loss is not None:
                told_loss(float(np.mean(state.losses[-an_epoch:])))
    state.top.train(False)
    unit = functional.normalize(state.head.detach(), dim=-1).numpy()
    means = [float(np.mean(epoch)) for epoch in np.array_split(state.losses, settings.epochs)]
    scaled: NDArray[np.float32] = (SCALE * unit).astype(np.float32)
    return TunedTop(state.top, scaled, state.bias.detach().numpy(), tuple(means))


def _begun(
    trunk: Trunk,
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    weights: NDArray[np.float32],
    *,
    settings: TuningSettings,
    steps: int,
) -> TuningState:
    torch.manual_seed(settings.seed)
    use_cores(all_of_them=trunk.is_tuned)
    top = trunk.fresh_top(dropout=settings.dropout)
    classes = int(labels.max()) + 1
    prototypes = _prototypes(vectors * weights[:, None], labels, classes)
    head = nn.Parameter(torch.from_numpy(prototypes))  # (c, d)
    bias = nn.Parameter(torch.zeros(classes))
    optimizer = torch.optim.AdamW(
        [
            {"params": list(top.parameters()), "lr": settings.learning_rate, "weight_decay": 0.01},
            {"params": [head, bias], "lr": settings.head_learning_rate, "weight_decay": 0.0},
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _slope(steps, settings.warm_up))
    top.train(True)
    return TuningState(top, head, bias, optimizer, schedule, np.random.default_rng(settings.seed))


def _prototypes(vectors: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    sums = np.zeros((classes, vectors.shape[1]), np.float32)
    np.add.at(sums, labels, vectors)
    rows: NDArray[np.float32] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return rows


def _batches(count: int, size: int, random: np.random.Generator, *, epochs: int) -> Iterator[list[int]]:
    for _ in range(epochs):
        order = random.permutation(count)
        for start in range(0, count, size):
            yield order[start : start + size].tolist()


def _slope(steps: int, warm_up: float) -> Callable[[int], float]:
    rising = max(1, int(warm_up * steps))
    return lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(steps - rising, 1)))
