"""Agents' replies and visitors' choices in the console: one a screen, accepted, edited or rejected."""

import re

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Role, Scope
from bot.db.access_tables import AuditEntry
from bot.db.base import new_id
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.knowledge.folding import folded_hash
from tests.fixtures.operators import Desk, OpenDesk
from tests.fixtures.services import create_key, start_talk

ASKED = "can you <i>repair</i> my umbrella"
REPLIED = "We repair umbrellas in our shop, says Ana."
QUEUE = "/review/candidates"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk(Role.OPERATOR, name="Ana")


async def answered_by_agent(client: httpx.AsyncClient, database: Database, *, asked: str = ASKED) -> str:
    """The candidate's id."""
    talk = await start_talk(client)
    await talk.say(asked)
    key = await create_key(database, Scope.OPERATOR)
    path = f"/v1/conversations/{talk.id}/agent-replies"
    assert (await client.post(path, json={"text": REPLIED}, headers=key)).status_code == 201
    return (await labels(database))[-1].id


async def chosen(database: Database, utterance: str, answer_id: str, **more: object) -> str:
    """What a visitor chose when the bot asked back."""
    fields = {
        "id": new_id("lbl"),
        "utterance": utterance,
        "folded": folded_hash(utterance),
        "language": "en",
        "answer_id": answer_id,
        "out_of_scope": False,
        "source": LabelSource.VISITOR_CHOICE,
        "state": LabelState.CANDIDATE,
        "given_by": new_id("vis"),
    }
    async with database.write() as session:
        session.add(Label(**fields | more))
    return str(fields["id"])


async def labels(database: Database) -> list[Label]:
    async with database.read() as session:
        return list((await session.execute(select(Label).order_by(Label.id))).scalars())


async def decided(database: Database, label_id: str) -> tuple[str, str | None, list[tuple[str, str]]]:
    """State, answer, and what the audit log has about it."""
    async with database.read() as session:
        label = await session.get_one(Label, label_id)
        entries = select(AuditEntry).where(AuditEntry.target == label_id)
        log = [(each.action, each.actor) for each in (await session.execute(entries)).scalars()]
    return label.state, label.answer_id, log


async def said_to(client: httpx.AsyncClient, text: str) -> str:
    return str((await (await start_talk(client)).say(text)).json()["reply"]["text"])


def shown(page: httpx.Response) -> str:
    """The question on the screen."""
    return str(re.findall(r'<h2 id="asked"[^>]*>([^<]*)<', page.text)[0])


async def test_agents_reply_is_shown_escaped_and_counts_once_it_is_accepted(
    desk: Desk, client: httpx.AsyncClient, database: Database
) -> None:
    label_id = await answered_by_agent(client, database)
    page = await desk.get(QUEUE)
    assert shown(page) == "can you &lt;i&gt;repair&lt;/i&gt; my umbrella"
    assert "We repair umbrellas in our shop" in page.text
    assert "1 waiting" in page.text
    keys = set(re.findall(r'data-key="(.)"', page.text))
    assert {"a", "e", "x", "/"} <= keys

    sent = await desk.post(f"{QUEUE}/{label_id}/accept", {"back": QUEUE})

    assert (sent.status_code, sent.headers["location"]) == (303, f"/console{QUEUE}?after={label_id}")
    following = (await desk.get(f"{QUEUE}?after={label_id}")).text
    assert "Accepted. It counts at once." in following
    assert "Nothing waits for a decision." in following
    assert (await said_to(client, ASKED)).startswith("We repair umbrellas in our shop")
    state, answer_id, log = await decided(database, label_id)
    assert (state, log) == ("counted", [("accept_label", f"operator:{desk.operator_id}")])
    assert answer_id is not None
    assert "by Ana" in (await desk.get(f"{QUEUE}/{label_id}")).text


