"""``kefu sites``: the websites and apps that Kefu serves."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.commands.labels import LISTED, Cursor, Limit
from bot.db.access_tables import Site
from bot.errors import InvalidInputError
from bot.pagination import Page, decode_cursor
from bot.settings import Settings
from bot.sites import service
from bot.sites.schemas import SiteChange, SiteIn, SiteOut

ACTOR = "cli"
T = TypeVar("T", bound=BaseModel)
app = typer.Typer(no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The site's public key, such as ks_…")]
OriginList = Annotated[
    list[str] | None,
    typer.Option("--origin", help="Whose pages may call, such as https://shop.example; repeat it"),
]
LanguageList = Annotated[
    list[str] | None, typer.Option("--language", help="en or zh, the default first; repeat it")
]
GreetingList = Annotated[list[str] | None, typer.Option("--greeting", help="en=Hello! or zh=您好！")]
SuggestionList = Annotated[
    list[str] | None,
    typer.Option("--suggestion", help="A question to start with, as en=Where is my order?; repeat it"),
]
Consent = Annotated[
    bool | None,
    typer.Option("--consent/--no-consent", help="Store nothing in the browser before the visitor agrees"),
]


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is called, shown in the widget")],
    origin: OriginList = None,
    language: LanguageList = None,
    greeting: GreetingList = None,
    suggestion: SuggestionList = None,
    consent: Consent = None,
    as_json: AsJson = False,
) -> None:
    """Make a site. The secret that signs identities is shown once."""
    settings = Settings()
    wish = _checked(
        SiteIn,
        name=name,
        origins=origin or [],
        languages=language or [],
        greeting=_greetings(greeting) or {},
        suggestions=_suggestions(suggestion) or {},
        consent_needed=bool(consent),
    )
    _print_with_secret(
        _changed(
            lambda session: service.create_site(session, wish, languages=settings.languages, created_by=ACTOR)
        ),
        as_json=as_json,
    )


@app.command("list")
def list_sites(cursor: Cursor = None, limit: Limit = LISTED, as_json: AsJson = False) -> None:
    """Show all sites."""

    async def main() -> Page[SiteOut]:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.page_of_sites(session, after=decode_cursor(cursor), limit=limit)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("key", "name", "origins", "languages", "signs", whole="key")
    for site in page.items:
        signs = "yes" if site.signs_visitors else ""
        table.add_row(site.key, site.name, ", ".join(site.origins) or "all", ", ".join(site.languages), signs)
    out.print(table)


@app.command()
def show(key: Key, as_json: AsJson = False) -> None:
    """Show a site, without its secret."""

    async def main() -> SiteOut:
        async with open_database(Settings()) as database, database.read() as session:
            return service.site_out(await service.find_site(session, key))

    _print(run(main), as_json=as_json)


@app.command("set")
def set_site(
    key: Key,
    name: Annotated[str | None, typer.Option("--name", help="What it is called")] = None,
    origin: OriginList = None,
    any_origin: Annotated[bool, typer.Option("--any-origin", help="Let all pages call")] = False,
    language: LanguageList = None,
    greeting: GreetingList = None,
    suggestion: SuggestionList = None,
    consent: Consent = None,
    as_json: AsJson = False,
) -> None:
    """Change a site: what is named replaces all that was there; the rest stays. Works within a second."""
    if origin and any_origin:
        raise InvalidInputError("--origin and --any-origin contradict each other")
    settings = Settings()
    change = _checked(
        SiteChange,
        name=name,
        origins=[] if any_origin else origin or None,
        languages=language or None,
        greeting=_greetings(greeting),
        suggestions=_suggestions(suggestion),
        consent_needed=consent,
    )
    changed = _changed(
        lambda session: service.change_site(
            session, key, change, languages=settings.languages, changed_by=ACTOR
        )
    )
    _print(service.site_out(changed), as_json=as_json)


@app.command()
def secret(key: Key, as_json: AsJson = False) -> None:
    """Make a new secret to sign identities with; the one before is worth nothing from then on."""
    _print_with_secret(
        _changed(lambda session: service.renew_secret(session, key, renewed_by=ACTOR)), as_json=as_json
    )


@app.command()
def delete(key: Key) -> None:
    """Delete a site that nobody has been on yet."""

    async def main() -> None:
        async with open_database(Settings()) as database, database.write() as session:
            await service.delete_site(session, key, deleted_by=ACTOR)

    run(main)
    out.print(f"{key} deleted")


def _changed(work: Callable[[AsyncSession], Awaitable[Site]]) -> Site:
    async def main() -> Site:
        async with open_database(Settings()) as database, database.write() as session:
            return await work(session)

    return run(main)


def _checked(schema: type[T], **fields: Any) -> T:
    try:
        return schema(**fields)
    except ValidationError as error:
        raise InvalidInputError(
            "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        ) from error


def _greetings(given: list[str] | None) -> dict[str, str] | None:
    return dict(map(_by_language, given)) if given else None


def _suggestions(given: list[str] | None) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for language, text in map(_by_language, given or ()):
        found.setdefault(language, []).append(text)
    return found or None


def _by_language(given: str) -> tuple[str, str]:
    language, equals, text = given.partition("=")
    if not equals:
        raise InvalidInputError(f"{given!r} names no language; write it as en=… or zh=…")
    return language.strip(), text


def _print_with_secret(site: Site, *, as_json: bool) -> None:
    shown = service.site_out(site)
    if as_json:
        print_json(shown.model_dump(mode="json") | {"identity_secret": site.identity_secret})
        return
    _print(shown, as_json=False)
    out.print(f"secret to sign identities with: {site.identity_secret}", soft_wrap=True)
    out.print("Keep it now: it can't be shown again.", style="dim")


def _print(site: SiteOut, *, as_json: bool) -> None:
    if as_json:
        print_json(site.model_dump(mode="json"))
        return
    out.print(f"{site.name}  {site.key}", soft_wrap=True)
    out.print(f"pages that may call: {', '.join(site.origins) or 'all'}", soft_wrap=True)
    out.print(f"languages: {', '.join(site.languages) or 'all that are served'}")
    for language, text in site.greeting.items():
        out.print(f"greeting {language}: {text}", soft_wrap=True)
    for language, texts in site.suggestions.items():
        out.print(f"suggestions {language}: {' · '.join(texts)}", soft_wrap=True)
    out.print(f"consent needed: {'yes' if site.consent_needed else 'no'}")
    out.print(f"signs who visitors are: {'yes' if site.signs_visitors else 'no'}")
