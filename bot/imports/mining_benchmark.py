"""Measures answer mining on dialogues whose agent replies are labelled.

    python -m bot.imports.mining_benchmark --dialogues dialogues.jsonl.gz

The file holds one dialogue a line: `conversation_id` and `turns` of `{role, text, label?}`. Two sets of labelled
replies are measured: all of them, and *task* replies, that is without what every service desk says whatever it is
about: greeting, anything else?, goodbye (`*_bye` too), asking for the name, "I do not understand", and the label for
an agent's own words. A label counts as the same in whatever task it occurs, as its reply is the same. Dialogues are split by
a hash of their id into two halves: thresholds were chosen on `dev`, `test` is what is reported.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.imports.mining import group_replies, mine_answers
from bot.imports.mining_exchanges import AgentReply, DialogueReader
from bot.imports.mining_measures import agreement, exact_groups, leader_groups
from bot.imports.records import Dialogue, Turn
from bot.releases.building import models_dir
from bot.settings import Settings
from retrieval.encoder import Encoder, OnnxEncoder
from retrieval.errors import RetrievalError
from retrieval.models import BACKBONES, find_model

GENERIC_LABELS = frozenset(
    ("hello", "anything_else", "goodbye_1", "goodbye_2", "ask_name", "out_of_scope", "custom")
)
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class LabelledDialogue:
    """A dialogue with the labels of its turns by turn index."""

    dialogue: Dialogue
    labels: dict[int, str]


def is_task_label(label: str) -> bool:
    """Whether a label names a reply about the matter of one service."""
    return label not in GENERIC_LABELS and not label.endswith("_bye")


def half_of(conversation_id: str) -> str:
    """The half a dialogue belongs to, for ever: "dev" or "test"."""
    return "dev" if hashlib.sha256(conversation_id.encode()).digest()[0] % 2 == 0 else "test"


def read_labelled(path: Path, *, half: str) -> Iterator[LabelledDialogue]:
    """Reads the dialogues of one half ("all": both).

    Raises:
        ValueError: A line is no dialogue; names the line.
    """
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                turns = tuple(Turn(turn["role"], turn["text"]) for turn in entry["turns"])
                labels = {i: turn["label"] for i, turn in enumerate(entry["turns"]) if turn.get("label")}
                dialogue = Dialogue(str(entry["conversation_id"]), turns)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not a dialogue ({error})") from error
            if half in ("all", half_of(dialogue.conversation_id)):
                yield LabelledDialogue(dialogue, labels)


def measure(labelled: Sequence[LabelledDialogue], *, encoder: Encoder) -> dict[str, Any]:
    """Agreement of reply groups and mined answers with the labels, beside the baselines; seconds and memory."""
    started = time.perf_counter()
    report = mine_answers([entry.dialogue for entry in labelled], encoder=encoder, languages=LANGUAGES)
    seconds = time.perf_counter() - started
    replies, labels = _labelled_replies(labelled)
    texts = [reply.source.text for reply in replies]
    groupings: dict[str, Sequence[object]] = {
        "reply groups": group_replies(replies, encoder=encoder, languages=LANGUAGES).groups.tolist(),
        "baseline: same text": exact_groups(texts),
        "baseline: TF-IDF leader clustering": leader_groups(texts),
    }
    answer_of = {
        (source.conversation_id, source.turn_index): number
        for number, answer in enumerate(report.answers)
        for source in answer.sources
    }
    groupings["mined answers"] = [answer_of.get(_place(reply)) for reply in replies]
    return {
        "dialogues": report.dialogues,
        "turns": report.turns,
        "answers": len(report.answers),
        "answers_without_slots": sum(not answer.slots for answer in report.answers),
        "skipped": dict(report.skipped),
        "seconds_to_mine": round(seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "agreement": [
            {"grouping": name, "replies_of": which, **_rounded(labels, groups, which=which)}
            for name, groups in groupings.items()
            for which in ("all", "task")
        ],
    }


def _labelled_replies(labelled: Sequence[LabelledDialogue]) -> tuple[list[AgentReply], list[str | None]]:
    """Every agent reply (unlabelled ones are grouped too) with its label."""
    reader = DialogueReader(mask=str)
    pairs = [
        (reply, entry.labels.get(reply.source.turn_index))
        for entry in labelled
        for reply in reader.read(entry.dialogue).replies
    ]
    return [reply for reply, _ in pairs], [label for _, label in pairs]


def _place(reply: AgentReply) -> tuple[str, int]:
    return reply.source.conversation_id, reply.source.turn_index


def _rounded(labels: Sequence[str | None], groups: Sequence[object], *, which: str) -> dict[str, float]:
    chosen = [
        (label, group)
        for label, group in zip(labels, groups, strict=True)
        if label is not None and group is not None and (which == "all" or is_task_label(label))
    ]
    measured = asdict(agreement([label for label, _ in chosen], [group for _, group in chosen]))
    return {name: round(value, 4) for name, value in measured.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns 0, or 2 for a wrong file or a missing model."""
    parser = argparse.ArgumentParser(prog="python -m bot.imports.mining_benchmark", description=__doc__)
    parser.add_argument("--dialogues", type=Path, required=True, help="JSONL, .gz allowed")
    parser.add_argument("--models-dir", type=Path, help="folder of the exported backbones")
    parser.add_argument("--backbone", default="english", help="english, multilingual or a model name")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="test")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    name = BACKBONES.get(options.backbone, options.backbone)
    try:
        encoder = OnnxEncoder.load(find_model(name, models_dir=options.models_dir or models_dir(Settings())))
        labelled = list(read_labelled(options.dialogues, half=options.half))
    except (OSError, ValueError, RetrievalError) as error:
        print(error, file=sys.stderr)
        return 2
    measured = {"backbone": name, "half": options.half, **measure(labelled, encoder=encoder)}
    print(json.dumps(measured, ensure_ascii=False, indent=2) if options.json else _table(measured))
    return 0


def _table(measured: dict[str, Any]) -> str:
    lines = [
        f"{measured['dialogues']} dialogues, {measured['turns']} turns, {measured['answers']} answers"
        f" in {measured['seconds_to_mine']} s, {measured['peak_memory_mb']} MB",
        f"{'grouping':36}{'replies':>14}{'groups':>8}{'homog.':>8}{'compl.':>8}{'V':>8}",
    ]
    lines.extend(
        f"{row['grouping']:36}{row['replies']:>8} {row['replies_of']:>5}{row['groups']:>8}"
        f"{row['homogeneity']:>8.3f}{row['completeness']:>8.3f}{row['v_measure']:>8.3f}"
        for row in measured["agreement"]
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