async def test_reply_is_accepted_in_better_words_and_a_choice_as_another_answer(
    desk: Desk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    reply = await answered_by_agent(client, database)
    choice = await chosen(database, "send the socks back", knowledge["delivery"])

    await desk.post(f"{QUEUE}/{reply}/accept", {"text": "Umbrellas are repaired free.", "language": "en"})
    await desk.post(f"{QUEUE}/{choice}/accept", {"answer_id": knowledge["returns"]})

    assert await said_to(client, ASKED) == "Umbrellas are repaired free."
    assert await said_to(client, "send the socks back") == "You can send it back within thirty days."
    assert (await decided(database, choice))[:2] == ("counted", knowledge["returns"])


async def test_rejected_one_is_put_aside_and_can_not_be_decided_again(
    desk: Desk, database: Database, knowledge: dict[str, str]
) -> None:
    label_id = await chosen(database, "where are my socks", knowledge["delivery"])

    await desk.post(f"{QUEUE}/{label_id}/reject")

    state, _, log = await decided(database, label_id)
    assert (state, log) == ("rejected", [("reject_label", f"operator:{desk.operator_id}")])
    assert "Nothing waits for a decision." in (await desk.get(QUEUE)).text
    again = await desk.post(f"{QUEUE}/{label_id}/accept")
    assert again.status_code == 409
    assert 'data-key="a"' not in (await desk.get(f"{QUEUE}/{label_id}")).text


async def test_same_choice_of_many_is_one_decision(
    desk: Desk, database: Database, knowledge: dict[str, str]
) -> None:
    first = await chosen(database, "Where are my socks?", knowledge["delivery"])
    await chosen(database, "where are my socks", knowledge["delivery"])
    other = await chosen(database, "where are my socks", knowledge["returns"])
    await chosen(
        database, "withdrawn", knowledge["returns"], withdrawn_at=(await labels(database))[0].created_at
    )

    page = await desk.get(QUEUE)
    assert "2 waiting" in page.text
    assert "said 2 times" in page.text
    assert f'data-key="j" href="/console{QUEUE}?source=&amp;after={first}"' in page.text
    assert 'data-key="k"' not in page.text
    following = await desk.get(f"{QUEUE}?after={first}")
    assert f"{QUEUE}/{other}/accept" in following.text
    assert f'data-key="k" href="/console{QUEUE}?source=&amp;before={other}"' in following.text
    assert f"{QUEUE}/{first}/accept" in (await desk.get(f"{QUEUE}?before={other}")).text

    await desk.post(f"{QUEUE}/{first}/reject")

    assert "1 waiting" in (await desk.get(QUEUE)).text


async def test_queue_is_filtered_by_who_said_it(
    desk: Desk, client: httpx.AsyncClient, database: Database, knowledge: dict[str, str]
) -> None:
    reply = await answered_by_agent(client, database)
    await chosen(database, "where are my socks", knowledge["delivery"])

    replies = await desk.get(f"{QUEUE}?source=agent_reply")
    choices = await desk.get(f"{QUEUE}?source=visitor_choice")

    assert shown(replies) == "can you &lt;i&gt;repair&lt;/i&gt; my umbrella"
    assert shown(choices) == "where are my socks"
    assert "Parcels arrive within two working days." in choices.text
    sent = await desk.post(f"{QUEUE}/{reply}/reject", {"back": f"{QUEUE}?source=agent_reply"})
    assert sent.headers["location"] == f"/console{QUEUE}?source=agent_reply&after={reply}"
    assert (await desk.get(f"{QUEUE}?source=operator")).status_code == 422


async def test_text_like_another_answer_is_refused_with_what_was_written(
    desk: Desk, client: httpx.AsyncClient, database: Database
) -> None:
    label_id = await answered_by_agent(client, database)

    written = {"text": "Invoices are under My orders!", "back": f"{QUEUE}?source=agent_reply"}
    refused = await desk.post(f"{QUEUE}/{label_id}/accept", written)

    assert refused.status_code == 409
    assert f'name="back" value="{QUEUE}?source=agent_reply"' in refused.text
    assert "Invoices are under My orders.</li>" in refused.text
    assert "Invoices are under My orders!</textarea>" in refused.text
    assert (await decided(database, label_id))[0] == "candidate"
    forced = {"text": "Invoices are under My orders!", "force": "true"}
    assert (await desk.post(f"{QUEUE}/{label_id}/accept", forced)).status_code == 303


async def test_other_answers_are_found_while_typing(
    desk: Desk, database: Database, knowledge: dict[str, str]
) -> None:
    label_id = await chosen(database, "where are my socks", knowledge["delivery"])

    found = await desk.get(f"{QUEUE}/{label_id}/search?q=invoice", headers={"HX-Request": "true"})

    assert f'action="/console{QUEUE}/{label_id}/accept"' in found.text
    assert f'value="{knowledge["invoice"]}"' in found.text


async def test_viewer_looks_and_decides_nothing(
    open_desk: OpenDesk, database: Database, knowledge: dict[str, str]
) -> None:
    viewer = await open_desk(Role.VIEWER)
    label_id = await chosen(database, "where are my socks", knowledge["delivery"])

    page = await viewer.get(QUEUE)

    assert shown(page) == "where are my socks"
    assert "/accept" not in page.text
    assert (await viewer.post(f"{QUEUE}/{label_id}/accept")).status_code == 403
    assert (await decided(database, label_id))[0] == "candidate"


async def test_what_is_no_candidate_or_leads_elsewhere_is_refused(
    desk: Desk, database: Database, knowledge: dict[str, str]
) -> None:
    operators = await chosen(
        database, "x", knowledge["delivery"], source=LabelSource.OPERATOR, state="counted"
    )
    label_id = await chosen(database, "where are my socks", knowledge["delivery"])

    assert (await desk.get(f"{QUEUE}/{operators}")).status_code == 404
    assert (await desk.get(f"{QUEUE}/lbl_gone")).status_code == 404
    for back in ("https://evil.example", "/review/candidates/../..", "//evil.example"):
        sent = await desk.post(f"{QUEUE}/{label_id}/reject", {"back": back})
        assert sent.status_code == 404, back
    assert (await decided(database, label_id))[0] == "candidate"
