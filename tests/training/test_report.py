from pathlib import Path

import pytest

from tests.training.test_records import measurement
from training.errors import EvaluationError
from training.evaluation.report import BEGIN, END, tables, write_report

OWN = {
    "messages": 200.0,
    "unknown": 50.0,
    "right_first": 0.9,
    "mrr": 0.95,
    "coverage_in_hindsight": 0.5,
    "coverage": 0.4,
    "unknown_share_assumed": 0.3,
    "seconds_to_train": 12.4,
    "ms_a_message": 3.25,
}
NEAREST = {"messages": 200.0, "unknown": 50.0, "right_first": 0.8, "mrr": 0.9, "coverage_in_hindsight": 0.25}


def test_table_has_a_row_per_method_and_blanks_where_it_has_no_figure() -> None:
    text = tables([measurement(**OWN), measurement(method="1-NN", **NEAREST)])
    assert text == (
        "## bank\n\n"
        "200 messages, 50 of them without an answer; b; commit abc, seed 0. "
        "Unknown share 25 %, assumed 30 %; 12 s to train, 3.2 ms a message.\n\n"
        "| method | right first | MRR | answerable at 10 % error, in hindsight | answered |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| Kefu | 90.0 % | 0.950 | 50.0 % | 40.0 % |\n"
        "| 1-NN | 80.0 % | 0.900 | 25.0 % |  |\n"
    )


def test_figures_are_averaged_over_the_seeds_of_the_commit_written_last() -> None:
    text = tables(
        [
            measurement(commit="old", **OWN | {"right_first": 0.1}),
            measurement(seed=0, **OWN | {"right_first": 0.2}),
            measurement(seed=0, **OWN | {"right_first": 0.6}),  # run again: the later one counts
            measurement(seed=1, **OWN | {"right_first": 0.8}),
        ]
    )
    assert "commit abc, seed 0, 1." in text
    assert "| Kefu | 70.0 ± 14.1 % |" in text


def test_page_is_made_and_only_the_part_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    write_report(path, [measurement(**OWN)])
    page = path.read_text(encoding="utf-8")
    assert "make benchmark DATA=" in page
    path.write_text(page.replace("# Benchmarks", "# Our figures") + "\nA note.\n", encoding="utf-8")
    write_report(path, [measurement(group="city", **OWN)])
    page = path.read_text(encoding="utf-8")
    assert page.startswith("# Our figures")
    assert page.endswith("\nA note.\n")
    assert "## city" in page
    assert "## bank" not in page
    assert [entry.name for entry in tmp_path.iterdir()] == ["benchmarks.md"]


@pytest.mark.parametrize("content", ["# Benchmarks\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_page_without_its_markers_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match="lacks the lines"):
        write_report(path, [measurement(**OWN)])
    assert path.read_text(encoding="utf-8") == content
