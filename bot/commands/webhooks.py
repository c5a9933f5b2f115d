"""``kefu webhooks``: who is told what happens."""

from typing import Annotated

import typer

from bot.commands.console import AsJson, listing, open_database, out, print_json, run
from bot.commands.labels import LISTED, Cursor, Limit
from bot.db.webhook_tables import DeliveryState, EventType, Webhook
from bot.errors import InvalidInputError
from bot.pagination import Page, decode_cursor
from bot.settings import Settings
from bot.webhooks import service
from bot.webhooks.schemas import DeliveryOut, WebhookIn, WebhookOut
from bot.webhooks.sending import LONGEST_URL

ACTOR = "cli"
app = typer.Typer(no_args_is_help=True)
WebhookId = Annotated[str, typer.Argument(help="Which webhook: whk_…")]


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where to: https://…")],
    event: Annotated[
        list[EventType] | None,
        typer.Option("--event", help="What to tell it; repeat it. Without: everything"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add an address. The secret that signs what it is sent is shown once."""
    settings = Settings()
    if len(url) > LONGEST_URL:
        raise InvalidInputError(f"the URL has {len(url)} characters; {LONGEST_URL} is the most")
    wish = WebhookIn(url=url, events=event or [])

    async def main() -> Webhook:
        async with open_database(settings) as database, database.write() as session:
            hosts = settings.webhooks.allowed_hosts
            return await service.create_webhook(session, wish, allowed_hosts=hosts, created_by=ACTOR)

    webhook = run(main)
    if as_json:
        shown = service.webhook_out(webhook).model_dump(mode="json")
        print_json(shown | {"secret": webhook.secret})
        return
    out.print(f"{webhook.id}  {webhook.url}", soft_wrap=True)
    out.print(f"secret that signs: {webhook.secret}", soft_wrap=True)
    out.print("Keep it now: it can't be shown again.", style="dim")


@app.command("list")
def list_webhooks(cursor: Cursor = None, limit: Limit = LISTED, as_json: AsJson = False) -> None:
    """Show all webhooks, without their secrets."""

    async def main() -> Page[WebhookOut]:
        async with open_database(Settings()) as database, database.read() as session:
            return await service.page_of_webhooks(session, after=decode_cursor(cursor), limit=limit)

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("id", "url", "events", "state")
    for webhook in page.items:
        table.add_row(webhook.id, webhook.url, ", ".join(webhook.events) or "all", _state(webhook))
    out.print(table)


@app.command()
def deliveries(
    webhook_id: WebhookId,
    state: Annotated[DeliveryState | None, typer.Option("--state", help="In this state only")] = None,
    cursor: Cursor = None,
    limit: Limit = LISTED,
    as_json: AsJson = False,
) -> None:
    """Show what a webhook was told, the newest first, and what came of it."""

    async def main() -> Page[DeliveryOut]:
        before = decode_cursor(cursor)
        async with open_database(Settings()) as database, database.read() as session:
            return await service.page_of_deliveries(
                session, webhook_id, state=state, before=before, limit=limit
            )

    page = run(main)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    table = listing("id", "event", "state", "attempts", "reply")
    for delivery in page.items:
        reply = str(delivery.last_status or delivery.last_error or "")
        table.add_row(delivery.id, delivery.type, delivery.state, str(delivery.attempts), reply)
    out.print(table)


@app.command()
def replay(
    delivery_id: Annotated[str, typer.Argument(help="Which delivery: dlv_…")], as_json: AsJson = False
) -> None:
    """Tell the same event again."""

    async def main() -> DeliveryOut:
        async with open_database(Settings()) as database, database.write() as session:
            return await service.replay(session, delivery_id, replayed_by=ACTOR)

    again = run(main)
    if as_json:
        print_json(again.model_dump(mode="json"))
    else:
        out.print(f"{again.id} is sent by the service within a second", soft_wrap=True)


@app.command()
def enable(webhook_id: WebhookId) -> None:
    """Tell a webhook again that was disabled because nothing got through."""

    async def main() -> None:
        async with open_database(Settings()) as database, database.write() as session:
            await service.enable_webhook(session, webhook_id, enabled_by=ACTOR)

    run(main)
    out.print(f"{webhook_id} enabled")


@app.command()
def delete(webhook_id: WebhookId) -> None:
    """Delete a webhook with its log; what still waits for it is not sent."""

    async def main() -> None:
        async with open_database(Settings()) as database, database.write() as session:
            await service.delete_webhook(session, webhook_id, deleted_by=ACTOR)

    run(main)
    out.print(f"{webhook_id} deleted")


def _state(webhook: WebhookOut) -> str:
    if webhook.disabled_at:
        return f"disabled since {webhook.disabled_at:%Y-%m-%d}"
    return f"failing since {webhook.failing_since:%Y-%m-%d %H:%M}" if webhook.failing_since else "fine"
