"""Square brackets in names and texts are printed as they are, though the console knows them as markup."""

from pathlib import Path

from tests.fixtures.commands import RunKefu

QUESTION = "Is [/b] or [red] right, and :smile:?"


def installed(data_dir: Path, models_dir: Path) -> dict[str, str | Path]:
    return {"KEFU_DATA_DIR": data_dir, "KEFU_MODELS_DIR": models_dir}


def test_brackets_survive_in_names_of_files_and_in_questions(
    run_kefu: RunKefu, data_dir: Path, models_dir: Path, tmp_path: Path
) -> None:
    variables = installed(data_dir, models_dir)
    faq = tmp_path / "faq[red].csv"
    faq.write_text(f'question,answer\n"{QUESTION}",Both [/] are.\nno answer,\n', encoding="utf-8")

    imported = run_kefu("import", faq, "--approve", **variables)
    asked = run_kefu("ask", QUESTION, "--explain", **variables)

    assert imported.status == 4
    assert "faq[red].csv (faq): imp_" in imported.out
    assert asked.status == 0
    assert asked.out.startswith("Both [/] are.\n")
    assert QUESTION in asked.out[len("Both [/] are.\n") :]
    assert "faq[red].csv" in run_kefu("imports", "list", **variables).out


def test_brackets_survive_in_errors(run_kefu: RunKefu, data_dir: Path, models_dir: Path) -> None:
    ended = run_kefu("import", "faq[/b].csv", **installed(data_dir, models_dir))

    assert ended.status == 2
    assert "faq[/b].csv" in ended.err
