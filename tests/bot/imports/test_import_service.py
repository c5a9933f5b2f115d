"""FAQ files into the database, on both kinds."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.import_tables import ImportBatch
from bot.db.knowledge_tables import Answer, AnswerText, AnswerVersion, Question
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.knowledge.index_feed import current_revision, load_changes
from bot.knowledge.schemas import AnswerPatch
from bot.knowledge.service import change_answer
from bot.settings import Settings
from tests.bot.imports.importing import bring_in, counts, knowledge_of, leads, take_out, write_rows

DELIVERY = {"question": "How long is delivery?", "answer": "Two days."}
DELIVERY_TOO = {"question": "When will it arrive?", "answer": "Two days."}
RETURNS = {
    "question": "Can I return it?",
    "answer": "Within thirty days.",
    "intent": "returns",
    "tags": "a|b",
}


async def revision(database: Database) -> int:
    async with database.read() as session:
        return await current_revision(session)


async def rows_of(database: Database, table: type) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def answers_by_text(database: Database) -> dict[str, Answer]:
    async with database.read() as session:
        statement = select(AnswerText.text, Answer).join(Answer, Answer.id == AnswerText.answer_id)
        return {row[0]: row[1] for row in (await session.execute(statement.where(AnswerText.active))).all()}


async def test_rows_with_one_text_are_one_answer_with_several_questions(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY, RETURNS, DELIVERY_TOO])

    report = await bring_in(database, settings, path)

    assert counts(report) == {"new": 3}
    assert (report.format, report.dry_run, report.rejected, report.mined) == ("faq", False, [], None)
    assert report.languages == {"en": 3}
    assert await leads(database) == {
        "How long is delivery?": "Two days.",
        "When will it arrive?": "Two days.",
        "Can I return it?": "Within thirty days.",
    }
    stored = await answers_by_text(database)
    assert len(stored) == 2
    returns = stored["Within thirty days."]
    assert (returns.intent, returns.tags, returns.state) == ("returns", ["a", "b"], "approved")
    assert returns.batch_id == report.batch_id


async def test_batch_keeps_its_report_and_who_imported(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    report = await bring_in(database, settings, write_rows(tmp_path, [DELIVERY]))

    async with database.read() as session:
        batch = await session.get(ImportBatch, report.batch_id)
        audit = (await session.execute(select(AuditEntry))).scalar_one()
    assert batch is not None
    assert (batch.filename, batch.format, batch.approved, batch.imported_by) == (
        "faq.jsonl", "faq", True, "test",
    )  # fmt: skip
    assert batch.report == report.model_dump(mode="json")
    assert (audit.actor, audit.action, audit.target) == ("test", "import", report.batch_id)


async def test_phrasings_lead_to_the_answer_and_repeated_ones_are_duplicates(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    row = {**DELIVERY, "phrasings": ["how LONG is delivery", "delivery time", "Delivery time?"]}

    report = await bring_in(database, settings, write_rows(tmp_path, [row, DELIVERY]))

    assert counts(report) == {"new": 2, "duplicate": 3}
    assert list(await leads(database)) == ["How long is delivery?", "delivery time"]


async def test_same_file_again_adds_nothing(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = write_rows(tmp_path, [DELIVERY, RETURNS])
    await bring_in(database, settings, path)
    before = await revision(database)

    again = await bring_in(database, settings, path)

    assert counts(again) == {"unchanged": 2}
    assert again.batch_id is None
    assert await revision(database) == before
    assert (await rows_of(database, ImportBatch), await rows_of(database, Question)) == (1, 2)


async def test_dry_run_reports_the_same_and_stores_nothing(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY, {**DELIVERY, "answer": "Three days."}, "{"])

    tried = await bring_in(database, settings, path, dry_run=True)
    tables = [ImportBatch, Answer, AnswerText, AnswerVersion, Question, AuditEntry]
    left_behind = [await rows_of(database, table) for table in tables]
    untouched = await revision(database)
    done = await bring_in(database, settings, path)

    assert counts(tried) == counts(done) == {"new": 1, "conflicting": 1}
    assert (tried.dry_run, tried.batch_id, tried.rejected) == (True, None, done.rejected)
    assert (left_behind, untouched) == ([0] * 6, 0)


async def test_conflicting_row_is_kept_as_a_draft_that_never_speaks(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY, {**DELIVERY, "answer": "Three days."}])

    report = await bring_in(database, settings, path)
    again = await bring_in(database, settings, path)

    stored = await answers_by_text(database)
    assert counts(report) == {"new": 1, "conflicting": 1}
    assert (stored["Three days."].state, stored["Three days."].tags) == ("draft", ["conflict"])
    assert await leads(database) == {"How long is delivery?": "Two days."}
    assert counts(again) == {"unchanged": 2}


async def test_row_conflicts_with_what_the_database_says(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await bring_in(database, settings, write_rows(tmp_path, [DELIVERY]))

    other = {"question": "how long is delivery", "answer": "A week.", "phrasings": ["shipping to Mars"]}
    report = await bring_in(database, settings, write_rows(tmp_path, [other]))

    assert counts(report) == {"new": 1, "conflicting": 1}
    assert await leads(database) == {"How long is delivery?": "Two days.", "shipping to Mars": "A week."}


async def test_without_approve_everything_is_a_draft_and_approve_later_lets_it_speak(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY, RETURNS, {**DELIVERY, "answer": "Three days."}])

    drafted = await bring_in(database, settings, path, approve=False)
    silent = await leads(database)
    approved = await bring_in(database, settings, path)
    speaking = await leads(database)
    undone = await take_out(database, approved.batch_id)

    assert counts(drafted) == {"new": 2, "conflicting": 1}
    assert counts(approved) == {"unchanged": 3}
    assert approved.batch_id is not None
    assert silent == {}
    assert speaking == {"How long is delivery?": "Two days.", "Can I return it?": "Within thirty days."}
    assert (undone.restored, undone.answers) == (2, 0)
    assert await leads(database) == {}


async def test_import_without_approve_leaves_what_customers_are_told_alone(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    await bring_in(database, settings, write_rows(tmp_path, [keyed]))
    before = await knowledge_of(database)
    faster = {**keyed, "answer": "One day."}
    news = write_rows(tmp_path, [faster, {**faster, "question": "When will it arrive?"}])

    drafted = await bring_in(database, settings, news, approve=False)
    after = await knowledge_of(database)
    again = await bring_in(database, settings, news, approve=False)
    approved = await bring_in(database, settings, news)

    assert counts(drafted) == {"new": 2}
    assert after == before
    assert again.batch_id is None
    assert counts(approved) == {"new": 1, "changed": 1}
    assert await leads(database) == {"How long is delivery?": "One day.", "When will it arrive?": "One day."}


async def test_rows_with_one_key_are_one_answer_in_several_languages(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {"answer_key": "delivery", **DELIVERY},
        {"answer_key": "delivery", "question": "多久送达？", "answer": "两天。"},
    ]

    report = await bring_in(database, settings, write_rows(tmp_path, rows))

    knowledge = await knowledge_of(database)
    assert counts(report) == {"new": 2}
    assert report.languages == {"en": 1, "zh": 1}
    assert {question.answer_id for question in knowledge.questions} == {
        passage.answer_id for passage in knowledge.passages
    }
    assert sorted((p.language, p.text) for p in knowledge.passages) == [("en", "Two days."), ("zh", "两天。")]


async def test_changed_text_of_a_key_is_a_new_version_that_every_index_hears_of(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    await bring_in(database, settings, write_rows(tmp_path, [keyed]))
    before, seen = await knowledge_of(database), await revision(database)

    report = await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "answer": "One day."}]))

    stored = (await answers_by_text(database))["One day."]
    async with database.read() as session:
        history = select(AnswerVersion.version, AnswerVersion.content).order_by(AnswerVersion.version)
        versions = [(row[0], row[1]["texts"]) for row in await session.execute(history)]
        changes = await load_changes(session, since=seen)
    assert counts(report) == {"changed": 1}
    assert stored.version == 2
    assert versions == [(1, {"en": "Two days."}), (2, {"en": "One day."})]
    assert [(p.number, p.text) for p in changes.upsert.passages] == [(before.passages[0].number, "One day.")]


async def test_two_texts_for_one_key_and_language_in_a_file_are_a_conflict(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {"answer_key": "delivery", **DELIVERY},
        {"answer_key": "delivery", "question": "How fast are you?", "answer": "One day."},
    ]
    path = write_rows(tmp_path, rows)

    report = await bring_in(database, settings, path)
    again = await bring_in(database, settings, path)

    assert counts(report) == {"new": 1, "conflicting": 1}
    assert counts(again) == {"unchanged": 2}
    assert await leads(database) == {"How long is delivery?": "Two days."}


async def test_file_does_not_overrule_what_a_person_wrote(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    path = write_rows(tmp_path, [keyed, RETURNS])
    await bring_in(database, settings, path)
    stored = await answers_by_text(database)
    for old, new in (("Two days.", "Edited."), ("Within thirty days.", "Edited too.")):
        async with database.write() as session:
            patch = AnswerPatch(text=new)
            await change_answer(
                session, stored[old].id, patch, languages=("en", "zh"), changed_by="key:key_1"
            )

    stale = await bring_in(database, settings, path)
    other = await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "answer": "One day."}]))

    assert (counts(stale), stale.batch_id) == ({"unchanged": 2}, None)
    assert counts(other) == {"conflicting": 1}
    assert await leads(database) == {"How long is delivery?": "Edited.", "Can I return it?": "Edited too."}


async def test_what_a_person_retired_stays_retired(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY])
    await bring_in(database, settings, path)
    answer = (await answers_by_text(database))["Two days."]
    async with database.write() as session:
        patch = AnswerPatch.model_validate({"state": "retired"})
        await change_answer(session, answer.id, patch, languages=("en",), changed_by="key:key_1")

    again = await bring_in(database, settings, path)

    assert (counts(again), again.batch_id) == ({"unchanged": 1}, None)
    assert await leads(database) == {}


async def test_personal_data_is_masked_before_it_is_stored(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {"question": "I am ann@mail.example, where is it?", "answer": "Ask help@shop.example."},
        {"question": "Pay with what?", "answer": "Card 4111 1111 1111 1111 works."},
    ]

    report = await bring_in(database, settings, write_rows(tmp_path, rows))

    assert (report.masked, report.masked_kinds) == (2, {"email": 1, "card": 1})
    assert await leads(database) == {
        "I am [email], where is it?": "Ask help@shop.example.",
        "Pay with what?": "Card [card] works.",
    }


async def test_bad_lines_are_told_and_the_good_ones_go_in(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        DELIVERY,
        "{broken",
        {"question": "Wie lange?", "answer": "Zwei Tage.", "language": "de"},
        {"question": "???", "answer": "What?"},
        {"question": "", "answer": "Nothing asked."},
        RETURNS,
    ]

    report = await bring_in(database, settings, write_rows(tmp_path, rows))

    assert counts(report) == {"new": 2}
    assert [line.line for line in report.rejected] == [2, 3, 4, 5]
    reasons = " / ".join(line.reason for line in report.rejected)
    assert "'de' is not served (KEFU_LANGUAGES=en,zh)" in reasons
    assert "'???' has no letter or digit" in reasons
    assert sorted(await leads(database)) == ["Can I return it?", "How long is delivery?"]


async def test_chinese_row_is_rejected_where_only_english_is_served(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    english = settings.model_copy(update={"languages": ("en",)})
    rows = [{"question": "多久送达？", "answer": "两天。"}, DELIVERY]

    report = await bring_in(database, english, write_rows(tmp_path, rows))

    assert [(line.line, "'zh' is not served" in line.reason) for line in report.rejected] == [(1, True)]
    assert counts(report) == {"new": 1}


async def test_file_that_cant_be_used_is_one_clear_error(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=r"nothing\.csv does not exist"):
        await bring_in(database, settings, tmp_path / "nothing.csv")


async def test_undo_restores_what_was_there_and_import_after_it_adds_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    await bring_in(database, settings, write_rows(tmp_path, [keyed]))
    before = await knowledge_of(database)
    news = write_rows(
        tmp_path,
        [
            {**keyed, "answer": "One day.", "phrasings": ["delivery time"]},
            {"answer_key": "delivery", "question": "多久送达？", "answer": "一天。"},
            RETURNS,
        ],
    )

    first = await bring_in(database, settings, news)
    changed = await leads(database)
    seen = await revision(database)
    undone = await take_out(database, first.batch_id)
    after = await knowledge_of(database)
    async with database.read() as session:
        told = await load_changes(session, since=seen)
    second = await bring_in(database, settings, news)

    assert (undone.questions, undone.answers, undone.restored, undone.kept) == (3, 1, 1, 0)
    assert after == before
    assert len(told.removed_questions) == 3
    assert len(told.removed_passages) == 2
    assert counts(second) == counts(first) == {"new": 3, "changed": 1}
    assert await leads(database) == changed


async def test_undo_twice_is_a_conflict_and_of_nothing_not_found(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    report = await bring_in(database, settings, write_rows(tmp_path, [DELIVERY]))
    await take_out(database, report.batch_id)

    with pytest.raises(ConflictError, match="was undone at"):
        await take_out(database, report.batch_id)
    with pytest.raises(NotFoundError, match="imp_nope"):
        await take_out(database, "imp_nope")


async def test_undo_keeps_answers_that_others_use_or_changed(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    first = await bring_in(database, settings, write_rows(tmp_path, [DELIVERY]))
    second = await bring_in(database, settings, write_rows(tmp_path, [DELIVERY_TOO]))

    undone = await take_out(database, first.batch_id)
    kept = await leads(database)
    last = await take_out(database, second.batch_id)

    assert (undone.questions, undone.answers, undone.kept) == (1, 0, 1)
    assert kept == {"When will it arrive?": "Two days."}
    assert (last.questions, last.answers) == (1, 1)
    assert (await knowledge_of(database)).passages == []


async def test_undo_leaves_a_text_that_a_person_wrote_since(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    await bring_in(database, settings, write_rows(tmp_path, [keyed]))
    report = await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "answer": "One day."}]))
    answer = (await answers_by_text(database))["One day."]
    async with database.write() as session:
        await change_answer(
            session, answer.id, AnswerPatch(text="Soon."), languages=("en",), changed_by="key:key_1"
        )

    undone = await take_out(database, report.batch_id)

    assert (undone.restored, undone.kept) == (0, 1)
    assert await leads(database) == {"How long is delivery?": "Soon."}


async def test_one_of_two_imports_at_once_waits_for_the_other(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, [DELIVERY, RETURNS])

    reports = await asyncio.gather(*(bring_in(database, settings, path) for _ in range(2)))

    assert sorted(report.new for report in reports) == [0, 2]
    assert await rows_of(database, Question) == 2


async def validity_of(database: Database, text: str) -> tuple[str | None, str | None]:
    answer = (await answers_by_text(database))[text]
    dates = (answer.valid_from, answer.valid_until)
    since, until = (date.isoformat() if date else None for date in dates)
    return since, until


async def test_dates_of_a_row_are_those_of_its_answer(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {**DELIVERY, "valid_from": "2026-03-01T09:30:00.123456+08:00", "valid_until": "2045/3/5"},
        RETURNS,
    ]

    await bring_in(database, settings, write_rows(tmp_path, rows))

    assert await validity_of(database, "Two days.") == (
        "2026-03-01T01:30:00.123456+00:00",
        "2045-03-05T00:00:00+00:00",
    )
    assert await validity_of(database, "Within thirty days.") == (None, None)
    async with database.read() as session:
        first = (
            select(AnswerVersion.content).where(AnswerVersion.version == 1).order_by(AnswerVersion.answer_id)
        )
        contents = (await session.execute(first)).scalars().all()
    assert sorted(str(content["valid_until"]) for content in contents) == [
        "2045-03-05T00:00:00+00:00",
        "None",
    ]


async def test_senseless_dates_reject_their_line_only(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {**DELIVERY, "valid_until": "next week"},
        {**DELIVERY, "valid_from": "2026-03-02", "valid_until": "2026-03-01"},
        {**DELIVERY, "valid_from": True},
        RETURNS,
    ]

    report = await bring_in(database, settings, write_rows(tmp_path, rows))

    how = "write it like 2026-03-01T09:30:00Z, or as epoch seconds"
    assert [(line.line, line.reason) for line in report.rejected] == [
        (1, f"the valid_until 'next week' can't be read: {how}"),
        (2, "valid_until 2026-03-01T00:00:00+00:00 must come after valid_from: mend one of them"),
        (3, f"the valid_from true can't be read: {how}"),
    ]
    assert await leads(database) == {"Can I return it?": "Within thirty days."}


async def test_answers_of_different_times_may_share_a_question(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    rows = [
        {**DELIVERY, "valid_until": "2030-01-01"},
        {**DELIVERY, "answer": "One day.", "valid_from": "2030-01-01"},
        {**DELIVERY, "answer": "Never.", "valid_from": "2029-12-31"},
    ]
    path = write_rows(tmp_path, rows)

    drafted = await bring_in(database, settings, path, approve=False)
    report = await bring_in(database, settings, path)
    again = await bring_in(database, settings, path)

    stored = await answers_by_text(database)
    assert counts(drafted) == {"new": 2, "conflicting": 1}
    assert {text: answer.state for text, answer in stored.items()} == {
        "Two days.": "approved",
        "One day.": "approved",
        "Never.": "draft",
    }
    assert (counts(report), counts(again), again.batch_id) == ({"unchanged": 3}, {"unchanged": 3}, None)


async def test_changed_dates_of_a_key_count_unless_a_person_set_others(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    keyed = {"answer_key": "delivery", **DELIVERY}
    await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "valid_until": "2030-01-01"}]))
    await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "valid_until": "2031-01-01"}]))
    assert (await validity_of(database, "Two days."))[1] == "2031-01-01T00:00:00+00:00"
    await bring_in(database, settings, write_rows(tmp_path, [keyed]))
    assert (await validity_of(database, "Two days."))[1] == "2031-01-01T00:00:00+00:00"

    answer = (await answers_by_text(database))["Two days."]
    async with database.write() as session:
        patch = AnswerPatch.model_validate({"valid_until": "2035-01-01T00:00:00Z"})
        await change_answer(session, answer.id, patch, languages=("en",), changed_by="key:key_1")
    late = await bring_in(database, settings, write_rows(tmp_path, [{**keyed, "valid_until": "2032-01-01"}]))

    assert late.batch_id is None
    assert (await validity_of(database, "Two days."))[1] == "2035-01-01T00:00:00+00:00"
