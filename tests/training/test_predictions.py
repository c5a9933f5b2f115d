from pathlib import Path

import pytest

from retrieval.decision import Outcome
from training.errors import EvaluationError
from training.evaluation.pipeline import Reply
from training.evaluation.predictions import check_target, write_intents, write_run

REPLIES = [
    Reply(("card", "loan"), (0.75, 0.125), Outcome.ANSWERED),
    Reply(("loan", "card"), (1 / 3, 0.0), Outcome.HANDED_OFF),
]


def test_intents_file_has_a_row_per_text_in_order(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_intents(path, ["my, card", '"贷款"'], REPLIES)
    assert path.read_text(encoding="utf-8") == (
        "text,intent,confidence,outcome\n"
        '"my, card",card,0.750000,answered\n'
        '"""贷款""",loan,0.333333,handed_off\n'
    )


def test_run_file_ranks_the_answers_of_each_query(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    write_run(path, ["q1", "q2"], REPLIES)
    assert path.read_text(encoding="utf-8") == (
        "query_id,rank,faq_id,confidence,outcome\n"
        "q1,1,card,0.750000,answered\n"
        "q1,2,loan,0.125000,answered\n"
        "q2,1,loan,0.333333,handed_off\n"
        "q2,2,card,0.000000,handed_off\n"
    )


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        write_intents(path, ["one text"], REPLIES)
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_target_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="is a folder; name a file"):
        check_target(tmp_path)
    with pytest.raises(EvaluationError, match="there is no folder"):
        check_target(tmp_path / "gone" / "out.csv")
    check_target(tmp_path / "out.csv")


def test_device_is_not_replaced_by_a_file() -> None:
    with pytest.raises(EvaluationError, match="is a device or a pipe; name a plain file"):
        check_target(Path("/dev/null"))
