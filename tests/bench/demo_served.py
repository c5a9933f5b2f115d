"""What ``kefu demo`` serves, asked the demo company's own test questions: ``python -m tests.bench.demo_served``.

Each question is the first message of a conversation. Nothing was chosen on them, and they are no part of what the demo imports.
``--data-dir`` takes an installation that ``kefu demo`` has filled before; without, one is made and thrown away.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from bot.answering.replying import Reply, reply_to
from bot.answering.sections_later import all_added
from bot.answering.serving import ReleaseFollower
from bot.answering.understanding import understand
from bot.commands.console import open_database
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer
from bot.settings import Settings
from retrieval.decision import Outcome

QUESTIONS = Path(__file__).parents[2] / "bot" / "demo" / "test_questions.jsonl"
LANGUAGES = ("en", "zh")
ANSWERED = (Outcome.ANSWERED, Outcome.COMPOSED)


@dataclass(frozen=True)
class Asked:
    """A test question, and what it was told. ``right``: keys of the answers that are right, none where nothing answers it."""

    language: str
    right: frozenset[str]
    outcome: Outcome
    guesses: tuple[str, ...]
    given: frozenset[str]
    choices: frozenset[str]


@contextmanager
def installation(data_dir: Path | None) -> Iterator[Settings]:
    """What is there, or what ``kefu demo`` makes in an empty folder."""
    if data_dir:
        yield Settings(data_dir=data_dir)
        return
    with TemporaryDirectory() as made:
        subprocess.run(
            [sys.executable, "-m", "bot.cli", "demo"], env={**os.environ, "KEFU_DATA_DIR": made}, check=True
        )
        yield Settings(data_dir=Path(made))


async def ask_all(settings: Settings, questions: Sequence[Mapping[str, object]]) -> list[Asked]:
    async with open_database(settings) as database:
        follower = ReleaseFollower(database, settings)
        try:
            await follower.refresh()
            await all_added()
            async with database.read() as session:
                keys = {each.id: each.answer_key or "" for each in await session.scalars(select(Answer))}
            return [await _ask(database, follower, settings, question, keys) for question in questions]
        finally:
            follower.close()


async def _ask(
    database: Database,
    follower: ReleaseFollower,
    settings: Settings,
    question: Mapping[str, object],
    keys: Mapping[str, str],
) -> Asked:
    understood = await understand(
        str(question["question"]),
        follower=follower,
        languages=settings.languages,
        conversation_language=None,
        turns=[],
    )
    reply: Reply = await database.quick.read(lambda connection: reply_to(connection, understood))
    right = question["answer_keys"]
    assert isinstance(right, list)

    def named(rows: Sequence[Mapping[str, object]]) -> list[str]:
        return [keys.get(str(row["answer_id"]), "") for row in rows if row.get("answer_id")]

    return Asked(
        str(question["language"]),
        frozenset(right),
        reply.outcome,
        tuple(named(reply.candidates)),
        frozenset(named(reply.parts)),
        frozenset(named(reply.choices)),
    )


def figures(asked: Sequence[Asked]) -> dict[str, str]:
    """Name of a figure -> hits of cases, with the share."""
    known = [each for each in asked if each.right]
    unknown = [each for each in asked if not each.right]
    answered = [each for each in asked if each.outcome in ANSWERED]
    back = [each for each in known if each.outcome is Outcome.CLARIFIED]

    def share(hits: Sequence[Asked], cases: Sequence[Asked]) -> str:
        return f"{len(hits)} of {len(cases)} ({100 * len(hits) / max(len(cases), 1):.1f} %)"

    return {
        "first guess right": share([each for each in known if {*each.guesses[:1]} & each.right], known),
        "unknown questions not answered": share(
            [each for each in unknown if each.outcome not in ANSWERED], unknown
        ),
        "known questions answered": share([each for each in known if each in answered], known),
        "wrong of all answers": share([each for each in answered if not each.given & each.right], answered),
        "asked back, the right one among the choices": share(
            [each for each in back if each.choices & each.right], back
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    chosen = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    with installation(chosen.data_dir) as settings:
        asked = asyncio.run(ask_all(settings, questions))
    columns = [figures([each for each in asked if each.language == language]) for language in LANGUAGES]
    print(f"| | {' | '.join(LANGUAGES)} |\n| --- {'| ---: ' * len(LANGUAGES)}|")
    for name in columns[0]:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")


if __name__ == "__main__":
    main()
