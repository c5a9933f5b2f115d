"""Puts the service together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from bot import health, problems
from bot.access.address_blocks import AddressBlocks
from bot.access.idempotency import RunningRequests
from bot.access.origins import SiteOrigins
from bot.access.rate_limits import RateLimits
from bot.answering.companions import Companions
from bot.answering.serving import ReleaseFollower
from bot.channels import chatwoot_endpoints as chatwoot
from bot.channels import openai_endpoints as openai
from bot.channels import rasa_endpoints as rasa
from bot.console.app import create_console
from bot.conversations import endpoints as conversations
from bot.conversations.ordering import InOrder
from bot.cross_origin import SiteCorsMiddleware
from bot.db.engine import Database
from bot.db.migrating import require_schema
from bot.dependencies import Parts
from bot.erasing.scrubbing import Scrubbing
from bot.experiments import endpoints as experiments
from bot.experiments.watching import watch_experiments
from bot.exports import endpoints as exports
from bot.feedback import correction_endpoints as corrections
from bot.feedback import endpoints as feedback
from bot.handoffs import endpoints as handoffs
from bot.handoffs.waiting import watch_handoffs
from bot.housekeeping import housework
from bot.imports import endpoints as imports
from bot.knowledge import endpoints as knowledge
from bot.knowledge import label_endpoints as labels
from bot.openapi import DescribedApi
from bot.page import endpoints as page
from bot.phrasing.service import Phrasing
from bot.quality import endpoints as quality
from bot.releases import endpoints as releases
from bot.request_limits import BodyLimitMiddleware
from bot.retraining import endpoints as retraining
from bot.review import endpoints as review
from bot.review import gap_endpoints as gaps
from bot.review.desk import ReviewDesk
from bot.review.utterance_vectors import UtteranceVectors
from bot.settings import Settings
from bot.shadowing import endpoints as shadowing
from bot.shadowing.shadows import Shadows
from bot.sites import endpoints as sites
from bot.sources import endpoints as sources
from bot.version import VERSION
from bot.visitors import endpoints as visitors
from bot.webhooks import endpoints as webhooks
from bot.webhooks.delivering import Deliveries
from bot.webhooks.sending import CheckedBackend, Sender
from bot.widget import endpoints as widget


def create_app(settings: Settings) -> FastAPI:
    app = DescribedApi(
        title="Kefu",
        version=VERSION,
        description="Answers customers from a company's past support conversations.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    problems.install(app)
    domains = (
        *(conversations, visitors, sites, feedback, corrections, handoffs, openai, rasa, chatwoot),
        *(knowledge, sources, labels, imports, exports, review, gaps, retraining),
        *(releases, shadowing, experiments, quality, webhooks, health, page, widget),
    )
    for domain in domains:
        app.include_router(domain.router)
    app.mount("/console", create_console(app.state))
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(SiteCorsMiddleware)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    database = Database.open(settings.database_url)
    follower, companions = ReleaseFollower(database, settings), Companions(database, settings)
    shadows, desk = Shadows(database, follower, companions), ReviewDesk(database, UtteranceVectors())
    scrubbing, phrasing = Scrubbing(database), Phrasing(settings.phrasing)
    app.state.parts = Parts(
        settings,
        database,
        follower,
        companions,
        shadows,
        RateLimits(settings.rate_limit),
        RunningRequests(),
        AddressBlocks(settings.data_dir),
        desk,
        scrubbing,
        SiteOrigins(database, settings.cors_origins),
        phrasing,
        InOrder(),
    )
    app.state.stopping = asyncio.Event()
    await require_schema(database)
    await follower.begin()
    await companions.refresh()
    work = (
        follower.follow(),
        companions.follow(),
        shadows.run(),
        watch_experiments(database, companions),
        watch_handoffs(database, settings.handoffs),
        scrubbing.run(),
        Deliveries(database, Sender(CheckedBackend(settings.webhooks.allowed_hosts))).run(),
        *housework(database, settings, desk, follower),
    )
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        app.state.stopping.set()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await phrasing.close()
        await desk.close()
        shadows.close()
        follower.close()
        await scrubbing.finish()
        await database.close()
