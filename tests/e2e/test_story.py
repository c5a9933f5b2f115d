"""A visitor on a shop's website and an operator at the console, each in a browser of their own: the whole story, in both languages.

Nothing on the way is stubbed: the demo company's answers, the encoder that serves, a server process and its database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from retrieval.normalize import normalize
from tests.e2e.story_words import CHINESE, ENGLISH, Words
from tests.fixtures.demo import ANSWERS, some_answers
from tests.fixtures.host_pages import HostPages, host_pages
from tests.fixtures.processes import environment, kefu, serving
from tests.widget.panel import NAMES, Panel

PASSWORD = "correct horse battery"
WAIT_MS = 20_000
SHOP = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{shop}</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ margin: 0; font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; color: #22302b; background: #f6f4ee; }}
header {{ padding: 1.4rem 2rem; background: #fff; border-bottom: 1px solid #ded9cc; }}
b {{ font-size: 1.4rem; }} main {{ padding: 1.5rem 2rem; max-width: 38rem; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 12rem)); }}
article {{ padding: 1rem; background: #fff; border-radius: 12px; }}
article::before {{ content: ""; display: block; height: 6rem; margin-bottom: .7rem; border-radius: 8px; background: #e7ded0; }}
</style></head><body><header><b>{shop}</b><br>{slogan}</header><main>{goods}</main>
<script src="{url}/widget.js" data-site="default" data-heading="{shop}" async></script></body></html>"""


@dataclass(frozen=True)
class Service:
    """Kefu under ``url``, and the website of a shop."""

    url: str
    site: HostPages

    def shop(self, words: Words) -> str:
        """The address of the shop's page in this language."""
        goods = "".join(f"<article>{escape(name)}</article>" for name in words.goods)
        told = {"lang": words.spoken, "shop": words.shop, "slogan": words.slogan, "goods": goods}
        return self.site.add(f"/{words.spoken}", SHOP.format(url=self.url, **told))


@dataclass(frozen=True)
class Scene:
    """Two browsers, and what is said in them. ``picture`` keeps what is on a screen, when pictures are wanted."""

    words: Words
    visitor: Panel
    operator: Page
    picture: Callable[[Page, str], None]

    @property
    def standing(self) -> Locator:
        return self.operator.locator("#standing")

    @property
    def briefing(self) -> Locator:
        return self.operator.locator("section[aria-labelledby=briefing]")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, multilingual_folder: Path) -> Iterator[Service]:
    with host_pages() as site:
        folder = tmp_path_factory.mktemp("story")
        env = environment(folder, multilingual_folder.parent, KEFU_CORS_ORIGINS=site.url)
        imported = kefu(
            "import", str(some_answers(folder, rows=56, phrasings=4)), "--approve", "--json", env=env
        )
        assert imported.returncode == 0, imported.stderr
        account = ("operators", "create", "Ana", "--role", "operator", "--password-stdin")
        made = kefu(*account, env=env, answer=PASSWORD)
        assert made.returncode == 0, made.stderr
        with serving(env) as server:
            yield Service(server.url, site)


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def words(request: pytest.FixtureRequest) -> Words:
    given: Words = request.param
    return given


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What a browser complains about fails the test."""
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def new_page(browser: Browser, words: Words, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own."""
    opened: list[BrowserContext] = []
    expect.set_options(timeout=WAIT_MS)

    def make(**settings: object) -> Page:
        opened.append(browser.new_context(locale=words.locale, **settings))  # type: ignore[arg-type]
        opened[-1].set_default_timeout(WAIT_MS)
        page = opened[-1].new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def scene(
    service: Service, words: Words, new_page: Callable[..., Page], request: pytest.FixtureRequest
) -> Scene:
    """The visitor on the shop's page, on a phone in Chinese; the operator in the inbox."""
    folder = request.config.getoption("--screenshots")
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    screen = {"viewport": {"width": 1100, "height": 760}} if words is ENGLISH else phone
    visitor, operator = new_page(**screen), new_page(viewport={"width": 1200, "height": 616})
    visitor.goto(service.shop(words))
    log_in(operator, service)

    def picture(page: Page, name: str) -> None:
        if folder:
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=Path(folder) / f"{name}-{words.locale[:2]}.png", animations="disabled")

    return Scene(words, Panel(visitor, words.spoken), operator, picture)


