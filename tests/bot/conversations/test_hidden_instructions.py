"""Without a language model, hidden instructions change nothing: what leaves is approved, word for word, or the bot's own."""

from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from bot.answering.texts import TEXTS
from bot.db.engine import Database
from bot.settings import RateLimitSettings, Settings
from tests.bot.imports.importing import bring_in
from tests.fixtures.hidden_instructions import SOURCES, Hidden, Place, hidden_instructions
from tests.fixtures.services import ANSWERS, fill_knowledge, start_talk

HIDDEN = hidden_instructions()
APPROVED = {text for variants in ANSWERS.values() for text, _ in variants.values()}
OWN = {text for texts in TEXTS.values() for text in asdict(texts).values()}


@pytest.fixture
def tiny_settings(database_settings: Settings, models_dir: Path) -> Settings:
    limits = RateLimitSettings(enabled=False)
    return database_settings.model_copy(update={"models_dir": models_dir, "rate_limit": limits})


@pytest.fixture
async def knowledge(database: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """A page for every instruction that is hidden in a source, among honest sentences."""
    place = tmp_path / "help"
    place.mkdir()
    for hidden in HIDDEN:
        if hidden.place is Place.SOURCE:
            text = " ".join(source.text for source in hidden.sources)
            page = f"# {hidden.question} {hidden.number}\n\n{text}\n"
            (place / f"page-{hidden.number}.md").write_text(page, encoding="utf-8")
    await bring_in(database, settings, place)
    return await fill_knowledge(database)


def quoted_from(hidden: Hidden) -> list[str]:
    return [*SOURCES[hidden.language], hidden.text]


@pytest.mark.slow
async def test_what_leaves_is_approved_text(client: httpx.AsyncClient) -> None:
    for hidden in HIDDEN:
        talk = await start_talk(client)
        for said in [*hidden.turns, hidden.question]:
            exchange = (await talk.say(said)).json()

            assert exchange["outcome"] in ("answered", "clarified", "composed", "handed_off")
            for part in exchange["reply"]["parts"]:
                assert _is_approved(part), (hidden.number, part)


def _is_approved(part: dict[str, str | None]) -> bool:
    text = part["text"] or ""
    if part["answer_id"] is not None:
        return text in APPROVED
    if "section_id" in part:
        pages = " ".join(source for hidden in HIDDEN for source in quoted_from(hidden))
        return " ".join(text.split()) in " ".join(pages.replace("\u200b", "").split())
    return text in OWN
