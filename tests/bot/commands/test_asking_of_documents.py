"""`kefu ask` of imported documents: the reply and, explained, each sentence with its source."""

import json
from pathlib import Path

from retrieval.composition_confidence import composed_at
from tests.fixtures.commands import RunKefu

QUESTION = "Can I take my bicycle on the ferry to the islands in winter?"


def test_explanation_tells_which_sentence_stands_where(
    run_kefu: RunKefu, data_dir: Path, models_dir: Path, tmp_path: Path
) -> None:
    variables = {"KEFU_DATA_DIR": data_dir, "KEFU_MODELS_DIR": models_dir}
    faq = tmp_path / "faq.csv"
    faq.write_text("question,answer\nWhen do you open?,At nine.\n", encoding="utf-8")
    pages = tmp_path / "help"
    pages.mkdir()
    (pages / "ferry.md").write_text(
        f"# Ferry\n\n## {QUESTION}\n\nYes [1]. A bicycle costs 4 euros.\n", encoding="utf-8"
    )
    for number in range(70):
        text = f"# Room {number}\n\nThere is a table for {number} people. The window looks at the yard.\n"
        (pages / f"room-{number}.md").write_text(text, encoding="utf-8")
    assert run_kefu("import", faq, "--approve", **variables).status == 0
    assert run_kefu("import", pages, "--approve", **variables).status == 0

    shown = run_kefu("ask", QUESTION, "--explain", **variables)
    told = json.loads(run_kefu("ask", QUESTION, "--explain", "--json", **variables).out)

    assert shown.status == 0, shown.err
    assert shown.out.startswith("Yes [1]. A bicycle costs 4 euros.\n")
    assert "outcome composed · rule composed_from_sources" in shown.out
    assert "composed from (confidence" in shown.out
    assert [part["source"]["title"] for part in told["reply"]["parts"]] == ["Ferry", "Ferry"]
    assert told["confidence"] >= told["evidence"]["compose_at"] == composed_at(0.10)
    assert {row["heading"] for row in told["evidence"]["composition"]["sentences"]} == {f"Ferry › {QUESTION}"}
