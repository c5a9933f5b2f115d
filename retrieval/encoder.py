"""Sentence encoders: text in, unit vectors out, on ONNX Runtime.

An encoder folder is an artifact of kind "encoder" (see :mod:`retrieval.artifacts`)::

    encoder.onnx     inputs input_ids, attention_mask (n, t) int64; output embedding (n, d) float32, unit rows;
                     after tuning also output tuned (n, d) float32, unit rows, for the intent head
    tokenizer.json   Hugging Face tokenizers format, special tokens included by its post-processor
    encoder.json     what :class:`EncoderSettings` holds, self-test included

Pooling and normalising are part of the graph, so that a stored vector depends on these files alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.artifacts import Manifest, verify_artifact
from retrieval.errors import ArtifactError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Vectors: TypeAlias = NDArray[np.float32]
Progress: TypeAlias = Callable[[int, int], None]

ENCODER_KIND = "encoder"
EMBEDDING, TUNED = "embedding", "tuned"
ONNX_FILE, TOKENIZER_FILE, SETTINGS_FILE = "encoder.onnx", "tokenizer.json", "encoder.json"
ENCODER_FILES = (ONNX_FILE, TOKENIZER_FILE, SETTINGS_FILE)

# Texts are tokenised and sorted by length in windows of this many, so that memory stays flat.
WINDOW_TEXTS = 4096
# Padded tokens per run: beyond this the activations fall out of the cache (2048 is 1.2 x slower, 512 no faster).
BATCH_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Encoded:
    """Messages, encoded: `embeddings` (n, d) for searching and `tuned` (n, d) for the intent head, unit rows both.

    One and the same where the encoder was not tuned.
    """

    embeddings: Vectors
    tuned: Vectors


class Encoder(Protocol):
    """Turns texts into unit vectors whose dot product is their cosine similarity.

    `fingerprint` identifies the vector space: encoders with the same one give the same vectors.
    """

    name: str
    dimension: int
    fingerprint: str

    def encode_queries(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode customer messages and stored questions: `(n, d)` float32, contiguous, unit rows."""
        ...

    def encode_messages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Encoded:
        """As `encode_queries`, with what the intent head reads."""
        ...

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Encode answers: `(n, d)` float32, contiguous, unit rows."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count the tokens of `text` alone: no prefix, no special tokens, not cut off."""
        ...


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A sentence (encoded as it is, without a prefix) and the first numbers its vector must have."""

    text: str
    expected: tuple[float, ...]
    tolerance: float


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """The content of ``encoder.json``.

    `pooling` and `precision` say how the graph was made and change nothing here; `max_tokens` counts special
    tokens and prefix.
    """

    name: str
    dimension: int
    pooling: str
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    precision: str
    self_test: SelfTest

    @classmethod
    def from_json(cls, text: str) -> EncoderSettings:
        """Parse; raises ValueError, TypeError or KeyError on anything unexpected."""
        document = json.loads(text)
        test = document.pop("self_test")
        expected = tuple(float(number) for number in test.pop("expected"))
        settings = cls(**document, self_test=SelfTest(**test, expected=expected))
        if settings.dimension < 1 or settings.max_tokens < 3 or len(expected) > settings.dimension:
            raise ValueError("dimension, max_tokens or self_test is out of range")
        return settings

    def to_json(self) -> str:
        test = {"text": self.self_test.text, "tolerance": self.self_test.tolerance}
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name != "self_test"
        }
        fields["self_test"] = {**test, "expected": list(self.self_test.expected)}
        return json.dumps(fields, ensure_ascii=False, indent=2)


class OnnxEncoder:
    """An encoder folder, loaded. Safe to use from several threads at once.

    An empty text is encoded like any other (prefix and special tokens are left) and gives a unit vector, too;
    whether it means anything is for the caller to decide. Texts longer than `max_tokens` are cut at the end.
    """

    def __init__(
        self, *, settings: EncoderSettings, fingerprint: str, tokenizer: Tokenizer, session: InferenceSession
    ) -> None:
        self.name = settings.name
        self.dimension = settings.dimension
        self.fingerprint = fingerprint
        self.settings = settings
        self._tokenizer = tokenizer
        self._session = session
        self._is_tuned = any(output.name == TUNED for output in session.get_outputs())

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> OnnxEncoder:
        """Load an encoder folder.

        Raises:
            ArtifactError: the folder is missing, altered, or does not give the vector it should.
        """
        return cls.from_verified(folder, verify_artifact(folder, kind=ENCODER_KIND), threads=threads)

    @classmethod
    def from_verified(cls, folder: Path, manifest: Manifest, *, threads: int = 1) -> OnnxEncoder:
        """Load the encoder files of a folder whose `manifest` was just verified, such as a checkpoint's."""
        for name in ENCODER_FILES:
            if name not in manifest.files:
                raise _unusable(folder, "is missing", file=name)
        try:
            settings = EncoderSettings.from_json((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _unusable(folder, f"is malformed ({error!r})", file=SETTINGS_FILE) from error
        encoder = cls(
            settings=settings,
            fingerprint=encoder_fingerprint(manifest),
            tokenizer=_load_tokenizer(folder, max_tokens=settings.max_tokens),
            session=_open_session(folder, threads=threads),
        )
        encoder._check_known_vector(folder)
        return encoder

    def encode_queries(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        rows: Vectors = self._encode(
            texts, (EMBEDDING,), prefix=self.settings.query_prefix, progress=progress
        )[0]
        return rows

    def encode_messages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Encoded:
        outputs = (EMBEDDING, TUNED) if self._is_tuned else (EMBEDDING,)
        found = self._encode(texts, outputs, prefix=self.settings.query_prefix, progress=progress)
        return Encoded(found[0], found[-1])

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        rows: Vectors = self._encode(
            texts, (EMBEDDING,), prefix=self.settings.passage_prefix, progress=progress
        )[0]
        return rows

    def count_tokens(self, text: str) -> int:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return len(encoding.ids) + sum(len(part.ids) for part in encoding.overflowing)

    def _encode(
        self, texts: Sequence[str], outputs: Sequence[str], *, prefix: str, progress: Progress | None
    ) -> Vectors:
        """(outputs, n, d)."""
        if len(texts) == 1:
            vectors = self._encode_one(prefix + texts[0], outputs)
            if progress:
                progress(1, 1)
            return vectors
        vectors = np.empty((len(outputs), len(texts), self.dimension), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), WINDOW_TEXTS):
            window = [prefix + text for text in texts[start : start + WINDOW_TEXTS]]
            tokens = [
                np.array(each.ids, dtype=np.int64) for each in self._tokenizer.encode_batch_fast(window)
            ]
            for rows in batches_by_length([len(ids) for ids in tokens], batch_tokens=BATCH_TOKENS):
                vectors[:, start + rows] = self._run(*pad([tokens[row] for row in rows]), outputs)
                done += len(rows)
                if progress:
                    progress(done, len(texts))
        return vectors

    def _encode_one(self, text: str, outputs: Sequence[str]) -> Vectors:
        # No padding and no sorting: this is the way of every customer message.
        input_ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)  # (1, t)
        return self._run(input_ids, np.ones_like(input_ids), outputs)  # (outputs, 1, d)

    def _run(
        self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64], outputs: Sequence[str]
    ) -> Vectors:
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        return np.stack(self._session.run(tuple(outputs), feed))  # (outputs, n, d)

    def _check_known_vector(self, folder: Path) -> None:
        """Run the self-test: a wrong runtime, graph or tokenizer shows in numbers, not in an exception."""
        test = self.settings.self_test
        try:
            vector = self._encode_one(test.text, (EMBEDDING,))[0, 0]  # (d,)
        except Exception as error:  # ONNX Runtime raises its own, undocumented, classes
            raise _unusable(folder, f"does not run ({error})", file=ONNX_FILE) from error
        found = vector[: len(test.expected)]
        # Written so that a NaN anywhere fails too.
        close = bool(np.all(np.abs(found - np.array(test.expected)) <= test.tolerance))
        unit = vector.shape == (self.dimension,) and abs(float(np.linalg.norm(vector)) - 1.0) <= 1e-3
        if not (close and unit):
            raise _unusable(
                folder, f"gives {found.tolist()} for its known sentence instead of {list(test.expected)}"
            )


