"""How fast a real service answers with many documents: ``python -m tests.bench.documents_served --pages 10000``.

The pages of `tests.bench.documents` and a few approved answers are imported by command, then a ``kefu serve`` is asked by one client and by four:
the demo company's test questions, and sentences of the pages' words. Every message is searched for in the sections, and what could be composed of them is worked out, though little of it is sure
enough to be given. Tells also how long the import took, how long it took until all of it could be found, and what the service needs.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import count, islice
from pathlib import Path

import psutil
from sqlalchemy import text

from bot.db.engine import Database
from bot.settings import Settings
from tests.bench.documents import page, sentence
from tests.bench.speed import Round, ask_service, demo_lines, running_service, write_knowledge

QUESTIONS = 1_000
CLIENTS = 4
ROUNDS = 3


def write_pages(folder: Path, *, pages: int, language: str) -> None:
    folder.mkdir()
    numbers = count() if language == "both" else (number for number in count() if number % 3)
    for number in islice(numbers, pages):
        name, content = page(number)
        (folder / name).write_text(content, encoding="utf-8")


def asked(language: str, *, messages: int) -> list[str]:
    """By turns a test question of the demo company and a made one."""
    texts = [str(row["question"]) for row in demo_lines("test_questions.jsonl", language)]
    chance = random.Random(0)
    languages = ["en", "zh"] if language == "both" else ["en"]
    made = [sentence(chance, languages[place % len(languages)])[:120] for place in range(messages)]
    return [made[place] if place % 2 else texts[place // 2 % len(texts)] for place in range(messages)]


def run(environment: dict[str, str], *arguments: str) -> float:
    """Seconds that a command took."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments], env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode not in (0, 4):
        raise RuntimeError(f"{arguments} failed: {done.stdout!r}")
    return round(time.perf_counter() - begin, 1)


async def column(settings: Settings, statement: str) -> list[str]:
    database = Database.open(settings.database_url)
    try:
        async with database.read() as session:
            return list((await session.execute(text(statement))).scalars())
    finally:
        await database.close()


def install(folder: Path, environment: dict[str, str], *, pages: int, language: str) -> dict[str, float]:
    """Seconds of importing the pages, and of the first release, which holds all their sections; nothing where that was done already."""
    if (folder / "kefu.db").exists():
        return {}
    knowledge, help_pages = folder / "knowledge.jsonl", folder / "help"
    write_knowledge(knowledge, questions=QUESTIONS, language=language)
    write_pages(help_pages, pages=pages, language=language)
    return {
        "import_s": run(environment, "import", str(help_pages), "--approve", "--json"),
        "searchable_s": run(environment, "import", str(knowledge), "--approve", "--json"),
    }


def measure(folder: Path, *, pages: int, language: str, messages: int) -> dict[str, object]:
    languages = "en,zh" if language == "both" else language
    environment = os.environ | {
        "KEFU_DATA_DIR": str(folder),
        "KEFU_LANGUAGES": languages,
        "KEFU_RATE_LIMIT__ENABLED": "false",
    }
    took = install(folder, environment, pages=pages, language=language)
    texts = asked(language, messages=messages)
    one: list[Round] = []
    many: list[Round] = []
    with running_service(environment) as (port, process, start_s):
        asyncio.run(ask_service(port, texts[:50], clients=2))
        for _ in range(ROUNDS):
            one.append(asyncio.run(ask_service(port, texts, clients=1)))
            many.append(asyncio.run(ask_service(port, texts, clients=CLIENTS)))
        resident = psutil.Process(process.pid).memory_info().rss
    settings = Settings(data_dir=folder, languages=tuple(languages.split(",")))
    return {
        "pages": pages,
        "language": language,
        "sections": len(asyncio.run(column(settings, "SELECT id FROM sections"))),
        **took,
        "start_to_ready_s": round(start_s, 1),
        "p50_ms": middle(one, 0.5),
        "p95_ms": middle(one, 0.95),
        f"p95_ms_{CLIENTS}_clients": middle(many, 0.95),
        "resident_mb": round(resident / 2**20),
        "outcomes": Counter(asyncio.run(column(settings, "SELECT outcome FROM exchanges"))),
    }


def middle(rounds: list[Round], share: float) -> float:
    return round(statistics.median(each.percentile(share) for each in rounds), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--language", choices=["en", "both"], default="en")
    parser.add_argument(
        "--folder", type=Path, help="keep the installation there, or ask the one that is there"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        report = measure(folder, pages=given.pages, language=given.language, messages=given.messages)
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
