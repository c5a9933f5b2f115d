"""``kefu doctor``."""

import typer
from pydantic import ValidationError

from bot.commands.console import AsJson, out, print_json, run
from bot.db.base import now
from bot.doctor.examination import examine, wrong_settings
from bot.doctor.findings import Finding, State
from bot.settings import Settings

MARKS = {
    State.OK: "[green]OK[/]     ",
    State.WARNING: "[yellow]warning[/]",
    State.PROBLEM: "[bold red]problem[/]",
    State.SKIPPED: "[dim]skipped[/]",
}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Check settings, disk, database, backbone and release, and ask the bot a question. Nothing is changed.

    Exit code 1 when there is a problem.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        findings = [wrong_settings(error)]
        if not as_json:
            _print(findings[0])
    else:
        findings = run(lambda: _examined(settings, quiet=as_json))
    sound = all(finding.state in (State.OK, State.WARNING) for finding in findings)
    if as_json:
        print_json({"ok": sound, "findings": [_as_json(finding) for finding in findings]})
    if not sound:
        raise typer.Exit(1)


async def _examined(settings: Settings, *, quiet: bool) -> list[Finding]:
    """Each line appears when its check is done: some take seconds."""
    findings = []
    async for finding in examine(settings, moment=now()):
        findings.append(finding)
        if not quiet:
            _print(finding)
    return findings


def _print(finding: Finding) -> None:
    out.print(f"{MARKS[finding.state]} [bold]{finding.check}[/]: ", end="", markup=True)
    out.print(finding.detail, soft_wrap=True)
    if finding.remedy:
        out.print(f"        → {finding.remedy}", soft_wrap=True)


def _as_json(finding: Finding) -> dict[str, str | None]:
    return {
        "check": finding.check,
        "state": finding.state.value,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }
