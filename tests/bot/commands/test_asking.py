"""``kefu ask`` with what was asked before."""

from pathlib import Path

from tests.fixtures.commands import RunKefu

FAQ = """question,answer
How much is standard shipping?,It costs 4.90.
How much is express shipping?,It costs 9.90.
Can I return something?,Within thirty days.
"""


def test_question_is_asked_after_others_and_tells_what_was_searched(
    run_kefu: RunKefu, data_dir: Path, models_dir: Path, tmp_path: Path
) -> None:
    variables: dict[str, str | Path] = {"KEFU_DATA_DIR": data_dir, "KEFU_MODELS_DIR": models_dir}
    faq = tmp_path / "faq.csv"
    faq.write_text(FAQ, encoding="utf-8")
    assert run_kefu("import", faq, "--approve", **variables).status == 0
    before = (
        "--after",
        "Can I return something?",
        "--after",
        "thanks",
        "--after",
        "How much is standard shipping?",
    )

    plain = run_kefu("ask", "and express?", "--explain", "--json", **variables).json
    refused = run_kefu("ask", "No, I meant express", *before, "--explain", "--json", **variables).json
    shown = run_kefu("ask", "No, I meant express", *before, "--explain", **variables)

    assert "context" not in plain["evidence"]
    told = refused["evidence"]["context"]
    assert (told["how"], told["with"]) == ("correction", ["How much is standard shipping?"])
    questions = [each["question"] for each in refused["candidates"]]
    assert "How much is standard shipping?" not in questions
    assert "How much is express shipping?" in questions
    assert "context correction, chance" in shown.out
    assert f"without {told['without']}" in shown.out


def test_answer_is_not_broken_where_it_goes_to_a_file_or_another_program(
    run_kefu: RunKefu, data_dir: Path, models_dir: Path, tmp_path: Path
) -> None:
    variables: dict[str, str | Path] = {"KEFU_DATA_DIR": data_dir, "KEFU_MODELS_DIR": models_dir}
    answer = "Send it back within thirty days, unworn and in the box it came in; we pay for the parcel."
    faq = tmp_path / "faq.csv"
    faq.write_text(f'{FAQ}How do I send it back?,"{answer}"\n', encoding="utf-8")
    assert run_kefu("import", faq, "--approve", **variables).status == 0

    assert run_kefu("ask", "How do I send it back?", COLUMNS="40", **variables).out == f"{answer}\n"
