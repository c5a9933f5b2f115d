"""How long a set of documents takes to import: ``python -m tests.bench.documents --pages 10000``.

Made-up help pages, half of them HTML with navigation around it and half Markdown, one in three in Chinese, of some 600 words below six headings. What is
timed: reading and preparing, planning, the one transaction; importing the same again, and with a change in one page in a hundred; reading all sections
for an index. Encoding them is the index's work and not in it.
"""

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.db.engine import Database
from bot.db.migrating import migrate
from bot.imports import service
from bot.imports.schemas import ImportReport
from bot.imports.service import ImportWish
from bot.knowledge.index_feed import load_knowledge
from bot.settings import Settings

NOUNS = [
    "order",
    "parcel",
    "invoice",
    "refund",
    "account",
    "password",
    "address",
    "warranty",
    "discount",
    "basket",
    "payment",
    "delivery",
    "return",
    "label",
    "shop",
    "card",
]
VERBS = [
    "send",
    "check",
    "change",
    "cancel",
    "confirm",
    "receive",
    "request",
    "update",
    "track",
    "print",
    "pay",
    "return",
    "keep",
    "open",
    "close",
    "order",
]
HANZI = "订单包裹发票退款账户密码地址保修优惠付款送货退货标签商店卡片发送检查修改取消确认收到申请更新查询打印我们您可以在天内请先再"
HEADINGS, PARAGRAPHS = 6, 4
Made = TypeVar("Made")


def sentence(chance: random.Random, language: str) -> str:
    if language == "zh":
        return "".join(chance.choice(HANZI) for _ in range(chance.randint(12, 30))) + "。"
    words = [chance.choice((NOUNS, VERBS)[place % 2]) for place in range(chance.randint(8, 18))]
    return f"You can {' '.join(words)} within {chance.randint(2, 60)} days."


def page(number: int, *, changed: bool = False) -> tuple[str, str]:
    """Name and content; a changed page says one thing more below its last heading."""
    chance = random.Random(number)  # made-up text
    language = "zh" if number % 3 == 0 else "en"
    html = number % 2 == 0
    parts = []
    for place in range(HEADINGS):
        title = sentence(chance, language)[:40]
        parts.append(f"<h2>{title}</h2>" if html else f"## {title}")
        for _ in range(PARAGRAPHS):
            text = " ".join(sentence(chance, language) for _ in range(2))
            parts.append(f"<p>{text}</p>" if html else text)
        if place % 3 == 2:
            items = [sentence(chance, language) for _ in range(4)]
            parts.append(
                f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
                if html
                else "\n".join(f"- {item}" for item in items)
            )
    if changed:
        parts.append("<p>This is new.</p>" if html else "This is new.")
    body = "\n\n".join(parts)
    if not html:
        return f"{number:06}.md", f"# Page {number}\n\n{body}\n"
    links = "".join(f'<li><a href="/{each}">{each}</a></li>' for each in NOUNS)
    frame = "<html><head><title>Page {0} | Shop</title></head><body><nav><ul>{1}</ul></nav><main><h1>Page {0}</h1>{2}</main><footer>{1}</footer></body></html>"
    return f"{number:06}.html", frame.format(number, links, body)


async def timed(work: Callable[[], Awaitable[Made]]) -> tuple[Made, float]:
    begun = time.perf_counter()
    return await work(), round(time.perf_counter() - begun, 2)


async def measure(pages: int, folder: Path, settings: Settings) -> dict[str, object]:
    database = Database.open(settings.database_url)
    try:
        await migrate(database)
        first = await bring_in(database, settings, folder)
        again = await bring_in(database, settings, folder)
        for number in range(0, pages, 100):
            name, content = page(number, changed=True)
            (folder / name).write_text(content, encoding="utf-8")
        changed = await bring_in(database, settings, folder)
        async with database.read() as session:
            (_, knowledge), feed = await timed(lambda: load_knowledge(session))
    finally:
        await database.close()
    return {
        "pages": pages,
        "sections": len(knowledge.sections),
        "first": first,
        "again": again,
        "changed": changed,
        "feed_seconds": feed,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


async def bring_in(database: Database, settings: Settings, folder: Path) -> dict[str, object]:
    wish = ImportWish(approve=True, dry_run=False, imported_by="bench")
    prepared, reading = await timed(lambda: service.prepare_import(database, settings, folder))
    planned, planning = await timed(lambda: service.plan_import(database, prepared, wish))

    async def store() -> ImportReport:
        async with database.write() as session:
            return await service.store_import(session, planned)

    report, storing = await timed(store)
    counts = {name: getattr(report, name) for name in ("new", "changed", "unchanged", "duplicate")}
    return {"read_seconds": reading, "plan_seconds": planning, "store_seconds": storing, **counts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "help"
        folder.mkdir()
        for number in range(pages):
            name, content = page(number)
            (folder / name).write_text(content, encoding="utf-8")
        settings = Settings(data_dir=Path(place))
        print(json.dumps(asyncio.run(measure(pages, folder, settings))), flush=True)


if __name__ == "__main__":
    main()