def log_in(operator: Page, service: Service) -> None:
    operator.goto(f"{service.url}/console")
    operator.locator("[name=name]").fill("Ana")
    operator.locator("[name=password]").fill(PASSWORD)
    operator.keyboard.press("Enter")
    operator.wait_for_url("**/console/inbox")


def test_visitor_and_operator_from_the_first_question_to_the_rating(scene: Scene) -> None:
    asked = visitor_is_asked_back_and_chooses(scene)
    visitor_votes_and_asks_for_a_person(scene)
    operator_reads_the_briefing_and_takes_over(scene)
    they_talk(scene)
    operator_notes_something_and_hands_back(scene)
    visitor_goes_on_with_the_bot_and_rates(scene)
    visitor_finds_all_but_the_note_on_the_next_page(scene)
    operator_sees_what_the_visitor_thinks(scene, asked)


def visitor_is_asked_back_and_chooses(scene: Scene) -> str:
    """Returns the question that was chosen."""
    words, panel = scene.words, scene.visitor.open()
    expect(panel.said_by("bot")).to_have_text([words.greeting])
    panel.write(words.unclear)
    choice = panel.page.locator(".choices button").first
    asked = choice.inner_text()
    choice.click()
    expect(panel.said_by("customer")).to_have_text([words.unclear, asked])
    expect(panel.said_by("bot").last).to_have_text(ANSWERS[asked])
    expect(choice).to_be_disabled()
    return asked


