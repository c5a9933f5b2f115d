from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

import training.benchmark_companies_cli
from retrieval.near_duplicates import near_duplicate_key
from tests.fixtures.fakes import HashEncoder
from tests.training.test_sets import write
from training.__main__ import app
from training.errors import EvaluationError
from training.evaluation.companies import FEWEST, USUAL, company_names, read_company

INTENTS = 66


def letters(number: int) -> str:
    return f"{chr(97 + number // 26)}{chr(97 + number % 26)}q"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BANKING77's file in its form: 66 intents with 40 questions each, one of them in two wordings that count as one."""
    folder = tmp_path_factory.mktemp("sets")
    names = [letters(number) for number in range(INTENTS)]
    rows = [f"{name}word about {letters(n)}thing,intent_{name}" for name in names for n in range(40)]
    rows.append(f"about {names[0]}thing {names[0]}word,intent_{names[0]}")
    write(folder / "banking77" / "train.csv", "\n".join(["text,intent", *rows]) + "\n")
    return folder


def test_half_of_the_messages_have_no_answer_and_none_was_learned(data: Path) -> None:
    company = read_company("banking_written_0", data=data)
    known = {question.answer_id for question in company.training.knowledge.questions}
    unknown = [text for text, right in zip(company.texts, company.right, strict=True) if not right]
    assert len(known) == 30
    assert len(company.texts) == 2 * len(unknown) == 600
    assert all(right <= known for right in company.right)
    learned = {near_duplicate_key(question.text) for question in company.training.knowledge.questions}
    assert learned.isdisjoint(near_duplicate_key(text) for text in company.texts)
    assert known.isdisjoint(f"intent_{text.split()[0].removesuffix('word')}" for text in unknown)


def test_sampled_company_learns_what_comes_and_a_written_one_a_skewed_few(data: Path) -> None:
    sampled = read_company("banking_sampled_0", data=data).training.knowledge.questions
    written = Counter(
        q.answer_id for q in read_company("banking_written_0", data=data).training.knowledge.questions
    )
    assert len(sampled) == USUAL * 30
    assert min(written.values()) == FEWEST
    assert max(written.values()) >= 15
    assert len(written) == 30


def test_company_is_the_same_again_and_another_draw_is_another(data: Path) -> None:
    first, again, other = (read_company(f"banking_sampled_{draw}", data=data) for draw in (0, 0, 1))
    assert first == again
    assert {q.answer_id for q in first.training.knowledge.questions} != {
        q.answer_id for q in other.training.knowledge.questions
    }


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"train\.csv cannot be read"):
        read_company("banking_sampled_0", data=tmp_path)


def test_table_has_a_row_for_each_company_and_the_mean(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.benchmark_companies_cli, "load_encoder", lambda *_, **__: HashEncoder())
    done = CliRunner().invoke(
        app, ["benchmark", "companies", "--data", str(data), "--only", "banking_written_0"]
    )
    assert done.exit_code == 0, done.output
    rows = [line.strip("| ").split(" | ") for line in done.output.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows] == ["company", "---", "banking_written_0", "mean"]
    assert rows[2][1] == "30"
    assert rows[2][3:] == rows[3][-10:]


def test_unknown_company_is_refused_with_the_names_there_are(data: Path) -> None:
    done = CliRunner().invoke(app, ["benchmark", "companies", "--data", str(data), "--only", "bakery"])
    assert done.exit_code == 2
    assert "bakery" in done.output
    assert company_names()[0] in done.output
