"""``kefu demo``: fills an installation with the demo company, ready to talk."""

import time
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.console import err, open_database, progress_bar, run
from bot.commands.training import make_trained_release
from bot.commands.training_process import get_backbone
from bot.db.access_tables import DEFAULT_SITE_KEY
from bot.db.engine import Database
from bot.imports import service as imports
from bot.imports.service import ImportWish
from bot.progress import Progress
from bot.releases import repository as releases
from bot.retraining.children import can_train
from bot.retraining.schemas import RunOptions
from bot.settings import Settings
from bot.sites.schemas import SiteChange
from bot.sites.service import change_site

ACTOR = "demo"
FAQ = "faq.jsonl"
COMPANY = "Lumo 鹿鸣数码"
DIALOGUES = ("dialogues/part1.jsonl", "dialogues/part2.jsonl")


def register(app: typer.Typer) -> None:
    app.command("demo")(fill_with_demo)


def fill_with_demo() -> None:
    """Fill the configured database and data folder with the demo company, trained, promoted and ready to serve.

    What is there already is left alone, so that running it again costs next to nothing.
    """
    settings = Settings()
    started = time.monotonic()

    async def is_there() -> bool:
        async with open_database(settings) as database, database.read() as session:
            return await _serves(session)

    if run(is_there):
        err.print(f"A release is promoted in {settings.data_dir}; nothing to do.", soft_wrap=True)
        return
    _stage(1, f"the {settings.backbone} encoder, from installed packages")
    get_backbone(settings)

    async def fill() -> None:
        async with open_database(settings) as database:
            with progress_bar() as progress:
                await _import_demo(database, settings, progress)

    _stage(2, "the demo company: approved answers and past dialogues")
    run(fill)
    _stage(3, "training and the search index")
    _serve(settings)
    _stage(4, f"ready after {time.monotonic() - started:.0f} s in {settings.data_dir}")
    err.print("To log in to the console at /console: kefu operators create NAME --role admin")


def _serve(settings: Settings) -> None:
    """A trained release speaks; an untuned one where the training packages are missing, or the gate refuses the trained one."""
    if can_train():
        made = make_trained_release(settings, options=RunOptions(tune=False, promote=True), made_by=ACTOR)
        if made.passed:
            return
        err.print("The gate refuses what was trained; the encoder as it is speaks instead.", style="yellow")

    async def untrained() -> None:
        async with open_database(settings) as database:
            with progress_bar() as progress:
                await imports.serve_import(database, settings, made_by=ACTOR, progress=progress)

    run(untrained)


def _stage(number: int, what: str) -> None:
    err.print(f"{number}/4", style="bold", end=" ")
    err.print(what)


async def _serves(session: AsyncSession) -> bool:
    _, present = await releases.promoted(session)
    return present is not None


async def _import_demo(database: Database, settings: Settings, progress: Progress) -> None:
    """Dialogues become drafts to review; the answers are approved. The default site gets the company's name."""
    named = SiteChange(name=COMPANY)
    async with database.write() as session:
        await change_site(session, DEFAULT_SITE_KEY, named, languages=settings.languages, changed_by=ACTOR)
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(files("bot.demo") / name)) for name in (FAQ, *DIALOGUES)]
        for path in paths:
            await _import_file(database, settings, path, approve=path.name == FAQ, progress=progress)


async def _import_file(
    database: Database, settings: Settings, path: Path, *, approve: bool, progress: Progress
) -> None:
    prepared = await imports.prepare_import(database, settings, path, format=None, progress=progress)
    await imports.run_import(
        database, prepared, ImportWish(approve=approve, dry_run=False, imported_by=ACTOR)
    )
