"""The console: an app of its own below ``/console``, whose gate and checks cover all that is mounted there.

How a page is added is written in ``bot/console/navigation.py``.
"""

from fastapi import Depends, FastAPI
from starlette.datastructures import State

from bot.console import account_endpoints as account
from bot.console import assets, error_pages
from bot.console import candidates_endpoints as candidates
from bot.console import dashboard_endpoints as dashboard
from bot.console import documents_endpoints as documents
from bot.console import experiments_endpoints as experiments
from bot.console import gap_endpoints as gaps
from bot.console import imports_endpoints as imports
from bot.console import inbox_endpoints as inbox
from bot.console import keys_endpoints as keys
from bot.console import knowledge_aids_endpoints as knowledge_aids
from bot.console import knowledge_endpoints as knowledge
from bot.console import login_endpoints as login
from bot.console import operators_endpoints as operators
from bot.console import releases_endpoints as releases
from bot.console import review_endpoints as review
from bot.console import settings_endpoints as settings
from bot.console import sites_endpoints as sites
from bot.console import tolerance_endpoints as tolerance
from bot.console import training_endpoints as training
from bot.console import webhooks_endpoints as webhooks
from bot.console.access import check_csrf
from bot.console.gate import OperatorGate

PAGES = (
    login,
    account,
    inbox,
    review,
    candidates,
    gaps,
    imports,
    documents,
    knowledge_aids,
    knowledge,
    training,
    experiments,
    releases,
    dashboard,
    operators,
    keys,
    sites,
    webhooks,
    tolerance,
    settings,
)


def create_console(state: State) -> FastAPI:
    """``state`` is that of the service, which holds its parts."""
    console = FastAPI(
        title="Kefu console",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_csrf)],
    )
    console.state = state
    error_pages.install(console)
    console.include_router(assets.router)
    for each in PAGES:
        console.include_router(each.router)
    console.add_middleware(OperatorGate)
    return console
