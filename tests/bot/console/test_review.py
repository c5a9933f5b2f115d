"""Deciding about questions in the console, as a browser without JavaScript does it."""

import html
import re

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.knowledge.service import find_answer
from tests.fixtures.operators import Desk, OpenDesk
from tests.fixtures.services import start_talk

UMBRELLA = "my umbrella is <b>broken</b>, can you repair it"
KNOWN = "Where is my invoice?"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def always_ranked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.review.desk.QUICK_S", 60.0)


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk(Role.OPERATOR, name="Ana")


async def ask(client: httpx.AsyncClient, text: str) -> str:
    return (await (await start_talk(client)).say(text)).json()["id"]


async def labels(database: Database) -> list[Label]:
    async with database.read() as session:
        return list((await session.execute(select(Label).order_by(Label.id))).scalars())


async def actions(database: Database) -> list[str]:
    async with database.read() as session:
        rows = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        return [row.action for row in rows if row.actor.startswith("operator:") and row.action != "log_in"]


async def test_question_is_shown_with_why_and_escaped(desk: Desk, client: httpx.AsyncClient) -> None:
    await ask(client, UMBRELLA)

    page = (await desk.get("/review")).text

    assert "my umbrella is &lt;b&gt;broken&lt;/b&gt;, can you repair it" in page
    assert "<b>broken" not in page
    assert "1 of 1 waiting" in page
    assert '<meter min="0" max="1" value="' in page
    assert 'data-key="1"' in page


async def test_nothing_waits_is_said(desk: Desk) -> None:
    assert "Nothing waits for a decision." in (await desk.get("/review")).text


