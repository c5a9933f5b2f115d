"""Documents for the console's benchmark: a tenth as many as questions, each with a few sections, the newest with many versions."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.db.engine import Database
from bot.db.knowledge_tables import AnswerState
from bot.db.source_tables import Document, DocumentVersion, SourceSection
from bot.sources.versions import DocumentContent
from tests.bench.console_rows import VERSIONS, Row, Shop, fill, id_at, sentence

SECTIONS, LEAST = 8, 60
ONE_APPROVED = 100
"""One in so many; the others are drafts, which are listed alike and need no encoding."""


async def fill_documents(database: Database, shop: Shop) -> None:
    numbers = range(_count(shop))
    await fill(database, Document, (_document(shop, n) for n in numbers))
    await fill(database, SourceSection, (row for n in numbers for row in _sections(shop, n)))
    await fill(database, DocumentVersion, (row for n in numbers for row in _versions(shop, n)))


def _count(shop: Shop) -> int:
    return max(LEAST, shop.questions // 10)


def _document(shop: Shop, n: int) -> Row:
    content = _content(shop, n)
    return {
        "id": _id(shop, n),
        "key": f"help/{n:06}.md",
        "title": content.title,
        "url": content.url,
        "language": content.language,
        "state": content.state,
        "version": VERSIONS if n + 1 == _count(shop) else 1,
        "pending": None,
        "valid_from": None,
        "valid_until": None,
        "content_hash": content.content_hash,
        "batch_id": None,
        "revision": 1,
        "created_at": shop.began,
        "updated_at": shop.began,
    }


def _content(shop: Shop, n: int) -> DocumentContent:
    language = shop.language(n)
    return DocumentContent(
        state=AnswerState.DRAFT if n % ONE_APPROVED else AnswerState.APPROVED,
        title=sentence(random.Random(n), language)[:60],
        language=language,
        content_hash=f"{n:064x}",
        sections=[_section_id(shop, n, place) for place in range(SECTIONS)],
        url=f"https://shop.example/help/{n}",
    )


def _sections(shop: Shop, n: int) -> Iterator[Row]:
    chance, content = random.Random(n), _content(shop, n)
    for place, id in enumerate(content.sections):
        yield {
            "id": id,
            "document_id": _id(shop, n),
            "position": place,
            "heading": [sentence(chance, content.language)[:40]],
            "text": " ".join(sentence(chance, content.language) for _ in range(4)),
            "content_hash": f"{n * SECTIONS + place:064x}",
            "language": content.language,
            "active": True,
            "revision": 1,
        }


def _versions(shop: Shop, n: int) -> Sequence[Row]:
    row = {
        "document_id": _id(shop, n),
        "content": _content(shop, n).to_json(),
        "changed_by": "operator:bench",
    }
    is_newest = n + 1 == _count(shop)
    return [
        row | {"version": version, "created_at": shop.began}
        for version in range(1, 1 + (VERSIONS if is_newest else 1))
    ]


def _id(shop: Shop, n: int) -> str:
    return id_at("doc", shop.began + timedelta(seconds=n), n)


def _section_id(shop: Shop, n: int, place: int) -> str:
    return id_at("sec", shop.began + timedelta(seconds=n), n * SECTIONS + place)