def visitor_votes_and_asks_for_a_person(scene: Scene) -> None:
    words, panel = scene.words, scene.visitor
    panel.button("down").click()
    panel.page.get_by_role("button", name=words.reason, exact=True).click()
    expect(panel.page.locator("[id^=thanks-]")).to_contain_text(words.thanked)
    expect(panel.button("down")).to_have_attribute("aria-pressed", "true")
    panel.button("person").click()
    expect(panel.said_by("system")).to_have_text([words.soon])
    expect(panel.page.locator(".banner")).to_have_text(words.waiting)
    button = panel.page.get_by_role("button", name=words.asked, exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")


def operator_reads_the_briefing_and_takes_over(scene: Scene) -> None:
    words, operator = scene.words, scene.operator
    row = operator.locator("tbody tr").filter(has_text=words.unclear)  # the list renews itself
    expect(row).to_contain_text(words.state_waiting)
    row.get_by_role("link").click()
    expect(scene.briefing).to_contain_text(words.briefing_reason)
    tried = scene.briefing.locator("li").first
    expect(tried).to_contain_text(words.unclear)
    expect(tried).to_contain_text(words.tried)
    operator.get_by_role("button", name=words.take, exact=True).click()
    expect(scene.standing).to_contain_text(words.holds)
    expect(scene.visitor.said_by("system")).to_have_text([words.soon, words.taken])
    expect(scene.visitor.element.locator("header")).to_contain_text(words.with_person)


def they_talk(scene: Scene) -> None:
    words, panel, operator = scene.words, scene.visitor, scene.operator
    operator.locator("#reply textarea").fill(words.reply)
    operator.locator("#reply").get_by_role("button", name=words.send, exact=True).click()
    expect(operator.locator(".said-by.agent .bubble")).to_have_text([words.reply])
    expect(panel.said_by("agent")).to_have_text([words.reply])  # without loading the page
    by_bot = panel.said_by("bot").count()
    panel.field.fill(words.thanks)
    panel.field.press("Enter")
    expect(operator.locator(".said-by.customer .bubble").last).to_have_text(normalize(words.thanks))
    expect(panel.said_by("bot")).to_have_count(by_bot)


def operator_notes_something_and_hands_back(scene: Scene) -> None:
    words, panel, operator = scene.words, scene.visitor, scene.operator
    notes = operator.locator("form[action$='/notes']")
    notes.locator("textarea").fill(words.note)
    notes.get_by_role("button", name=words.add_note, exact=True).click()
    expect(operator.locator("#said")).to_have_text(words.noted)
    expect(operator.locator(".notes > li")).to_contain_text([words.note])
    expect(scene.briefing).not_to_contain_text(
        normalize(words.thanks)
    )  # was said to a person, not to the bot
    scene.picture(operator, "conversation")
    scene.picture(panel.page, "widget")
    operator.get_by_role("button", name=words.hand_back).click()
    expect(operator.locator("#said")).to_have_text(words.given_back)
    expect(panel.said_by("system")).to_have_text([words.soon, words.taken, words.handed_back])
    expect(panel.page.locator("#rating h3")).to_have_text(words.how_was_it)


def visitor_goes_on_with_the_bot_and_rates(scene: Scene) -> None:
    words, panel = scene.words, scene.visitor
    expect(panel.write(words.clear)).to_have_text(ANSWERS[normalize(words.clear)])
    panel.page.get_by_role("radio", name=NAMES[words.spoken]["four"]).check(force=True)
    panel.page.locator("#rating textarea").fill(words.comment)
    panel.button("send rating").click()
    expect(panel.page.locator("#rating")).to_have_count(0)
    expect(panel.page.locator(".foot p")).to_have_text(words.rated)
    panel.button("close").click()
    expect(panel.launcher).to_be_focused()


def visitor_finds_all_but_the_note_on_the_next_page(scene: Scene) -> None:
    words, panel = scene.words, scene.visitor
    panel.page.reload()
    panel.launcher.click()
    expect(panel.said_by("agent")).to_have_text([words.reply])
    expect(panel.said_by("bot").last).to_have_text(ANSWERS[normalize(words.clear)])
    expect(panel.page.locator(".log")).not_to_contain_text(words.note)


def operator_sees_what_the_visitor_thinks(scene: Scene, asked: str) -> None:
    words, operator = scene.words, scene.operator
    operator.locator("a[href='?state=handed_back']").click()
    operator.locator("tbody tr").filter(has_text=words.unclear).get_by_role("link").click()
    expect(scene.standing).to_contain_text(words.ended)
    expect(scene.briefing).to_contain_text(words.stars)
    expect(scene.briefing).to_contain_text(normalize(words.comment))
    answer = operator.locator(".said-by.bot").filter(has_text=ANSWERS[asked])
    answer.get_by_role("link", name=words.why).click()
    expect(operator.locator("#asked")).to_have_text(asked)
    expect(operator.locator("article.asked")).to_contain_text(words.votes)
    expect(operator.locator("article.asked")).to_contain_text(words.what_was_wrong)
    operator.get_by_role("navigation").locator("a[href='/console/dashboard']").click()
    operator.locator("a[href*='rating=down']").click()
    expect(operator.locator("tbody tr").filter(has_text=asked)).to_have_count(1)


@pytest.mark.parametrize("words", [ENGLISH], indirect=True)
def test_button_pressed_twice_without_scripts_says_it_once(
    service: Service, words: Words, new_page: Callable[..., Page]
) -> None:
    visitor, operator = new_page(), new_page(java_script_enabled=False)
    log_in(operator, service)
    visitor.goto(service.shop(words))
    panel = Panel(visitor).open()
    panel.write(words.clear)
    panel.button("person").click()
    expect(panel.said_by("system")).to_have_text([words.soon])
    operator.reload()
    operator.locator("tbody tr").filter(has_text=words.clear).get_by_role("link").click()
    operator.get_by_role("button", name=words.take, exact=True).click()

    operator.route("**/inbox/*/*", send_twice)
    operator.locator("#reply textarea").fill(words.reply)
    operator.locator("#reply").get_by_role("button", name=words.send, exact=True).click()
    expect(operator.locator(".said-by.agent .bubble")).to_have_text([words.reply])
    notes = operator.locator("form[action$='/notes']")
    notes.locator("textarea").fill(words.note)
    notes.get_by_role("button", name=words.add_note, exact=True).click()
    expect(operator.locator(".notes > li")).to_contain_text([words.note])
    expect(panel.said_by("agent")).to_have_text([words.reply])


def send_twice(route: Route) -> None:
    """As a double click does where the first request is on its way already."""
    route.fetch(max_redirects=0)
    route.continue_()
