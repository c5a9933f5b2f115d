"""Tiny labelled files for simulations, and a simulation on them without a model."""

from pathlib import Path

from tests.fixtures.fakes import HashEncoder
from tests.training.test_sets import write
from training.evaluation.pipeline import FitSettings
from training.remembering import Remembering
from training.simulation.loop import Simulation
from training.simulation.plan import Plan, read_plan
from training.simulation.visitors import Crowd

TOPICS = ("refund", "invoice", "delivery", "voucher", "password")
FRAMES = (
    "how does the {} work",
    "my {}",
    "{} please",
    "rules for {}",
    "is {} possible",
    "the {} again",
    "where is my {}",
    "about the {}",
    "{} is missing",
    "no {} yet",
    "tell me of {}",
    "{} twice",
)
UNKNOWN = ("who won the match", "sing a song", "what is the weather")
TESTED = ("need {} now", "wrong {}")


def labelled(frames: tuple[str, ...]) -> list[str]:
    return [f"{frame.format(topic)},{topic}" for topic in TOPICS for frame in frames]


def write_files(folder: Path) -> tuple[Path, Path]:
    """A training file with 12 rows of 5 intents and 3 out of scope; one row of each intent is in the test file, too."""
    train, test = folder / "t.csv", folder / "q.csv"
    rows = [*labelled(FRAMES), *(f"{text},oos" for text in UNKNOWN)]
    write(train, "\n".join(["text,intent", *rows]) + "\n")
    write(test, "\n".join(["text,intent", *labelled((*TESTED, FRAMES[0].upper())), "hi there,oos"]) + "\n")
    return train, test


def plan_of(folder: Path, *, start: int = 4, rounds: int = 3, seed: int = 0) -> Plan:
    train, test = write_files(folder)
    return read_plan(train, test, start=start, rounds=rounds, seed=seed)


def simulation_of(plan: Plan, crowd: Crowd | None = None, *, seed: int = 0) -> Simulation:
    settings = FitSettings(unknown_share=0.1, seed=seed)
    return Simulation(plan, Remembering(HashEncoder()), settings, crowd or Crowd())
