"""``kefu releases quality``: how well the promoted release does on its traffic."""

import typer

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.db.base import now
from bot.quality import service
from bot.quality.schemas import QualityOut
from bot.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("quality")(quality)


def quality(as_json: AsJson = False) -> None:
    """Show how often the promoted release errs, from exchanges drawn by lot that people judged; and alarms."""
    settings = Settings()

    async def main() -> QualityOut:
        async with open_database(settings) as database, database.read() as session:
            return await service.quality(session, tolerated_error=settings.tolerated_error, at=now())

    found = run(main)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print(found)


def _print(found: QualityOut) -> None:
    out.print(
        f"{found.release_id}: {found.audited} exchanges drawn by lot were judged, {found.waiting} wait "
        "(kefu review list)",
        soft_wrap=True,
    )
    table = listing("language", "answered", "wrong", "share", "at least", "at most", whole="language")
    for each in found.errors:
        share = "" if each.share is None else f"{each.share:.1%}"
        bounds = (f"{each.lower:.1%}", f"{each.upper:.1%}")
        table.add_row(each.language or "all", str(each.answered), str(each.wrong), share, *bounds)
    out.print(table)
    out.print(f"Tolerated: {found.tolerated_error:.1%} of what is answered.")
    calibration = found.calibration
    out.print(
        f"Right first: {calibration.right} of {calibration.audited}, expected {calibration.expected_right:.0f}."
    )
    unknown = found.unknown
    if unknown.share is not None:
        out.print(f"Without an answer: {unknown.share:.1%} ({unknown.lower:.1%} to {unknown.upper:.1%}).")
    for kind, reason in service.reasons_for_alarm(found).items():
        out.print(f"Alarm ({kind}): {reason}", soft_wrap=True)
