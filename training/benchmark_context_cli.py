"""``python -m training benchmark context|follow-ups``: what the conversation adds to a message, and whether it harms one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from training.benchmark_cli import Seed, cores, errors_told, load_encoder
from training.models_cli import ModelsDir, default_models_dir

if TYPE_CHECKING:
    from training.context.pairs import BothWays

console = Console(soft_wrap=True)
Data = Annotated[Path, typer.Option(help="Folder with star_dialogues/dialogues.jsonl.gz in it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Figures as JSON.")]


def register(app: typer.Typer) -> None:
    app.command("context")(context)
    app.command("follow-ups")(follow_ups)


def context(
    *,
    data: Data,
    choose: Annotated[bool, typer.Option(help="Try weights on the choosing part instead.")] = False,
    seed: Seed = 0,
    backbone: Annotated[str, typer.Option(help="english, multilingual, or a folder.")] = "english",
    models_dir: ModelsDir = default_models_dir(),
    as_json: AsJson = False,
) -> None:
    """Choose the right reply of ten for messages of past dialogues, with what was said before and without."""
    from retrieval.models import choose_backbone
    from training.context.dialogues import FOLDER
    from training.context.measuring import chosen_weights, worth_of_context

    with errors_told():
        encoder = load_encoder(choose_backbone([], name=backbone), models_dir=models_dir, threads=cores())
        folder = data / FOLDER
        if choose:
            for share, weights in chosen_weights(encoder, folder, seed=seed):
                console.print(f"{share:.4f}  share {weights.share}, short replies {weights.reply}")
            return
        worth = worth_of_context(encoder, folder, seed=seed)
    if as_json:
        console.print_json(json.dumps(asdict(worth)))
        return
    console.print(f"{worth.messages} messages of {worth.dialogues} dialogues, seed {seed}, {encoder.name}")
    console.print(f"Right reply of ten, messages alone: {worth.alone:.1%}")
    named = {
        "in context": worth.in_context,
        f"in context, the {worth.later_messages} with a question before them": worth.later,
        "in context, the other nine drawn evenly from the labels": worth.evenly,
        "in context, history as it is": worth.history_alone,
    }
    for name, gain in named.items():
        told = f"{gain.share:.1%}, {gain.gain * 100:+.1f} points ({gain.low * 100:+.1f} to {gain.high * 100:+.1f})"
        console.print(f"Right reply of ten, {name}: {told}")


def follow_ups(
    *,
    checkpoint: Annotated[
        Path, typer.Option(help="Folder of the demo company's checkpoint (kefu releases show).")
    ],
    snapshot: Annotated[Path, typer.Option(help="Folder of its index snapshot.")],
    demo: Annotated[Path, typer.Option(help="Folder of the demo company.")] = Path("bot/demo"),
    fit: Annotated[bool, typer.Option(help="Fit the gate on the half for choosing instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a release of the demo company second questions: follow-ups, and others that stand alone."""
    from retrieval.artifacts import read_manifest
    from retrieval.checkpoint import CHECKPOINT_KIND
    from retrieval.engine import Engine
    from training.context.gate import figures, fit_gate
    from training.context.pairs import Answers, ask_both_ways, read_pairs, test_questions_after
    from training.context.untaught import ask_untaught
    from training.fence import withheld_keys

    with errors_told():
        engine = Engine.load(checkpoint, snapshot)
        withheld = withheld_keys(read_manifest(checkpoint, kind=CHECKPOINT_KIND).meta)
        answers, pairs = Answers.of(engine, demo), read_pairs(demo)
        chosen = [pair for pair in pairs if pair.held_out != fit]
        asked = [ask_both_ways(engine, pair) for pair in chosen]
        tested = [] if fit else [ask_both_ways(engine, pair) for pair in test_questions_after(demo, pairs)]
        # The last ones, since they are taken out of the index.
        asked += ask_untaught(engine, answers, chosen, withheld=withheld, held_out=not fit)
        if fit:
            weights, resolve_at = fit_gate(asked, answers)
            console.print(f"GATE = {weights}\nRESOLVE_AT = {resolve_at}")
    groups = _by_kind(asked, "half for choosing" if fit else "held out") | _by_kind(tested, "test questions")
    found = {name: asdict(figures(engine, group, answers)) for name, group in groups.items()}
    if as_json:
        console.print_json(json.dumps(found))
        return
    for name, each in found.items():
        console.print(
            f"{name}: "
            + ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in each.items())
        )


def _by_kind(asked: Sequence[BothWays], where: str) -> dict[str, list[BothWays]]:
    groups: dict[str, list[BothWays]] = {}
    for each in asked:
        for language in (each.pair.language, "both languages"):
            groups.setdefault(f"{where}, {each.pair.kind}, {language}", []).append(each)
    return groups
