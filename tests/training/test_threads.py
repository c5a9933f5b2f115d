"""What is set before torch is loaded."""

import os
import subprocess
import sys


def test_training_gives_the_core_away_while_it_waits_unless_somebody_says_otherwise() -> None:
    code = "import os, sys, training; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    plain = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}

    def said(env: dict[str, str]) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
        ).stdout

    assert said(plain) == "PASSIVE False\n"
    assert said({**plain, "OMP_WAIT_POLICY": "ACTIVE"}) == "ACTIVE False\n"


def test_commands_of_training_load_what_trains_only_where_they_train() -> None:
    """`kefu models list` and every `--help` start without it."""
    code = "import sys, training.__main__; print([name for name in ('torch', 'transformers', 'faiss') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
