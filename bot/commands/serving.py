"""``kefu serve`` and ``kefu migrate``."""

import asyncio
import logging
import signal
import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from bot.app import create_app
from bot.commands.console import open_database, out, run
from bot.db.engine import Database
from bot.db.migrating import current_revision, migrate
from bot.dependencies import Parts
from bot.logs import configure_logs
from bot.private_files import make_private_folder
from bot.retraining.children import can_train
from bot.retraining.embedding import EmbeddedWorker
from bot.settings import Settings

GRACE_S = 5
"""Seconds that running requests get when the server is told to stop."""


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("migrate")(migrate_database)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on")] = 8000,
) -> None:
    """Answer customers. Ctrl-C or SIGTERM ends it once running requests are done."""
    configure_logs(least=logging.INFO)
    settings = Settings()
    run(lambda: _check(settings))
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies) or None,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    # uvicorn raises the signal again once it is done; being told to stop is no failure, so that does nothing.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    server = _AnnouncingServer(config, app)
    try:
        server.run()
    except SystemExit as ended:  # uvicorn has said why, such as a port in use; its codes are not ours
        raise SystemExit(1 if ended.code else 0) from ended
    if not server.started:
        raise SystemExit(1)


class _AnnouncingServer(uvicorn.Server):
    """Says where to look as soon as requests are answered, and from then on lets training be done when it is due."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._training: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._training = _embedded(self._app.state.parts)
            listening = self.servers[0].sockets[0].getsockname()
            host = f"[{listening[0]}]" if ":" in listening[0] else listening[0]
            out.print(f"Kefu is ready: open http://{host}:{listening[1]}/ (Ctrl-C ends it)", soft_wrap=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Event streams end by themselves first, as uvicorn would wait for them, and then break them off."""
        self._app.state.stopping.set()
        if self._training is not None:
            self._training.cancel()
            with suppress(asyncio.CancelledError):
                await self._training
        await super().shutdown(sockets)


def _embedded(parts: Parts) -> asyncio.Task[None] | None:
    """None where another process is to train, or nothing here can."""
    if not (parts.settings.retraining.embedded and can_train()):
        return None
    return asyncio.create_task(EmbeddedWorker(parts.database, parts.settings.retraining).follow())


async def _check(settings: Settings) -> None:
    """Says in words what would keep the server from starting."""
    async with open_database(settings):
        pass


def migrate_database() -> None:
    """Bring the database to the schema this version needs, and make the data dir."""
    settings = Settings()

    async def main() -> str | None:
        make_private_folder(settings.data_dir)  # which a server's database needs, too
        database = Database.open(settings.database_url)
        try:
            await migrate(database)
            return await current_revision(database)
        finally:
            await database.close()

    out.print(f"schema {run(main)}")
