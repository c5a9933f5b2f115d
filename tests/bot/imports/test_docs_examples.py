"""docs/import.md stays true: its examples are imported, its names and limits compared with the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.imports import dialogue_reader, fields, rasa_reader, source, workbooks
from bot.imports.columns import DIALOGUES, FAQ, Layout, fold_name
from bot.imports.readers import ImportFormat, detect_format, read_import
from bot.imports.records import Dialogue, FaqRow, RejectedLine, Turn
from bot.imports.schemas import ImportReport, MinedReport

PAGE = (Path(__file__).parents[3] / "docs" / "import.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = {title: content for _, title, content in BLOCKS if title}

_ENGLISH = ("How long does delivery take?", "Two working days.\nAbroad it takes five.")
_CHINESE = ("多久能送到?", "两个工作日送达。\n国外需要五天。")
_ASKED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
EXPECTED: dict[str, tuple[ImportFormat, list[Dialogue | FaqRow | RejectedLine]]] = {
    "faq.csv": (
        ImportFormat.FAQ,
        [
            FaqRow(*_ENGLISH, ("when will it arrive", "delivery time"), "delivery", "en", ("shipping",), "delivery-1", 2),
            FaqRow(*_CHINESE, ("什么时候到", "几天到货"), "delivery", "zh", ("物流",), "delivery-1", 4),
            FaqRow("Can I pay on invoice?", "Yes, up to 500 euros.", line=6),
        ],
    ),
    "faq.jsonl": (
        ImportFormat.FAQ,
        [
            FaqRow(*_ENGLISH, ("when will it arrive", "delivery time"), None, "en", (), "delivery-1", 1),
            FaqRow(*_CHINESE, ("什么时候到",), None, None, ("物流",), "delivery-1", 2),
            FaqRow(
                "Are you open at Christmas?",
                "No.",
                line=3,
                valid_from=datetime(2026, 12, 1, tzinfo=UTC),
                valid_until=datetime(2027, 1, 6, 23, tzinfo=UTC),
            ),
        ],
    ),
    "html.csv": (
        ImportFormat.FAQ,
        [
            FaqRow(
                "How long does delivery take?",
                "Two days.\n- Abroad: five\n- [Islands](https://shop.example/islands): ten",
                line=2,
            ),
            FaqRow("Which key sends the form?", "Press <Enter>.", line=3),
        ],
    ),
    "dialogues.jsonl": (
        ImportFormat.DIALOGUES,
        [
            Dialogue(
                "c-1",
                (
                    Turn("customer", "Where is my order?", _ASKED),
                    Turn("agent", "It leaves our store today.", _ASKED.replace(minute=31, second=10)),
                ),
            ),
            Dialogue("c-2", (Turn("customer", "可以开发票吗?"), Turn("agent", "可以，请在订单页面申请。")), "zh"),
        ],
    ),
    "dialogues.csv": (
        ImportFormat.DIALOGUES,
        [
            Dialogue(
                "c-1",
                (
                    Turn("customer", "Where is my order?", _ASKED),
                    Turn("agent", "It leaves our store today.", _ASKED.replace(minute=31)),
                ),
            ),
            Dialogue("c-2", (Turn("customer", "可以开发票吗?"), Turn("agent", "可以，请在订单页面申请。"))),
        ],
    ),
    "nlu.yml": (
        ImportFormat.RASA,
        [
            FaqRow(
                "How long does delivery take?",
                "Two working days.",
                ("when will my parcel arrive",),
                "faq/delivery",
                line=2,
            ),
            FaqRow("can I pay on invoice", "Yes, up to 500 euros.", (), "invoice", line=6),
        ],
    ),
    "qnamaker.tsv": (ImportFormat.QNAMAKER, [FaqRow(*_ENGLISH, tags=("area:shipping",), line=2)]),
    "qnamaker.json": (
        ImportFormat.QNAMAKER,
        [
            FaqRow("How long does delivery take?", "Two working days.", ("delivery time",), tags=("area:shipping",), line=2)
        ],
    ),
    "faulty.csv": (
        ImportFormat.FAQ,
        [
            FaqRow("How long does delivery take?", "Two working days.", line=2),
            *(
                RejectedLine(int(line), reason)
                for line, reason in re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
            ),
            FaqRow("Do you have a shop?", "Yes, in Hamburg.", line=6),
            FaqRow("Is there a warranty?", "Two years.", line=7),
        ],
    ),
}  # fmt: skip


def test_every_block_that_holds_data_is_checked() -> None:
    assert {title for language, title, _ in BLOCKS if language} == set(EXPECTED)


@pytest.mark.parametrize("title", EXPECTED)
def test_example_imports_as_described(tmp_path: Path, title: str) -> None:
    file = tmp_path / title
    file.write_text(EXAMPLES[title], encoding="utf-8")
    format, records = EXPECTED[title]
    assert detect_format(file) is format
    assert list(read_import(file)) == records


def _cells(first: str) -> list[str]:
    """The cells of the table row that begins with a name, separators that Markdown escapes included."""
    (row,) = re.findall(rf"^\| `{first}`(?: \(JSON only\))? \| (.*) \|$", PAGE, re.MULTILINE)
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)]


def _row_in(section: str, first: str) -> str:
    part = PAGE.split(section)[1].split("\n## ")[0]
    (row,) = re.findall(rf"^\| `{first}`(?: \(JSON only\))? \| .*\| ([^|]*) \|$", part, re.MULTILINE)
    return str(row)


@pytest.mark.parametrize(("section", "layout"), [("\n## FAQ\n", FAQ), ("\n## Dialogues\n", DIALOGUES)])
def test_column_names_are_those_of_the_code(section: str, layout: Layout) -> None:
    for column, names in layout.names.items():
        documented = {fold_name(name) for name in re.split(r",\s*", _row_in(section, column))}
        assert all({name, f"{name}s"} & {*documented, fold_name(column)} for name in names), column
        assert {layout.canonical(name) for name in documented} == {column}


def test_role_names_are_those_of_the_code() -> None:
    for role, names in fields.ROLE_NAMES.items():
        (documented,) = _cells(role)
        assert {role, *re.split(r",\s*", documented)} == set(names)


def test_limits_are_those_of_the_code() -> None:
    documented = dict(re.findall(r"^\| ([^|`]+) \| ([\d,]+)(?: bytes| characters)? \|$", PAGE, re.MULTILINE))
    assert documented == {
        "file, unpacked": f"{source.MAX_FILE_BYTES:,}",
        "XLSX, unpacked": f"{workbooks.MAX_UNPACKED_BYTES:,}",
        "JSON array or document": f"{source.MAX_DOCUMENT_CHARACTERS:,}",
        "YAML file": f"{rasa_reader.MAX_YAML_CHARACTERS:,}",
        "line": f"{source.MAX_LINE_CHARACTERS:,}",
        "question or phrasing": f"{fields.MAX_QUESTION_CHARACTERS:,}",
        "answer, or text of a turn": f"{fields.MAX_ANSWER_CHARACTERS:,}",
        "phrasings of one line": f"{fields.MAX_PHRASINGS:,}",
        "turns of one conversation": f"{dialogue_reader.MAX_TURNS:,}",
        "id, key, intent or tag": f"{fields.MAX_ID_CHARACTERS:,}",
    }


def test_report_fields_are_those_of_the_code() -> None:
    table = PAGE.split("\n## The report\n")[1]
    documented = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert documented == set(ImportReport.model_fields)
    mined = next(line for line in table.splitlines() if line.startswith("| `mined`"))
    assert set(re.findall(r"`(\w+)`", mined)) == {"mined", *MinedReport.model_fields}