def encoder_fingerprint(manifest: Manifest) -> str:
    """Hash of the encoder files alone, so that a checkpoint and the backbone it was made of share it."""
    hashes = "".join(manifest.files[name].sha256 for name in ENCODER_FILES)
    return hashlib.sha256(hashes.encode()).hexdigest()


def batches_by_length(lengths: Sequence[int], *, batch_tokens: int) -> Iterator[NDArray[np.intp]]:
    """Group row numbers so that rows of like length run together.

    Each group holds at most `batch_tokens` tokens counted with padding, or a single row.
    """
    order = np.argsort(np.array(lengths, dtype=np.int64), kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        full = end == len(order) or (end + 1 - start) * lengths[order[end]] > batch_tokens
        if full:
            yield order[start:end]
            start = end


def pad(tokens: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ids and mask `(n, longest)`; the padding id is 0 and masked, its value has no effect."""
    input_ids = np.zeros((len(tokens), max(len(ids) for ids in tokens)), dtype=np.int64)  # (n, t)
    attention_mask = np.zeros_like(input_ids)  # (n, t)
    for row, ids in enumerate(tokens):
        input_ids[row, : len(ids)] = ids
        attention_mask[row, : len(ids)] = 1
    return input_ids, attention_mask


def _unusable(folder: Path, problem: str, *, file: str | None = None) -> ArtifactError:
    remedy = "Make the encoder again: remove the folder, then run `kefu models get`."
    return ArtifactError(folder, problem, remedy=remedy, file=file)


def _load_tokenizer(folder: Path, *, max_tokens: int) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except Exception as error:  # the library raises bare Exception
        raise _unusable(folder, f"is not a tokenizer ({error})", file=TOKENIZER_FILE) from error
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer


def _open_session(folder: Path, *, threads: int) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(folder / ONNX_FILE), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime raises its own, undocumented, classes
        raise _unusable(folder, f"is not a usable ONNX model ({error})", file=ONNX_FILE) from error