async def test_answer_is_chosen_counts_at_once_and_the_question_leaves(
    desk: Desk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    exchange_id = await ask(client, "umbrella repair")

    sent = await desk.post(
        f"/review/exchanges/{exchange_id}", {"answer_id": knowledge["returns"], "back": "/review"}
    )

    assert (sent.status_code, sent.headers["location"]) == (303, f"/console/review?last={exchange_id}")
    after = (await desk.get(f"/review?last={exchange_id}")).text
    assert "Noted: another answer is right. It counts at once." in after
    assert "Nothing waits for a decision." in after
    assert f'href="/console/review/exchanges/{exchange_id}"' in after
    reply = (await (await start_talk(client)).say("umbrella repair")).json()
    assert reply["reply"]["parts"][0]["answer_id"] == knowledge["returns"]
    label = (await labels(database))[0]
    assert (label.answer_id, label.given_by) == (knowledge["returns"], f"operator:{desk.operator_id}")
    assert await actions(database) == ["label"]


async def test_decision_is_shown_and_can_be_overruled(
    desk: Desk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    exchange_id = await ask(client, "umbrella repair")
    path = f"/review/exchanges/{exchange_id}"
    await desk.post(path, {"answer_id": knowledge["returns"], "back": "/review"})

    shown = (await desk.get(path)).text
    assert "You can send it back within thirty days." in shown
    assert re.search(r"by Ana, \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown)
    refused = await desk.post(path, {"verdict": "out_of_scope", "back": "/review"})
    assert refused.status_code == 409
    assert "Not counted: somebody has decided about this question already." in refused.text
    assert re.search(r"by Ana, \d{4}", refused.text)
    assert "operator:" not in refused.text
    again = await desk.post(path, {"verdict": "out_of_scope", "overrule": "true", "back": "/review"})

    assert again.status_code == 303
    assert [label.out_of_scope for label in await labels(database)] == [False, True]


async def test_reply_that_was_right_is_confirmed(
    desk: Desk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    exchange_id = await ask(client, KNOWN)

    page = (await desk.get(f"/review/exchanges/{exchange_id}")).text
    assert 'name="verdict" value="right" data-key="r"' in page
    await desk.post(f"/review/exchanges/{exchange_id}", {"verdict": "right", "back": "/review"})

    assert [(label.answer_id, label.verdict) for label in await labels(database)] == [
        (knowledge["invoice"], "right")
    ]


async def test_new_answer_like_another_one_is_refused_with_the_text_kept(
    desk: Desk, client: httpx.AsyncClient, database: Database
) -> None:
    exchange_id = await ask(client, "umbrella repair")
    sent = {"verdict": "new_answer", "text": "Invoices are under My orders", "back": "/review"}

    refused = await desk.post(f"/review/exchanges/{exchange_id}", sent)

    assert refused.status_code == 409
    assert "Another answer says or answers nearly this already." in refused.text
    assert "Invoices are under My orders.</li>" in refused.text
    assert ">Invoices are under My orders</textarea>" in refused.text
    assert await labels(database) == []
    added = await desk.post(f"/review/exchanges/{exchange_id}", {**sent, "force": "true"})
    assert added.status_code == 303
    assert [label.verdict for label in await labels(database)] == ["new_answer"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("replace", {"text": "Invoices are in your account."}),
        ("split", {"text": "Bills for companies come by post."}),
        ("merge", {"answer_id": "returns"}),
    ],
)
async def test_given_answer_is_put_right(
    desk: Desk,
    client: httpx.AsyncClient,
    database: Database,
    knowledge: dict[str, str],
    action: str,
    fields: dict[str, str],
) -> None:
    exchange_id = await ask(client, KNOWN)
    named = {name: knowledge.get(value, value) for name, value in fields.items()}

    sent = await desk.post(
        f"/review/exchanges/{exchange_id}/correction", {"action": action, "back": "/review", **named}
    )

    assert sent.status_code == 303, sent.text
    assert f"correct_{action}" in await actions(database)
    reply = (await (await start_talk(client)).say(KNOWN)).json()["reply"]["text"]
    assert reply == (fields.get("text") or "You can send it back within thirty days.")


def sent_with(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that corrects so, and its text as it is filled in."""
    form = next(f for f in page.split("<form")[1:] if f'name="action" value="{action}"' in f)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    (text,) = re.findall(r'<textarea name="text"[^>]*>([^<]*)</textarea>', form)
    return {**fields, "text": html.unescape(text)}


async def test_text_is_replaced_from_what_it_says_now_and_not_over_what_others_wrote_meanwhile(
    desk: Desk, open_desk: OpenDesk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    ben = await open_desk(Role.OPERATOR, name="Ben")
    first, second = await ask(client, KNOWN), await ask(client, "I need a bill for my company")
    stale = sent_with((await ben.get(f"/review/exchanges/{second}")).text, "replace")
    anas = {"action": "replace", "text": "Invoices are in your account.", "back": "/review"}
    assert (await desk.post(f"/review/exchanges/{first}/correction", anas)).status_code == 303

    refused = await ben.post(
        f"/review/exchanges/{second}/correction", {**stale, "text": "Invoices come by post."}
    )

    assert refused.status_code == 409
    assert "somebody changed answer" in refused.text
    again = sent_with(refused.text, "replace")
    assert again["text"] == "Invoices come by post.", "nothing has to be typed again"
    fresh = sent_with((await ben.get(f"/review/exchanges/{second}")).text, "replace")
    assert (fresh["text"], int(fresh["version"])) == (anas["text"], int(stale["version"]) + 1)
    assert (await ben.post(f"/review/exchanges/{second}/correction", again)).status_code == 303
    async with database.read() as session:
        assert (await find_answer(session, knowledge["invoice"])).texts["en"] == "Invoices come by post."


async def test_correction_after_somebody_elses_decision_shows_it_first(
    desk: Desk, open_desk: OpenDesk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    ben = await open_desk(Role.OPERATOR, name="Ben")
    exchange_id = await ask(client, KNOWN)
    stale = sent_with((await ben.get("/review")).text, "split") | {"text": "Bills come by post."}
    await desk.post(f"/review/exchanges/{exchange_id}", {"verdict": "out_of_scope", "back": "/review"})

    refused = await ben.post(f"/review/exchanges/{exchange_id}/correction", stale)

    assert refused.status_code == 409
    assert "Not counted: somebody has decided about this question already." in refused.text
    assert re.search(r"by Ana, \d{4}", refused.text)
    assert [label.verdict for label in await labels(database)] == ["out_of_scope"]
    overruling = sent_with(refused.text, "split")
    assert (overruling["overrule"], overruling["text"]) == ("true", "Bills come by post.")
    assert (await ben.post(f"/review/exchanges/{exchange_id}/correction", overruling)).status_code == 303


async def test_question_is_put_off(desk: Desk, client: httpx.AsyncClient, database: Database) -> None:
    exchange_id = await ask(client, "umbrella repair")

    await desk.post(f"/review/exchanges/{exchange_id}", {"verdict": "skip", "back": "/review"})

    assert "Nothing waits" in (await desk.get("/review")).text
    assert await actions(database) == ["skip_review"]


async def test_queue_is_walked_and_filtered_by_language(desk: Desk, client: httpx.AsyncClient) -> None:
    for text in ("umbrella repair", "drones for rent", "雨伞可以修吗"):
        await ask(client, text)

    first, second = [(await desk.get(f"/review?place={n}")).text for n in (0, 1)]
    chinese = (await desk.get("/review?language=zh")).text

    assert "1 of 3 waiting" in first
    assert 'data-key="j" href="/console/review?place=1' in first
    assert "2 of 3 waiting" in second
    assert "1 of 1 waiting" in chinese
    assert "雨伞可以修吗" in chinese
    assert "3 of 3 waiting" in (await desk.get("/review?place=99")).text


async def test_search_finds_answers_and_offers_them(
    desk: Desk, client: httpx.AsyncClient, knowledge: dict[str, str]
) -> None:
    exchange_id = await ask(client, "umbrella repair")

    found = await desk.get(f"/review/search?exchange_id={exchange_id}&q=invoice&back=/review&language=en")
    without_script = await desk.get("/review?q=invoice")

    for text in (found.text, without_script.text):
        assert "Invoices are under My orders." in text
        assert f'name="answer_id" value="{knowledge["invoice"]}" data-row' in text
    assert "<html" not in found.text


async def test_search_stays_with_the_question_and_a_decision_leads_back_to_its_place(
    desk: Desk, client: httpx.AsyncClient, knowledge: dict[str, str]
) -> None:
    for text in ("umbrella repair", "umbrella rental"):
        await ask(client, text)
    queue = (await desk.get("/review?place=1&language=en")).text
    asked = re.search(r'action="/console(/review/exchanges/\w+)"', queue)
    form = re.search(
        r'<form method="get" action="([^"]*)"[^>]*>\s*<input type="hidden" name="back" value="([^"]*)"', queue
    )
    assert asked
    assert form

    assert form.groups() == (f"/console{asked[1]}", "/review?place=1&amp;language=en")
    page = (await desk.get(f"{asked[1]}?back=%2Freview%3Fplace%3D1%26language%3Den&q=invoice")).text
    backs = set(re.findall(r'name="back" value="([^"]*)"', page))

    assert "Invoices are under My orders." in page
    assert backs == {"/review?place=1&amp;language=en"}
    assert 'href="/console/review?place=1&amp;language=en"' in page
    assert (await desk.get(f"{asked[1]}?back=//elsewhere.example")).status_code == 404


async def test_viewer_sees_it_all_and_decides_nothing(open_desk: OpenDesk, client: httpx.AsyncClient) -> None:
    exchange_id = await ask(client, "umbrella repair")
    viewer = await open_desk(Role.VIEWER)

    page = (await viewer.get("/review")).text
    refused = await viewer.post(f"/review/exchanges/{exchange_id}", {"verdict": "out_of_scope"})

    assert "umbrella repair" in page
    assert 'data-key="1"' not in page
    assert 'data-key="o"' not in page
    assert refused.status_code == 403


async def test_exchange_without_a_question_is_shown_and_not_decided_about(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    exchange_id = await ask(client, "let me talk to a person")

    page = await desk.get(f"/review/exchanges/{exchange_id}")

    assert page.status_code == 200
    assert "let me talk to a person" in page.text
    assert 'data-key="o"' not in page.text


async def test_what_makes_no_sense_is_refused(
    desk: Desk, client: httpx.AsyncClient, database: Database
) -> None:
    exchange_id = await ask(client, "umbrella repair")
    path = f"/review/exchanges/{exchange_id}"

    for fields, status in (
        ({"verdict": "maybe", "back": "/review"}, 422),
        ({"answer_id": "ans_unknown", "back": "/review"}, 404),
        ({"verdict": "new_answer", "text": " ", "back": "/review"}, 422),
        ({"verdict": "right", "back": "/review"}, 409),
    ):
        assert (await desk.post(path, fields)).status_code == status, fields
    assert (await desk.post("/review/exchanges/exc_unknown", {"verdict": "right"})).status_code == 404
    assert await labels(database) == []


async def test_gap_is_found_answered_and_another_one_dismissed(desk: Desk, client: httpx.AsyncClient) -> None:
    for text in ("drones for rent", "rent drones", "drones for rent please"):
        await ask(client, text)

    await desk.post("/review/gaps/find")
    listed = (await desk.get("/review/gaps")).text
    gap_id = re.search(r"/review/gaps/(gap_[0-9a-f]+)", listed)[1]
    shown = (await desk.get(f"/review/gaps/{gap_id}")).text
    assert "An answer would take over some" in shown
    sent = await desk.post(f"/review/gaps/{gap_id}/answer", {"text": "We rent out no drones."})

    assert sent.status_code == 303, sent.text
    assert gap_id in (await desk.get("/review/gaps?state=answered")).text
    reply = (await (await start_talk(client)).say("drones for rent")).json()
    assert reply["reply"]["text"] == "We rent out no drones."
    assert (await desk.post(f"/review/gaps/{gap_id}/dismiss")).status_code == 409
