"""What all pages share: language, clock, what was flashed; and that no template lets markup through."""

import re
from pathlib import Path
from string import Formatter

import pytest
from fastapi import FastAPI

from bot.access.principals import Role
from bot.console import languages, rendering
from bot.console.login_endpoints import is_ours
from tests.fixtures.operators import NewBrowser, OpenDesk, log_in_as

CONSOLE = Path(rendering.__file__).parent
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
SOURCES = [*TEMPLATES, *sorted(CONSOLE.glob("*.py"))]


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, (english, chinese) in languages.TEXTS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        fields = [
            {field for _, field, _, _ in Formatter().parse(text) if field} for text in (english, chinese)
        ]
        assert fields[0] == fields[1], key


def test_no_text_is_defined_twice() -> None:
    keys = [key for module in languages.MODULES for key in module.TEXTS]

    assert sorted(keys) == sorted(set(keys))


def test_every_text_that_is_used_is_there_and_none_is_left_over() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    named = set(re.findall(r"""["']([a-z_]+\.[a-z0-9_.-]+)["']""", written))
    prefixes = set(re.findall(r"""["']([a-z_]+\.[a-z_]*)["'] ~""", written))
    prefixes |= set(re.findall(r'f"([a-z_]+\.[a-z_]*)\{', written))
    prefixes |= {f"{group}." for group in re.findall(r'named\("([a-z_]+)"', written)}
    for text in re.findall(r"""\bt\(["']([^"']+)["'][,)]""", written):
        assert text in languages.TEXTS, text
    for key in languages.TEXTS:
        assert key in named or any(key.startswith(prefix) for prefix in prefixes), f"{key} is used nowhere"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_lets_markup_through_or_needs_a_looser_policy(template: Path) -> None:
    written = template.read_text(encoding="utf-8")

    assert not re.search(r"\|\s*safe\b|autoescape|Markup", written)
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:|hx-on|\bjs:", written)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", written))
    for form in re.findall(r'<form[^>]*method="post".*?</form>', written, re.DOTALL):
        assert re.search(r"ui\.csrf\(\)|\{\{ hidden\(\)", form) or 'action="/console/login"' in form, form


def test_what_is_put_into_a_template_is_escaped() -> None:
    said = rendering.templates.from_string("<p title='{{ x }}'>{{ x }}</p>").render(x="""<b>'"&""")

    assert said == "<p title='&lt;b&gt;&#39;&#34;&amp;'>&lt;b&gt;&#39;&#34;&amp;</p>"


@pytest.mark.parametrize(
    ("accepted", "heading"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "登录"),
        ("de,en;q=0.7,zh;q=0.9", "登录"),
        ("zh;q=0, en", "Log in"),
        ("fr", "Log in"),
        ("", "Log in"),
        ("zh;q=x", "Log in"),
    ],
)
async def test_browser_says_which_language(new_browser: NewBrowser, accepted: str, heading: str) -> None:
    page = await new_browser().get("/console/login", headers={"Accept-Language": accepted})

    assert f"<title>{heading} ·" in page.text


async def test_own_setting_wins_over_the_browser_and_the_clock_is_ones_own(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)
    await desk.post("/account/preferences", {"language": "zh", "time_zone": "Asia/Shanghai"})

    page = (await desk.get("/account", headers={"Accept-Language": "en"})).text

    assert '<html lang="zh">' in page
    assert '<p class="said">已保存。</p>' in page
    assert 'value="Asia/Shanghai" aria-describedby' in page
    assert "已保存" not in (await desk.get("/account")).text, "it is said once"


@pytest.mark.parametrize(
    "sent", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "localtime"}]
)
async def test_unknown_preference_is_refused(open_desk: OpenDesk, sent: dict[str, str]) -> None:
    desk = await open_desk(Role.VIEWER)

    response = await desk.post("/account/preferences", sent)

    assert response.status_code == 422
    assert "<h1>Something is filled in wrongly</h1>" in response.text


async def test_password_is_changed_by_who_knows_the_present_one(
    open_desk: OpenDesk, new_browser: NewBrowser
) -> None:
    desk = await open_desk(Role.VIEWER)
    elsewhere = await log_in_as(new_browser(), "viewer")
    new = "a password of my own"

    await desk.post("/account/password", {"present": "guess", "new": new})
    assert "That is not your present password." in (await desk.get("/account")).text
    await desk.post("/account/password", {"present": "correct horse battery", "new": new})

    assert "The password is changed" in (await desk.get("/account")).text
    assert (await elsewhere.get("/account")).status_code == 303
    assert await log_in_as(new_browser(), "viewer", password=new)


async def test_before_there_is_an_operator_the_login_says_what_to_do(new_browser: NewBrowser) -> None:
    page = (await new_browser().get("/console/login")).text

    assert "kefu operators create NAME --role admin" in page
    assert "<form" not in page


async def test_wrong_login_is_said_and_the_right_one_leads_to_the_page_asked_for(
    open_desk: OpenDesk, new_browser: NewBrowser
) -> None:
    await open_desk(Role.VIEWER)
    browser = new_browser()

    asked = await browser.get("/console/account?x=1")
    assert asked.headers["location"] == "/console/login?next=/console/account%3Fx%3D1"
    wrong = await browser.post("/console/login", data={"name": "<b>", "password": "guess"})
    assert (wrong.status_code, "Name or password is wrong." in wrong.text) == (401, True)
    assert 'value="&lt;b&gt;"' in wrong.text
    right = {"name": "viewer", "password": "correct horse battery", "next": "/console/account?x=1"}
    entered = await browser.post("/console/login", data=right)
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/account?x=1")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie


async def test_session_that_ends_leads_back_to_the_page_in_sight(new_browser: NewBrowser) -> None:
    browser = new_browser()
    home = str(browser.base_url).rstrip("/")
    page, login = f"{home}/console/inbox/hnd_1?x=1", "/console/login?next=/console/inbox/hnd_1%3Fx%3D1"

    async def polled(address: str) -> str:
        headers = {"HX-Request": "true", "HX-Current-URL": address}
        return str(
            (await browser.get("/console/inbox/hnd_1/messages", headers=headers)).headers["hx-redirect"]
        )

    async def sent(address: str) -> str:
        headers = {"Referer": address}
        return str((await browser.post("/console/inbox/hnd_1/notes", headers=headers)).headers["location"])

    for asked in (polled, sent):
        assert await asked(page) == login
        for elsewhere in ("https://evil.example/console/inbox", "http://[", "", f"{home}/console/"):
            assert await asked(elsewhere) == "/console/login"


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "https://evil.example", "/console\\evil", "/consoleevil", "/console/\n"]
)
def test_login_leads_to_no_other_site(path: str) -> None:
    assert not is_ours(path)


async def test_forged_flash_says_nothing(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)
    for forged in ("x", "W10=", "WyJubyIsIGZhbHNlLCB7fV0=", "bnVsbA=="):
        page = await desk.client.get("/console/account", headers={"Cookie": f"kefu_flash={forged}"})
        assert page.status_code in (200, 303)
