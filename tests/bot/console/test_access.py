"""Who gets in, what they may do there, and that no route was forgotten."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import select, update
from starlette.datastructures import State
from starlette.routing import BaseRoute

from bot.access.principals import Role
from bot.console.access import Needs
from bot.console.app import create_console
from bot.console.gate import PUBLIC, SAFE
from bot.db.base import now
from bot.db.operator_tables import OperatorSession
from tests.fixtures.operators import Desk, NewBrowser, OpenDesk, log_in_as

OWN = ("/logout", "/account/preferences", "/account/password")
"""What everybody may change: what is their own."""


def routes_below(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from routes_below(route.original_router.routes)  # type: ignore[attr-defined]  # FastAPI's own


ROUTES = list(routes_below(create_console(State()).routes))
CASES = [
    pytest.param(route, method, id=f"{method} {route.path}")
    for route in ROUTES
    for method in sorted(route.methods)
]
GUARDED = [case for case in CASES if not case.values[0].path.startswith(PUBLIC)]  # type: ignore[union-attr]
UNSAFE = [case for case in GUARDED if case.values[1] not in SAFE]


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


def roles_of(dependant: Dependant) -> list[Role]:
    mine = [dependant.call.role] if isinstance(dependant.call, Needs) else []
    return mine + [role for below in dependant.dependencies for role in roles_of(below)]


def address(route: APIRoute) -> str:
    return "/console" + route.path.replace("{", "").replace("}", "")


def test_routes_are_found() -> None:
    assert {"/", "/login", "/logout", "/account", "/static/{version}/{name}"} <= {r.path for r in ROUTES}


@pytest.mark.parametrize(("route", "method"), GUARDED)
def test_every_route_says_which_role_it_takes(route: APIRoute, method: str) -> None:
    roles = roles_of(route.dependant)

    assert len(roles) == 1
    if method not in SAFE and route.path not in OWN:
        assert roles[0].allows(Role.OPERATOR), "a viewer could change something"


async def test_without_a_session_there_is_the_login_and_nothing_else(new_browser: NewBrowser) -> None:
    browser = new_browser()
    for case in GUARDED:
        route, method = case.values
        plain = await browser.request(method, address(route))  # type: ignore[arg-type]
        by_htmx = await browser.request(method, address(route), headers={"HX-Request": "true"})  # type: ignore[arg-type]

        assert plain.status_code == 303, case.id
        assert plain.headers["location"].startswith("/console/login"), case.id
        assert (by_htmx.status_code, by_htmx.headers["hx-redirect"]) == (401, "/console/login"), case.id


async def test_what_needs_more_than_the_own_role_is_refused(open_desk: OpenDesk) -> None:
    for role in (Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR):
        desk = await open_desk(role)
        for case in GUARDED:
            route, method = case.values
            if not role.allows(roles_of(route.dependant)[0]):  # type: ignore[union-attr]
                response = await desk.send(str(method), address(route))  # type: ignore[arg-type]
                assert response.status_code in (403, 422), f"{role}: {case.id}"


async def test_nothing_changes_without_the_sessions_token(open_desk: OpenDesk) -> None:
    desk, other = await open_desk(Role.ADMIN), await open_desk(Role.ADMIN, name="another")
    for case in UNSAFE:
        route, method = case.values
        for token in ("", "kc_guessed", other.csrf_token):
            sent = {"csrf_token": token} if token else {}
            response = await desk.client.request(str(method), address(route), data=sent)  # type: ignore[arg-type]
            assert response.status_code in (403, 422), f"{case.id} with {token!r}"
    assert (await desk.get("/account")).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://kefu.test.evil.example"])
async def test_nothing_changes_from_another_origin(open_desk: OpenDesk, origin: str) -> None:
    desk = await open_desk(Role.ADMIN)
    for case in UNSAFE:
        route, method = case.values
        response = await desk.send(str(method), address(route), headers={"Origin": origin})  # type: ignore[arg-type]
        assert response.status_code == 403, case.id
    login = await desk.client.post("/console/login", data={"name": "x"}, headers={"Origin": origin})
    assert login.status_code == 403


async def test_form_that_does_not_tell_its_length_is_refused_once_it_is_too_large(
    new_browser: NewBrowser,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 8192

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await new_browser().post("/console/login", content=endless(), headers=form)

    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")


async def test_token_is_taken_from_a_field_or_from_a_header(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)

    in_field = await desk.post("/account/preferences", {"language": "zh"})
    in_header = await desk.client.post(
        "/console/account/preferences",
        data={"language": "en"},
        headers={"X-CSRF-Token": desk.csrf_token, "HX-Request": "true"},
    )

    assert (in_field.status_code, in_field.headers["location"]) == (303, "/console/account")
    assert (in_header.status_code, in_header.headers["hx-redirect"]) == (204, "/console/account")


async def test_every_reply_has_the_policy_and_is_not_kept(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)

    for path, status in (("/account", 200), ("/nothing", 404), ("/login", 303)):
        response = await desk.get(path)
        policy = response.headers["content-security-policy"]
        assert response.status_code == status
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "same-origin"


async def test_files_have_addresses_of_their_own_and_may_be_kept(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)
    page = (await desk.get("/account")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]

    style = await desk.client.get(address)

    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await desk.get("/static/0/console.css")).status_code == 404


async def test_error_is_a_page_in_the_layout_or_a_sentence_for_htmx(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)

    page = await desk.get("/nothing", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    sentence = await desk.get("/nothing", headers={"HX-Request": "true"})

    assert page.status_code == 404
    assert "<h1>找不到该内容</h1>" in page.text
    assert "nothing at /console/nothing" in page.text
    assert sentence.headers["hx-retarget"] == "#said"
    assert "<html" not in sentence.text


async def test_session_ends_at_log_out_and_everywhere_when_asked_for(
    open_desk: OpenDesk, new_browser: NewBrowser
) -> None:
    desk = await open_desk(Role.VIEWER)
    elsewhere = await logged_in(new_browser, "viewer")

    await desk.post("/logout")
    assert (await desk.get("/account")).status_code == 303
    assert (await elsewhere.get("/account")).status_code == 200

    third = await logged_in(new_browser, "viewer")
    await third.post("/logout", {"everywhere": "true"})
    assert (await elsewhere.get("/account")).status_code == 303


async def test_page_that_looks_for_news_does_not_prolong_the_session(
    open_desk: OpenDesk, app: FastAPI
) -> None:
    desk, database = await open_desk(Role.VIEWER), app.state.parts.database
    long_ago = now() - timedelta(hours=1)
    async with database.write() as session:
        await session.execute(update(OperatorSession).values(used_at=long_ago))

    async def used_at() -> datetime:
        async with database.read() as session:
            return (await session.execute(select(OperatorSession.used_at))).scalar_one()

    await desk.get("/account", headers={"HX-Request": "true"})
    assert await used_at() == long_ago
    await desk.get("/account")
    assert await used_at() > long_ago


async def logged_in(new_browser: NewBrowser, name: str) -> Desk:
    return await log_in_as(new_browser(), name)
