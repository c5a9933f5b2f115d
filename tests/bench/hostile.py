"""What 10,000 hostile votes do: ``python -m tests.bench.hostile --sessions 100 --sessions 1000``.

The demo company's English answers, half of their phrasings imported. Sessions from several networks ask the other half
through HTTP and vote, choose and try to correct with all sorts of aims; then visitors' agreement is learned as with
``KEFU_FEEDBACK__LEARN_FROM_VISITORS``. Fails when an approved text has changed or a correction got through. The bot is trained (frozen
encoder) on what was there before and on what is there now, and asked the company's test questions; beside it a bot that takes
each thumb up and each choice for the truth, after 100, 1,000 and all votes.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from sqlalchemy import select, update

from bot.app import create_app
from bot.db.base import now
from bot.db.conversation_tables import Feedback
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText, AnswerVersion, Label, Question
from bot.feedback.learning import learn_from_visitors
from bot.feedback.trust import OLDEST_VOICE, Kind, Voice
from bot.feedback.voices import hear
from bot.releases.building import models_dir
from bot.settings import RateLimitSettings, Settings
from retrieval.encoder import Encoder, OnnxEncoder
from retrieval.models import find_model
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.trust import Trust
from tests.bench.attack import Attack, Tally, Target
from training.evaluation.pipeline import FitSettings, Message, run_trial
from training.evaluation.records import Measurement, append_measurements, current_commit, read_measurements
from training.remembering import Remembering
from training.simulation.measures.paired import hits_of, paired_figures
from training.simulation.measures.report import LOOP_RECORD, write_loop_report

SPREAD = timedelta(days=60)
"""Over which the votes are spread afterwards, but for those of bursts: whoever is patient is harder to tell from a crowd."""
CURVE = (100, 1_000)
Texts = dict[str, str]


@dataclass(frozen=True)
class Company:
    """`known` are (question, answer text); `targets` the phrasings that attackers use; `asked` the test questions."""

    known: list[tuple[str, str]]
    targets: list[Target]
    asked: list[tuple[str, frozenset[str]]]


def demo_company() -> Company:
    rows = [row for row in _lines("faq.jsonl") if row["language"] == "en"]
    texts = {str(row["answer_key"]): str(row["answer"]) for row in rows}
    known = [(str(row["question"]), str(row["answer"])) for row in rows]
    known += [(phrasing, str(row["answer"])) for row in rows for phrasing in row["phrasings"][::2]]  # type: ignore[index]
    targets = [Target(phrasing, str(row["answer"])) for row in rows for phrasing in row["phrasings"][1::2]]  # type: ignore[index]
    asked = [
        (str(row["question"]), frozenset(texts[key] for key in row["answer_keys"]))  # type: ignore[attr-defined]
        for row in _lines("test_questions.jsonl")
        if row["language"] == "en" and row["answer_keys"]
    ]
    return Company(known, targets, asked)


def _lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in files("bot.demo").joinpath(name).read_text("utf-8").splitlines()]


async def approved_texts(database: Database) -> tuple[Texts, int]:
    """Answer id -> its text and state, and how many versions there are of all of them."""
    async with database.read() as session:
        statement = select(Answer.id, AnswerText.text).join(AnswerText, AnswerText.answer_id == Answer.id)
        rows = (await session.execute(statement.where(Answer.state == "approved"))).all()
        versions = (await session.execute(select(AnswerVersion.answer_id))).all()
    return {row.id: row.text for row in rows}, len(versions)


async def spread_over_weeks(database: Database, *, in_bursts: set[str]) -> None:
    """Moves votes and choices back in time, evenly over SPREAD, but for those on the exchanges of bursts."""
    async with database.write() as session:
        for table in (Feedback, Label):
            rows = (await session.execute(select(table.id, table.exchange_id).order_by(table.id))).all()
            patient = [row.id for row in rows if row.exchange_id not in in_bursts]
            for place, id in enumerate(patient):
                at = now() - SPREAD * (place / len(patient))
                await session.execute(update(table).where(table.id == id).values(created_at=at))


async def knowledge_of(database: Database, texts: Texts) -> tuple[Knowledge, dict[int, float]]:
    """What a training gets, and how much the questions that visitors made count in it."""
    weights = {trust.source.value: trust.weight for trust in Trust}
    async with database.read() as session:
        statement = select(Question).where(Question.active).order_by(Question.number)
        rows = (await session.execute(statement)).scalars().all()
    questions = [QuestionRecord(row.number, row.answer_id, row.text, row.language) for row in rows]
    passages = [
        PassageRecord(n, answer, text, "en")
        for n, (answer, text) in enumerate(sorted(texts.items()), start=1)
    ]
    return Knowledge(questions, passages), {row.number: weights.get(row.source, 1.0) for row in rows}


async def votes_in_favour(database: Database) -> list[tuple[Voice, str]]:
    """Thumbs up and choices with what they are about, in the order they were given."""
    async with database.read() as session:
        heard = await hear(session, since=now() - OLDEST_VOICE)
    said = [(voice, each.utterance) for each in heard for voice in each.voices if voice.kind is not Kind.DOWN]
    return sorted(said, key=lambda pair: pair[0].id.partition("_")[2])


def as_labels(known: Knowledge, votes: Sequence[tuple[Voice, str]]) -> Knowledge:
    """Each vote a question of the answer that it favours; the same one twice is one."""
    pairs = sorted({(utterance, voice.answer_id) for voice, utterance in votes})
    first = 1 + max(question.number for question in known.questions)
    more = [
        QuestionRecord(number, answer, text, "en") for number, (text, answer) in enumerate(pairs, start=first)
    ]
    return Knowledge([*known.questions, *more], known.passages)


@dataclass(frozen=True)
class Judge:
    """Asks the test questions of a bot that was trained on some knowledge."""

    encoder: Encoder
    company: Company
    texts: Texts

    def hits(self, knowledge: Knowledge, trust: dict[int, float] | None = None) -> list[bool]:
        messages = [Message.of(text) for text, _ in self.company.asked]
        right = [
            frozenset(answer for answer, text in self.texts.items() if text in wanted)
            for _, wanted in self.company.asked
        ]
        trial = run_trial(
            self.encoder, knowledge, messages, settings=FitSettings(unknown_share=0.1), trust=trust
        )
        return hits_of(trial.replies, right)


async def attacked(
    settings: Settings, company: Company, *, sessions: int, votes: int
) -> dict[str, dict[str, float]]:
    """Figures by who is defended; raises RuntimeError when a text has changed or a correction was taken."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database: Database = app.state.parts.database
        texts, versions = await approved_texts(database)
        before, _ = await knowledge_of(database, texts)
        attack = Attack(app, company.targets, texts, sessions=sessions, votes=votes)
        tally = await attack.run()
        await spread_over_weeks(database, in_bursts=tally.in_bursts)
        learned = await learn_from_visitors(database)
        now_texts, now_versions = await approved_texts(database)
        after, trust = await knowledge_of(database, texts)
        in_favour = await votes_in_favour(database)
    _check(tally, changed=int((texts, versions) != (now_texts, now_versions)), learned=len(learned))
    encoder = Remembering(OnnxEncoder.load(find_model(settings.backbone, models_dir=models_dir(settings))))
    judge = Judge(encoder, company, texts)
    right_answers = {(target.question, target.answer_text) for target in company.targets}
    known = {question.number for question in before.questions}
    new = [question for question in after.questions if question.number not in known]
    wrong = sum((question.text, texts[question.answer_id]) not in right_answers for question in new)
    start = judge.hits(before)
    cast = sum(tally.votes.values())
    figures: dict[str, dict[str, float]] = {
        "before": {"votes": 0, "right_first": sum(start) / len(start)},
        "nobody learns from visitors (as installed)": _figures(start, start, votes=cast, labels=0, wrong=0),
        "what visitors agree on is learned": _figures(
            start, judge.hits(after, trust) if new else start, votes=cast, labels=len(new), wrong=wrong
        ),
    }
    for most in (*(count for count in CURVE if count < cast), cast):
        taken = in_favour[: round(most / cast * len(in_favour))]
        undefended = as_labels(before, taken)
        more = undefended.questions[len(before.questions) :]
        wrong = sum((question.text, texts[question.answer_id]) not in right_answers for question in more)
        figures[f"undefended, {most:,} votes"] = _figures(
            start, judge.hits(undefended), votes=most, labels=len(more), wrong=wrong
        )
    return figures


