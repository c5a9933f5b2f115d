"""``python -m training``: assembles the command groups; each lives in its own file."""

from __future__ import annotations

import os

import typer

from training import (
    adapt_cli,
    benchmark_cli,
    benchmark_companies_cli,
    benchmark_composed_cli,
    benchmark_context_cli,
    benchmark_loop_cli,
    benchmark_sets_cli,
    gate_cli,
    models_cli,
    simulate_cli,
    train_cli,
    word_pairs_cli,
)

app = typer.Typer(no_args_is_help=True, help="Models, benchmarks and training of Kefu.")
app.add_typer(models_cli.app, name="models")
benchmark_sets_cli.register(benchmark_cli.app)
benchmark_companies_cli.register(benchmark_cli.app)
benchmark_loop_cli.register(benchmark_cli.app)
benchmark_composed_cli.register(benchmark_cli.app)
benchmark_context_cli.register(benchmark_cli.app)
app.add_typer(benchmark_cli.app, name="benchmark")
app.command("train")(train_cli.train)
app.command("gate")(gate_cli.gate)
app.command("simulate")(simulate_cli.simulate)
app.command("adapt")(adapt_cli.adapt)
app.command("word-pairs")(word_pairs_cli.make)

if __name__ == "__main__":
    app(
        prog_name=os.environ.get("KEFU_PROGRAM")
    )  # what was typed, for usage and errors: set by the kefu command
