"""The tolerated error in the console: what is forecast, what a choice would change, and that it counts at once."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Role
from bot.answering.serving import Serving
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.quality_tables import ToleratedError
from bot.dependencies import Parts
from retrieval.composition_confidence import JudgedComposition
from retrieval.confidence_model import ConfidenceModel, Cutoffs, Forecast
from tests.fixtures.operators import Desk, OpenDesk
from tests.fixtures.services import start_talk

PATH = "/settings/tolerance"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def forecast(error: float, answered: float, answer_at: float) -> Forecast:
    return Forecast(error, answered, Cutoffs(answer_at, answer_at / 2, 0.7, "all", 90))


OWN = Cutoffs(0.9, 0.45, 0.7, "all", 90)
FORECASTS = (forecast(0.05, 0.2, 0.99), forecast(0.1, 0.5, 0.9), forecast(0.3, 0.8, 0.0))


@pytest.fixture
def parts(app: FastAPI) -> Parts:
    """The release that speaks has forecasts."""
    found: Parts = app.state.parts
    serving = found.follower.take()
    model = replace(
        serving.engine.confidence,
        forecasts={"": FORECASTS},
        cutoffs={},
        default_cutoffs=OWN,
        target_error=0.1,
    )
    found.follower.serving = with_model(serving, model)
    return found


def with_model(serving: Serving, model: ConfidenceModel) -> Serving:
    return replace(serving, engine=replace(serving.engine, confidence=model))


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk(Role.ADMIN)


async def stored(database: Database) -> dict[str, float]:
    async with database.read() as session:
        rows = (await session.execute(select(ToleratedError))).scalars()
        return {row.language: row.share for row in rows if row.share is not None}


async def audited(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    async with database.read() as session:
        statement = (
            select(AuditEntry).where(AuditEntry.action == "set_tolerated_error").order_by(AuditEntry.id)
        )
        return [(row.actor, row.target, row.details) for row in (await session.execute(statement)).scalars()]


def row_of(page: httpx.Response, heading: str) -> str:
    """The cells of the table row with this heading."""
    return page.text.split(f'<th scope="row">{heading}</th>')[1].split("</tr>")[0]


@pytest.mark.usefixtures("parts")
async def test_forecast_is_a_chart_and_a_table_with_the_present_choice_marked(desk: Desk) -> None:
    page = await desk.get(PATH)

    assert "50.0 %" in row_of(page, "10.0 %")
    assert row_of(page, "10.0 %").count("now") == 2, "in both languages"
    assert "now" not in row_of(page, "5.0 %")
    assert "80.0 %" in row_of(page, "30.0 %")
    assert "&#34;points&#34;: [{&#34;x&#34;: 0.05, &#34;y&#34;: 0.2}" in page.text
    assert "What would change" not in page.text.split('<form method="get"')[0]


@pytest.mark.usefixtures("parts")
async def test_choice_shows_what_it_would_change_before_anything_does(desk: Desk, database: Database) -> None:
    page = await desk.get(f"{PATH}?en=0.05&zh=installed")

    changed = row_of(page, "English")
    for before, after in (("10.0 %", "5.0 %"), ("50.0 %", "20.0 %"), ("90.0 %", "99.0 %")):
        assert f"<del>{before}</del> <ins>{after}</ins>" in changed
    assert '<th scope="row">Chinese</th>' not in page.text
    assert '<input type="hidden" name="en" value="0.05">' in page.text
    assert await stored(database) == {}


async def test_saved_choice_counts_at_once_leaves_an_audit_row_and_can_be_taken_back(
    desk: Desk, parts: Parts, database: Database, client: httpx.AsyncClient
) -> None:
    unsure = "umbrella repair"
    assert (await (await start_talk(client)).say(unsure)).json()["outcome"] != "answered"

    sent = await desk.post(PATH, {"en": "0.3"})

    assert (sent.status_code, sent.headers["location"]) == (303, f"/console{PATH}")
    assert await stored(database) == {"en": 0.3}
    model = parts.follower.take().engine.confidence
    assert model.cutoffs_for("en") == FORECASTS[2].cutoffs
    assert model.cutoffs_for("zh") == OWN
    assert (await (await start_talk(client)).say(unsure)).json()["outcome"] == "answered"
    await desk.post(PATH, {"en": "0.3"})  # again, which changes nothing

    await desk.post(PATH, {"en": "installed"})

    assert await stored(database) == {}
    assert parts.follower.take().engine.confidence.cutoffs_for("en") == OWN
    actor = f"operator:{desk.operator_id}"
    assert await audited(database) == [
        (actor, "en", {"before": None, "after": 0.3}),
        (actor, "en", {"before": 0.3, "after": None}),
    ]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("wish", ["0.07", "1", "nan", "<b>"])
async def test_error_that_is_not_offered_is_refused(desk: Desk, database: Database, wish: str) -> None:
    assert (await desk.get(PATH, params={"en": wish})).status_code == 422
    assert (await desk.post(PATH, {"en": wish})).status_code == 422
    assert await stored(database) == {}


@pytest.mark.usefixtures("parts")
async def test_supervisor_sees_it_and_changes_nothing(open_desk: OpenDesk, database: Database) -> None:
    supervisor = await open_desk(Role.SUPERVISOR)

    page = await supervisor.get(f"{PATH}?en=0.05")

    assert "<ins>5.0 %</ins>" in page.text
    assert 'method="post"' not in page.text.split("<main")[1]
    assert (await supervisor.post(PATH, {"en": "0.05"})).status_code == 403
    assert (await (await open_desk(Role.OPERATOR)).get(PATH)).status_code == 403
    assert await stored(database) == {}


async def test_release_without_a_forecast_says_so_and_keeps_its_cutoffs(
    desk: Desk, parts: Parts, database: Database
) -> None:
    await desk.post(PATH, {"en": "0.3"})
    serving = parts.follower.take()
    partly = replace(serving.engine.confidence, forecasts={"": FORECASTS[:2]})
    parts.follower.serving = with_model(serving, partly)
    assert partly.cutoffs_for("en") == OWN
    assert (
        "30.0 % was chosen, but the release that speaks has no forecast for it" in (await desk.get(PATH)).text
    )

    parts.follower.serving = with_model(serving, replace(partly, forecasts={}))

    assert "has no forecast" in (await desk.get(PATH)).text
    assert (await desk.post(PATH, {"en": "0.05"})).status_code == 422


async def test_verdicts_on_composed_replies_are_told_with_what_follows(parts: Parts, desk: Desk) -> None:
    assert "Replies composed from documents" not in (await desk.get(PATH)).text
    serving = parts.follower.take()
    judged = (JudgedComposition(0.92, False), JudgedComposition(0.92, False), JudgedComposition(0.97, True))
    parts.follower.serving = replace(serving, engine=replace(serving.engine, judged_compositions=judged))

    page = await desk.get(PATH)

    assert "of ninety days: 3, of which 2 say wrong" in page.text
    assert "97.0 %" in row_of(page, "English")
    assert "(90.1 % without these verdicts)" in row_of(page, "Chinese")
    parts.follower.serving = replace(serving, engine=replace(serving.engine, judged_compositions=judged[:2]))
    assert "not given" in row_of(await desk.get(PATH), "English")
