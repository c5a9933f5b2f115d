"""What a shadow costs the customers: ``python -m tests.bench.shadow``.

A real ``kefu serve`` with 10,000 questions is asked in rounds, in turns without and with a second release that decides unseen, all in
one run. In each pair of rounds the order changes, so that neither gains from a machine that gets slower. Clients pause a little
between two messages (``--pause``), as customers do; with 0 they ask without a pause, which leaves a shadow no time at all.
"""

import argparse
import asyncio
import json
import statistics
import time
import urllib.request

import psutil

from bot.db.engine import Database
from bot.releases.building import build_release
from bot.settings import Settings
from bot.shadowing import service
from tests.bench.speed import Round, ask_service, installed, running_service

PAIRS = 3
FOLLOWED_S = 6.0
"""Every worker follows the line-up within five seconds."""
LONGEST_WAIT_S = 60.0


async def other_release(settings: Settings) -> str:
    """A second release of the same knowledge, and so of the same size."""
    database = Database.open(settings.database_url)
    try:
        return (await build_release(database, settings, created_by="bench")).release.id
    finally:
        await database.close()


async def switch(settings: Settings, release_id: str, *, on: bool) -> None:
    database = Database.open(settings.database_url)
    try:
        async with database.write() as session:
            if on:
                await service.switch_on(session, release_id, data_dir=settings.data_dir, started_by="bench")
            else:
                await service.switch_off(session, release_id, ended_by="bench")
    finally:
        await database.close()
    await asyncio.sleep(FOLLOWED_S)


def counter(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:  # of our own making
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def settle(port: int) -> None:
    """Waits until the shadow has decided about all that is in its queue."""
    ends = time.monotonic() + LONGEST_WAIT_S
    while counter(port, "kefu_shadow_waiting") and time.monotonic() < ends:
        time.sleep(0.1)


def measure(
    *, questions: int, language: str, messages: int, clients: int, pause_s: float
) -> dict[str, object]:
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    with installed(questions=questions, language=language, messages=messages) as made:
        release = asyncio.run(other_release(made.settings))
        with running_service(made.environment) as (port, process, _):
            asyncio.run(ask_service(port, made.asked[:50], clients=clients, pause_s=0))
            alone = psutil.Process(process.pid).memory_info().rss
            is_on = False
            for pair in range(PAIRS):
                for shadowed in (False, True) if pair % 2 == 0 else (True, False):
                    if shadowed is not is_on:
                        asyncio.run(switch(made.settings, release, on=shadowed))
                        is_on = shadowed
                    asyncio.run(ask_service(port, made.asked[:20], clients=clients, pause_s=0))
                    settle(port)
                    rounds[shadowed].append(
                        asyncio.run(ask_service(port, made.asked, clients=clients, pause_s=pause_s))
                    )
                    settle(port)
            decided = counter(port, "kefu_shadow_decided_total")
            passed_over = counter(port, "kefu_shadow_dropped_total")
            both = psutil.Process(process.pid).memory_info().rss
    return _report(rounds) | {
        "questions": questions,
        "language": language,
        "clients": clients,
        "pause_ms": round(pause_s * 1000),
        "shadow_decided": int(decided),
        "shadow_passed_over": int(passed_over),
        "resident_mb": round(alone / 2**20),
        "resident_with_shadow_mb": round(both / 2**20),
    }


def _report(rounds: dict[bool, list[Round]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for shadowed, name in ((False, "alone"), (True, "shadowed")):
        for share in (0.5, 0.95):
            value = statistics.median(each.percentile(share) for each in rounds[shadowed])
            found[f"{name}_p{round(share * 100)}_ms"] = round(value, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--language", choices=["en", "both"], default="en")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two messages of a client")
    given = parser.parse_args()
    report = measure(
        questions=given.questions,
        language=given.language,
        messages=given.messages,
        clients=given.clients,
        pause_s=given.pause,
    )
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