def _figures(
    before: list[bool], after: list[bool], *, votes: int, labels: int, wrong: int
) -> dict[str, float]:
    counts = {"votes": votes, "from_visitors": labels, "wrong_from_visitors": wrong, "changed_texts": 0}
    return counts | {"right_first": sum(after) / len(after)} | paired_figures(before, after)


def _check(tally: Tally, *, changed: int, learned: int) -> None:
    print(f"votes {dict(tally.votes)}, refused {dict(tally.refused)}, labels {learned}", flush=True)
    if changed:
        raise RuntimeError("An approved text has changed")
    if taken := [status for status in tally.refused if status < 400]:
        raise RuntimeError(f"A visitor's correction was taken: {taken}")


def installed(folder: Path, company: Company) -> Settings:
    """An installation that knows the company, with the untuned release that an import makes."""
    environment = os.environ | {"KEFU_DATA_DIR": str(folder), "KEFU_LANGUAGES": "en"}
    path = folder / "knowledge.jsonl"
    path.write_text("\n".join(json.dumps({"question": q, "answer": a}) for q, a in company.known), "utf-8")
    command = [sys.executable, "-m", "bot.cli", "import", str(path), "--approve", "--json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"the import failed: {done.stdout!r}")
    return Settings(data_dir=folder, languages=("en",), rate_limit=RateLimitSettings(enabled=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, action="append")
    parser.add_argument("--votes", type=int, default=10_000)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    company = demo_company()
    for sessions in arguments.sessions or [100, 1_000]:
        with tempfile.TemporaryDirectory() as folder:
            settings = installed(Path(folder), company)
            figures = asyncio.run(attacked(settings, company, sessions=sessions, votes=arguments.votes))
        group = f"{arguments.votes:,} hostile votes from {sessions:,} sessions, demo company"
        record = arguments.docs / LOOP_RECORD
        commit = current_commit(Path.cwd())
        append_measurements(
            record,
            [
                Measurement(
                    "hostile", group, method, commit, 0, settings.backbone, settings.tolerated_error, each
                )
                for method, each in figures.items()
            ],
        )
        write_loop_report(arguments.docs / "benchmarks.md", read_measurements(record))
        print(json.dumps(figures, indent=1), flush=True)


if __name__ == "__main__":
    main()
