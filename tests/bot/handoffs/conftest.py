import httpx
import pytest

from bot.access.principals import Scope
from tests.bot.handoffs.desk import Desk


@pytest.fixture
async def desk(client: httpx.AsyncClient, new_key) -> Desk:
    return Desk(client, await new_key(Scope.OPERATOR))


@pytest.fixture
async def other_desk(client: httpx.AsyncClient, new_key) -> Desk:
    return Desk(client, await new_key(Scope.OPERATOR))
