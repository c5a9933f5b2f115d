import csv
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import training.benchmark_cli
import training.benchmark_sets_cli
from retrieval.errors import ModelNotFoundError
from retrieval.models import find_model
from tests.fixtures.fakes import HashEncoder
from tests.training.test_sets import write, write_demo
from training.__main__ import app
from training.models_cli import default_models_dir

TOPICS = ("refund", "invoice", "delivery")
FRAMES = ("how does the {} work", "my {}", "{} please", "rules for {}", "is {} possible", "the {} again")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands with an encoder that needs no model."""
    for module in (training.benchmark_cli, training.benchmark_sets_cli):
        monkeypatch.setattr(module, "load_encoder", lambda *_, **__: HashEncoder())


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["benchmark", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def intent_files(folder: Path) -> tuple[Path, Path]:
    rows = [f"{frame.format(topic)},{topic}" for topic in TOPICS for frame in FRAMES]
    write(folder / "t.csv", "text,intent\n" + "\n".join([*rows, "who won the match,oos"]) + "\n")
    write(folder / "q.csv", 'text,intent\nrefund?,WRONG\n"my, invoice",oos\nagent please,x\n')
    return folder / "t.csv", folder / "q.csv"


def faq_files(folder: Path) -> tuple[Path, Path]:
    rows = [f"f{n},{FRAMES[n % 6].format(TOPICS[n % 3])} {n},answer number {n}" for n in range(12)]
    write(folder / "f.csv", "faq_id,question,answer\n" + "\n".join(rows) + "\n")
    write(folder / "q.csv", "query_id,query\nq1,my invoice 1\nq2,refund\n")
    return folder / "f.csv", folder / "q.csv"


@pytest.mark.usefixtures("hashed")
def test_intents_writes_a_prediction_for_each_row_in_order(tmp_path: Path) -> None:
    train, test = intent_files(tmp_path)
    code, output = run("intents", "--train", train, "--test", test, "--predictions", tmp_path / "out.csv")
    assert code == 0, output
    assert "Seconds to train:" in output
    assert "Milliseconds a message:" in output
    rows = rows_of(tmp_path / "out.csv")
    assert [(row["text"], row["intent"]) for row in rows[:2]] == [
        ("refund?", "refund"),
        ("my, invoice", "invoice"),
    ]
    assert rows[2]["outcome"] == "handed_off"  # asks for a person
    assert list(rows[0]) == ["text", "intent", "confidence", "outcome"]
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)
    assert {row["outcome"] for row in rows} <= {"answered", "clarified", "handed_off"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "q.csv", "t.csv"]


@pytest.mark.usefixtures("hashed")
def test_same_seed_gives_the_same_bytes_and_labels_in_the_test_file_change_nothing(tmp_path: Path) -> None:
    train, test = intent_files(tmp_path)
    write(tmp_path / "bare.csv", 'text\nrefund?\n"my, invoice"\nagent please\n')
    for name, queries in (("a", test), ("b", test), ("c", tmp_path / "bare.csv")):
        assert (
            run(
                "intents", "--train", train, "--test", queries, "--predictions", tmp_path / name, "--seed", 5
            )[0]
            == 0
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


@pytest.mark.usefixtures("hashed")
def test_faq_ranks_ten_answers_a_query(tmp_path: Path) -> None:
    faq, queries = faq_files(tmp_path)
    write(tmp_path / "l.csv", "query_id,query,faq_id\nl1,money back,f3\n")
    code, output = run(
        "faq",
        "--faq",
        faq,
        "--queries",
        queries,
        "--labels",
        tmp_path / "l.csv",
        "--run",
        tmp_path / "run.csv",
    )
    assert code == 0, output
    rows = rows_of(tmp_path / "run.csv")
    assert [(row["query_id"], row["rank"]) for row in rows] == [
        (query, str(rank)) for query in ("q1", "q2") for rank in range(1, 11)
    ]
    assert rows[0]["faq_id"] == "f1"
    for query in ("q1", "q2"):
        own = [row for row in rows if row["query_id"] == query]
        assert len({row["faq_id"] for row in own}) == 10
        assert len({row["outcome"] for row in own}) == 1
        confidences = [float(row["confidence"]) for row in own]
        assert confidences == sorted(confidences, reverse=True)


@pytest.mark.usefixtures("hashed")
def test_labels_lead_to_their_answer(tmp_path: Path) -> None:
    faq, _ = faq_files(tmp_path)
    write(tmp_path / "l.csv", "query_id,query,faq_id\nl1,zebra crossing,f3\n")
    write(tmp_path / "q.csv", "query_id,query\nq1,zebra crossing\n")
    arguments = ("faq", "--faq", faq, "--queries", tmp_path / "q.csv", "--run", tmp_path / "run.csv")
    assert run(*arguments, "--labels", tmp_path / "l.csv")[0] == 0
    assert rows_of(tmp_path / "run.csv")[0]["faq_id"] == "f3"


@pytest.mark.usefixtures("hashed")
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--unknown-share", "half", "must be auto or a number from 0 to below 1"),
        ("--unknown-share", "1.0", "must be auto or a number from 0 to below 1"),
        ("--unknown-share", "nan", "must be auto or a number from 0 to below 1"),
        ("--target-error", "0", "must lie between 0 and 1"),
        ("--target-error", "1.5", "must lie between 0 and 1"),
        ("--seed", "-1", "Invalid value for '--seed'"),
        ("--train", "gone.csv", "gone.csv cannot be read: No such file"),
        ("--predictions", "gone/out.csv", "there is no folder gone"),
    ],
)
def test_wrong_option_ends_with_2_and_writes_nothing(
    tmp_path: Path, option: str, value: str, message: str
) -> None:
    train, test = intent_files(tmp_path)
    options = {"--train": str(train), "--test": str(test), "--predictions": str(tmp_path / "out.csv")}
    options[option] = value
    code, output = run("intents", *(part for pair in options.items() for part in pair))
    assert code == 2
    assert message in output
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("hashed")
def test_wrong_column_ends_with_2_and_names_found_and_needed(tmp_path: Path) -> None:
    train, _ = intent_files(tmp_path)
    write(tmp_path / "q.csv", "utterance\nrefund\n")
    code, output = run(
        "intents", "--train", train, "--test", tmp_path / "q.csv", "--predictions", tmp_path / "out.csv"
    )
    assert code == 2
    assert "has no column text; found utterance, needed text" in output


def test_missing_backbone_ends_with_1_and_says_how_to_get_it(tmp_path: Path) -> None:
    train, test = intent_files(tmp_path)
    arguments = ("intents", "--train", train, "--test", test, "--predictions", tmp_path / "out.csv")
    code, output = run(*arguments, "--models-dir", tmp_path)
    assert code == 1
    assert "kefu models get sentence-transformers/all-MiniLM-L6-v2" in output


def small_set(data: Path) -> None:
    rows = [f"{frame.format(topic)},{topic}" for topic in TOPICS for frame in FRAMES]
    write(data / "banking77/train.csv", "text,intent\n" + "\n".join(rows) + "\n")
    write(data / "banking77/test.csv", "text,intent\nrefund?,refund\nmy invoice?,invoice\n")


@pytest.mark.usefixtures("hashed")
def test_recorded_set_is_not_run_again_and_the_page_is_made_of_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import training.evaluation.records

    monkeypatch.setattr(training.evaluation.records, "current_commit", lambda _: "abc")
    small_set(tmp_path / "data")
    docs = tmp_path / "docs"
    arguments = ("all", "--data", tmp_path / "data", "--only", "banking77", "--docs", docs, "--seeds", "0,1")
    code, output = run(*arguments)
    assert code == 0, output
    record = (docs / "benchmarks.jsonl").read_text(encoding="utf-8")
    assert "commit abc, seed 0, 1." in (docs / "benchmarks.md").read_text(encoding="utf-8")
    code, output = run(*arguments)
    assert "banking77, seed 0: recorded for abc already" in output
    assert (docs / "benchmarks.jsonl").read_text(encoding="utf-8") == record
    (docs / "benchmarks.md").unlink()
    assert run("report", "--docs", docs)[0] == 0
    assert "## banking77" in (docs / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("hashed")
def test_all_measures_the_demo_company_too(tmp_path: Path) -> None:
    small_set(tmp_path / "data")
    write_demo(tmp_path / "demo")
    docs = tmp_path / "docs"
    code, output = run(
        *("all", "--data", tmp_path / "data", "--demo", tmp_path / "demo", "--docs", docs),
        *("--only", "demo", "--only", "demo_en_from_zh"),
    )
    assert code == 0, output
    page = (docs / "benchmarks.md").read_text(encoding="utf-8")
    assert "## demo en" in page
    assert "## demo en, knowledge in zh" in page
    assert "## banking77" not in page
    assert "## demo zh, knowledge in en" not in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("all", "--data", "gone"), "gone is not a folder"),
        (
            ("all", "--data", "{}", "--only", "squad"),
            "There is no set squad; there are stackfaq, taipei_faq_zh",
        ),
        (("all", "--data", "{}", "--seeds", "0,x"), "must be whole numbers"),
        (("all", "--data", "{}", "--seeds", "-1"), "must not be negative"),
        (
            ("all", "--data", "{}", "--docs", "{}", "--only", "stackfaq"),
            "stackfaq/queries.csv cannot be read",
        ),
        (("report", "--docs", "{}"), "has no measurements yet"),
        (("demo", "--demo", "{}"), "faq.jsonl cannot be read"),
    ],
)
def test_sets_that_cannot_be_measured_end_with_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, output = run(*(part.replace("{}", str(tmp_path)) for part in arguments))
    assert code == 2
    assert message in output


@pytest.mark.usefixtures("hashed")
def test_demo_prints_its_figures_in_both_directions(tmp_path: Path) -> None:
    write_demo(tmp_path)
    code, output = run("demo", "--demo", tmp_path)
    assert code == 0, output
    for title in ("demo en", "demo zh", "demo en, knowledge in zh", "demo zh, knowledge in en"):
        assert f"## {title}\n" in output


@pytest.mark.model
def test_intents_end_to_end_with_the_english_backbone(tmp_path: Path) -> None:
    models_dir = Path(os.environ.get("KEFU_MODELS_DIR") or default_models_dir())
    try:
        find_model("english", models_dir=models_dir)
    except ModelNotFoundError as error:
        pytest.skip(str(error))
    questions = {
        "card": ("my card is lost", "somebody stole my card", "where did my debit card go"),
        "rate": (
            "what is the exchange rate",
            "how many euros for a dollar",
            "which currency rate do you use",
        ),
        "pin": ("I forgot my PIN", "change the PIN code", "my PIN is blocked"),
        "loan": ("can I borrow money", "apply for a loan", "what do loans cost"),
        "branch": ("where is your branch", "bank office near me", "which branch is open today"),
    }
    rows = [
        f"{text},{intent}" for intent, texts in questions.items() for text in (*texts, *map(str.upper, texts))
    ]
    write(tmp_path / "t.csv", "text,intent\n" + "\n".join(rows) + "\n")
    write(tmp_path / "q.csv", "text\nI cannot find my bank card\nhow do I set a new pin number\n")
    code, output = run(
        *("intents", "--train", tmp_path / "t.csv", "--test", tmp_path / "q.csv"),
        *("--predictions", tmp_path / "out.csv", "--models-dir", models_dir),
    )
    assert code == 0, output
    assert [row["intent"] for row in rows_of(tmp_path / "out.csv")] == ["card", "pin"]
    assert "Backbone: sentence-transformers/all-MiniLM-L6-v2" in output


@pytest.mark.usefixtures("hashed")
def test_report_on_the_run_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    faq, queries = faq_files(tmp_path)
    arguments = ("faq", "--faq", faq, "--queries", queries, "--run", tmp_path / "out.csv")
    code, output = run(*arguments, "--report", tmp_path / "report")
    assert code == 0, output
    assert f"Report in {tmp_path / 'report' / 'report.html'}" in output.replace("\n", "")
    assert sorted(file.name for file in (tmp_path / "report").iterdir()) == ["report.html", "report.json"]
    code, output = run(*arguments[:-1], tmp_path / "again.csv", "--report", tmp_path / "report")
    assert code == 1
    assert "exists already" in output
    assert not (tmp_path / "again.csv").exists()


@pytest.mark.usefixtures("hashed")
def test_plot_that_fails_takes_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("no drawing today")

    monkeypatch.setattr("training.report.page.confidence_spread", fail)
    faq, queries = faq_files(tmp_path)
    code, output = run(
        "faq",
        "--faq",
        faq,
        "--queries",
        queries,
        "--run",
        tmp_path / "out.csv",
        "--report",
        tmp_path / "report",
    )
    assert code == 0
    assert "without a report: RuntimeError('no drawing today')" in output
    assert rows_of(tmp_path / "out.csv")
    assert not (tmp_path / "report").exists()
