"""Training runs over HTTP."""

import httpx
import pytest

from bot.access.principals import Scope
from bot.db.engine import Database
from bot.db.training_tables import TrainingRun
from bot.settings import Settings
from tests.bot.retraining.runs import claimed, count, trainer

PATH = "/v1/training-runs"


@pytest.fixture
async def key(new_key) -> dict[str, str]:
    return await new_key(Scope.ADMIN)


async def test_wishes_join_the_run_that_waits(
    client: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    first = await client.post(PATH, json={"reason": "new prices", "tune": False, "seed": 3}, headers=key)
    again = await client.post(PATH, json={"reason": "impatience"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    run = first.json()
    assert (run["state"], run["trigger"], run["reason"]) == ("queued", "manual", "new prices")
    assert run["requested_by"].startswith("key:key_")
    assert (run["progress"], run["verdict"], run["release_id"], run["report"]) == (None, None, None, None)
    assert await count(database, TrainingRun) == 1


async def test_repeated_request_asks_once(
    client: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    once = key | {"Idempotency-Key": "retrain"}
    first = (await client.post(PATH, json={}, headers=once)).json()
    await client.post(f"{PATH}/{first['id']}/cancel", headers=key)
    assert (await client.post(PATH, json={}, headers=once)).json() == first
    assert await count(database, TrainingRun) == 1


async def test_waiting_run_is_cancelled_at_once_and_only_once(
    client: httpx.AsyncClient, key: dict[str, str]
) -> None:
    id = (await client.post(PATH, json={}, headers=key)).json()["id"]
    ended = await client.post(f"{PATH}/{id}/cancel", headers=key)
    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert ended.json()["ended_at"] is not None
    again = await client.post(f"{PATH}/{id}/cancel", headers=key)
    assert (again.status_code, again.json()["detail"]) == (
        409,
        f"training run {id} has ended already: it is cancelled",
    )


async def test_trained_run_is_shown_with_release_report_and_log(
    client: httpx.AsyncClient, key: dict[str, str], database: Database, tiny_settings: Settings
) -> None:
    id = (await client.post(PATH, json={}, headers=key)).json()["id"]
    empty = await client.get(f"{PATH}/{id}/log", headers=key)
    assert (empty.status_code, empty.text) == (200, "")
    await trainer(database, tiny_settings).train(await claimed(database, tiny_settings))

    run = (await client.get(f"{PATH}/{id}", headers=key)).json()
    assert run["state"] == "done"
    assert run["verdict"] == {"passed": True, "reasons": [], "not_compared": None}
    assert run["report"].endswith(f"reports/{run['checkpoint_id']}/report.html")
    release = (await client.get(f"/v1/releases/{run['release_id']}", headers=key)).json()
    assert (release["promoted"], release["created_by"]) == (False, run["requested_by"])
    log = await client.get(f"{PATH}/{id}/log?lines=1", headers=key)
    assert log.text.startswith("the gate is asked about 10 questions, beside chk_")
    assert log.headers["content-type"].startswith("text/plain")


async def test_runs_are_listed_by_pages_the_newest_first(
    client: httpx.AsyncClient, key: dict[str, str]
) -> None:
    ids = []
    for _ in range(3):
        ids.append((await client.post(PATH, json={}, headers=key)).json()["id"])
        await client.post(f"{PATH}/{ids[-1]}/cancel", headers=key)
    first = (await client.get(f"{PATH}?limit=2", headers=key)).json()
    rest = (await client.get(f"{PATH}?limit=2&cursor={first['next_cursor']}", headers=key)).json()
    assert [run["id"] for run in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_reading_needs_a_read_key_and_asking_an_admin_one(client: httpx.AsyncClient, new_key) -> None:
    write, read = await new_key(Scope.WRITE), await new_key(Scope.READ)
    for method, path in (("POST", PATH), ("POST", f"{PATH}/trn_x/cancel"), ("GET", f"{PATH}/trn_x/log")):
        assert (await client.request(method, path, json={}, headers=write)).status_code == 403
    assert (await client.get(PATH, headers=read)).json() == {"items": [], "next_cursor": None}
    for path in (f"{PATH}/trn_x", f"{PATH}/trn_x"):
        missing = await client.get(path, headers=read)
        assert (missing.status_code, missing.json()["type"]) == (404, "urn:kefu:problem:not-found")
