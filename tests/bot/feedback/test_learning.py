"""Visitors teach nothing unless the operator wants it; then only what many independent ones agree on."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.knowledge_tables import AnswerText, AnswerVersion, Label, Question
from bot.feedback.eligible import eligible_labels
from bot.feedback.learning import learn_from_visitors, weigh_visitors
from bot.feedback.trust import Flag, Trust, Weighed
from bot.knowledge.withdrawals import restore_source, withdraw_source
from bot.settings import FeedbackSettings, Settings
from tests.bot.feedback.crowds import choose, spread_over_days, talk_from, vote
from tests.bot.knowledge.replies import best_match
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk

NEW = "my package is nowhere, any news"


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def weighed(database: Database) -> list[Weighed]:
    async with database.read() as session:
        return [proposal.weighed for proposal in await weigh_visitors(session)]


async def questions(database: Database, source: str) -> list[tuple[str, str]]:
    async with database.read() as session:
        rows = await session.execute(select(Question).where(Question.active, Question.source == source))
        return [(row.text, row.answer_id) for row in rows.scalars()]


async def test_choices_of_independent_visitors_are_eligible_and_taught_when_wanted(
    app: FastAPI, talk: Talk, database: Database, knowledge: dict[str, str], writer: dict[str, str]
) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10))
    await spread_over_days(database)

    (found,) = await weighed(database)
    assert (found.answer_id, found.trust, found.eligible) == (
        knowledge["delivery"],
        Trust.VISITOR_CHOICE,
        True,
    )
    assert (found.support, found.independent, found.flags) == (10.0, 10, frozenset())
    assert await questions(database, "visitor_choice") == []

    learnt = await learn_from_visitors(database)
    again = await learn_from_visitors(database)

    assert (len(learnt), again) == (1, [])
    assert await questions(database, "visitor_choice") == [(NEW, knowledge["delivery"])]
    async with database.read() as session:
        label = await session.get_one(Label, learnt[0])
        audit = (await session.execute(select(AuditEntry).where(AuditEntry.target == label.id))).scalar_one()
        (counted,) = await eligible_labels(session)
    assert (label.given_by, label.state, audit.action) == ("visitors", "counted", "learn_label")
    assert (counted.id, counted.answer_id, counted.weight) == (label.id, knowledge["delivery"], 0.7)


async def test_visitors_of_one_network_teach_nothing_however_many(
    app: FastAPI, database: Database, knowledge: dict[str, str]
) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=[3] * 10)
    await spread_over_days(database)

    (found,) = await weighed(database)
    assert (found.support, found.independent, found.eligible) == (1.0, 1, False)
    assert await learn_from_visitors(database) == []


async def test_burst_teaches_nothing(app: FastAPI, database: Database, knowledge: dict[str, str]) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10))

    (found,) = await weighed(database)
    assert (found.support, found.eligible) == (1.0, False)
    assert Flag.BURST in found.flags


async def test_answer_that_few_saw_waits(app: FastAPI, database: Database, knowledge: dict[str, str]) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(5))
    await spread_over_days(database)

    (found,) = await weighed(database)
    assert (found.support, found.eligible, found.flags) == (2.5, False, {Flag.LOW_EXPOSURE})


async def test_neighbours_that_lead_elsewhere_stop_it(
    app: FastAPI, database: Database, knowledge: dict[str, str]
) -> None:
    near = [{"answer_id": knowledge["invoice"], "support": 0.8}]
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10), candidates=near)
    await spread_over_days(database)

    (found,) = await weighed(database)
    assert (found.eligible, found.flags) == (False, {Flag.NEIGHBOURS_DISAGREE})
    assert await learn_from_visitors(database) == []


async def test_thumbs_count_for_and_against_what_was_given_and_never_change_a_text(
    app: FastAPI, database: Database, knowledge: dict[str, str]
) -> None:
    async with database.read() as session:
        before = (await session.execute(select(AnswerText.number, AnswerText.text))).all()
    await vote(app, "Can I return something?", "up", networks=range(4))
    await vote(app, "Can I return something?", "down", networks=range(4, 6))
    await spread_over_days(database)

    (found,) = await weighed(database)
    assert (found.answer_id, found.support, found.dissent) == (knowledge["returns"], 0.9, 2.0)
    assert (found.trust, found.flags) == (None, {Flag.CONTESTED, Flag.LOW_EXPOSURE})
    assert await learn_from_visitors(database) == []
    async with database.read() as session:
        assert (await session.execute(select(AnswerText.number, AnswerText.text))).all() == before
        assert (await session.execute(select(AnswerVersion))).first() is None


async def test_operators_word_stands_against_any_number_of_visitors(
    app: FastAPI, talk: Talk, database: Database, knowledge: dict[str, str], writer: dict[str, str]
) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10))
    await spread_over_days(database)
    body = {"utterance": NEW, "out_of_scope": True}
    await talk.client.post("/v1/labels", json=body, headers=writer)

    (found,) = await weighed(database)
    assert (found.answer_id, found.trust) == (None, Trust.OPERATOR)
    assert await learn_from_visitors(database) == []


async def test_withdrawn_or_rejected_is_not_learnt_again_and_undo_brings_it_back(
    app: FastAPI, database: Database, knowledge: dict[str, str]
) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10))
    await spread_over_days(database)
    await learn_from_visitors(database)

    async with database.write() as session:
        gone = await withdraw_source(session, "visitor_choice", taken_out_by="cli")
    assert (gone.labels, gone.questions) == (11, 1)
    assert await questions(database, "visitor_choice") == []
    assert await weighed(database) == []

    await choose(app, database, NEW, knowledge["delivery"], networks=range(20, 30))
    await spread_over_days(database)
    assert (await weighed(database))[0].eligible
    assert await learn_from_visitors(database) == []

    async with database.write() as session:
        back = await restore_source(session, "visitor_choice", restored_by="cli")
    assert (back.labels, back.questions) == (11, 1)
    assert await questions(database, "visitor_choice") == [(NEW, knowledge["delivery"])]


async def test_visitors_add_one_question_to_an_answer_that_has_few(
    app: FastAPI, database: Database, knowledge: dict[str, str]
) -> None:
    """The invoice answer has two questions, so there is room for one."""
    for number, utterance in enumerate((NEW, "some words about umbrellas")):
        networks = range(20 * number, 20 * number + 10)
        await choose(app, database, utterance, knowledge["invoice"], networks=networks)
    await spread_over_days(database)

    assert [w.eligible for w in await weighed(database)] == [True, True]
    assert len(await learn_from_visitors(database)) == 1
    assert await learn_from_visitors(database) == []
    assert len(await questions(database, "visitor_choice")) == 1


@pytest.mark.parametrize("wanted", [True, False])
async def test_service_learns_only_with_the_setting_on(
    app: FastAPI,
    database: Database,
    knowledge: dict[str, str],
    tiny_settings: Settings,
    writer: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
) -> None:
    await choose(app, database, NEW, knowledge["delivery"], networks=range(10))
    await spread_over_days(database)
    monkeypatch.setattr("bot.housekeeping.CLEAN_UP_EVERY_S", 0.1)
    settings = tiny_settings.model_copy(update={"feedback": FeedbackSettings(learn_from_visitors=wanted)})
    async with started_app(settings, housework_after=0) as other:
        client = (await talk_from(other, 99)).client
        async with asyncio.timeout(10):
            for _ in range(20):
                await asyncio.sleep(0.1)
                if await questions(database, "visitor_choice"):
                    break
        assert bool(await questions(database, "visitor_choice")) is wanted
        await asyncio.sleep(1)
        expected = knowledge["delivery"] if wanted else None
        assert await best_match(client, writer, NEW) == expected
        await client.aclose()
