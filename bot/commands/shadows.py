"""``kefu releases shadow`` and ``shadow-report``: a release that decides on live traffic unseen."""

from typing import Annotated

import typer
from rich.table import Table

from bot.commands.console import AsJson, open_database, out, print_json, run
from bot.errors import InvalidInputError
from bot.settings import Settings
from bot.shadowing import service
from bot.shadowing.schemas import ShadowOut, ShadowReport

ACTOR = "cli"


def register(app: typer.Typer) -> None:
    app.command("shadow")(shadow)
    app.command("shadow-report")(shadow_report)


def shadow(
    release_id: Annotated[str | None, typer.Argument(help="The release that shall decide unseen")] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch the shadow off")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a release decide on live traffic unseen, in every worker; see shadow-report."""
    if release_id is None and not off:
        raise InvalidInputError("name a release (kefu releases list), or say --off")

    settings = Settings()

    async def main() -> ShadowOut:
        async with open_database(settings) as database, database.write() as session:
            if off:
                return await service.switch_off(session, release_id, ended_by=ACTOR)
            return await service.switch_on(
                session, str(release_id), data_dir=settings.data_dir, started_by=ACTOR
            )

    changed = run(main)
    if as_json:
        print_json(changed.model_dump(mode="json"))
        return
    state = "decides unseen" if changed.running else "is no shadow any more"
    out.print(f"{changed.release_id} {state}", soft_wrap=True)


def shadow_report(
    release_id: str,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Differences a page")] = 20,
    cursor: Annotated[str | None, typer.Option(help="next_cursor of the page before")] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a shadow would have decided otherwise, the most frequent differences first."""

    async def main() -> ShadowReport:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.report(session, release_id, cursor=cursor, limit=limit)

    report = run(main)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    _print(report)


def _print(report: ShadowReport) -> None:
    out.print(f"{report.release_id}: {report.exchanges} exchanges, {report.kinds.get('same', 0)} the same")
    kinds = Table("language", "kind", "exchanges")
    for language in report.languages:
        for kind, count in language.kinds.items():
            kinds.add_row(language.language, kind, str(count))
    out.print(kinds)
    up, down, labels = report.votes_up, report.votes_down, report.labels
    out.print(f"thumbs up: {up.same} same, {up.different} different")
    out.print(f"thumbs down: {down.same} same, {down.different} different")
    out.print(
        f"labels: {labels.both_right} both right, {labels.only_spoken_right} only what was said, "
        f"{labels.only_shadow_right} only the shadow, {labels.both_wrong} neither",
        soft_wrap=True,
    )
    table = Table("times", "kind", "said", "shadow", "utterance")
    for item in report.differences.items:
        answers = (item.spoken_answer_id or "", item.answer_id or "")
        table.add_row(str(item.count), item.kind, *answers, item.utterance)
    out.print(table)
    if report.differences.next_cursor:
        out.print(f"more: --cursor {report.differences.next_cursor}", soft_wrap=True)
