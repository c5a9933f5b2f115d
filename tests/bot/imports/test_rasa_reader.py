"""Rasa projects: examples joined with responses, and YAML that must not be trusted."""

from pathlib import Path

import pytest

from bot.imports import rasa_reader
from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import
from bot.imports.records import FaqRow, RejectedLine

NLU = """\
version: "3.1"
nlu:
- intent: faq/shipping
  examples: |
    - How long does [shipping](topic) take?
    - when will [it]{"entity": "thing"} arrive
    # a remark
- intent: greet
  examples:
  - text: hello
  - hi there
- intent: refund
  examples: |
    - 怎么退款
- synonym: parcel
  examples: |
    - package
- intent: lost
  examples: |
    - nothing
"""
DOMAIN = """\
responses:
  utter_faq/shipping:
  - image: x.png
  - text: |
      Two days.
      Or three.
  - text: Another way to say it.
  utter_hello:
  - text: Hello!
  utter_refund:
  - text: 请点“申请”。
"""
RULES = """\
rules:
- rule: say hello
  steps:
  - intent: greet
  - action: utter_hello
- rule: longer
  steps:
  - intent: refund
  - action: utter_hello
  - action: utter_refund
"""
EXPECTED = [
    FaqRow(
        "How long does shipping take?",
        "Two days.\nOr three.",
        ("when will it arrive",),
        intent="faq/shipping",
        line=3,
    ),
    FaqRow("hello", "Hello!", ("hi there",), intent="greet", line=8),
    FaqRow("怎么退款", "请点“申请”。", intent="refund", line=12),
    RejectedLine(
        18,
        "nlu.yml, intent 'lost': there is no response 'utter_lost': add it to the domain or leave the intent out",
    ),
]


def _project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / "data").mkdir(exist_ok=True, parents=True)
        (folder / "data" / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_files_of_a_project_are_joined(tmp_path: Path) -> None:
    folder = _project(tmp_path / "bot", nlu=NLU, domain=DOMAIN, rules=RULES)
    assert detect_format(folder) is ImportFormat.RASA
    assert list(read_import(folder)) == EXPECTED


def test_one_file_may_hold_all_parts(tmp_path: Path) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(NLU + DOMAIN + RULES, encoding="utf-8")
    assert detect_format(file) is ImportFormat.RASA
    assert list(read_import(file)) == EXPECTED


def test_examples_without_responses_ask_for_the_domain(tmp_path: Path) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(NLU, encoding="utf-8")
    with pytest.raises(ImportFileError, match=r"has no `responses:`: import the project's folder"):
        list(read_import(file))


def test_responses_without_examples_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "domain.yml"
    file.write_text(DOMAIN, encoding="utf-8")
    with pytest.raises(ImportFileError, match="no intents with examples"):
        list(read_import(file))


def test_folder_or_yaml_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="a folder without the YAML files of a Rasa project"):
        detect_format(tmp_path)
    file = tmp_path / "compose.yml"
    file.write_text("services: {}\n")
    with pytest.raises(ImportFileError, match="neither `nlu:` nor `responses:`"):
        detect_format(file)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nlu: [", "is not valid YAML"),
        ("nlu: !!python/object/apply:os.system [echo]\n", "no intents"),
        ("a: &a [x]\nnlu: [*a, *a]\n", r"uses the alias \*a in line 2"),
        ("nlu: " + "[" * 60 + "]" * 60, "nests deeper than 50 levels"),
        ("nlu: " + "[" * 200_000, "nests deeper than 50 levels"),
        ("nlu: \x01", "is not valid YAML"),
        ("- just\n- a list\n", "no intents"),
    ],
)
def test_hostile_or_broken_yaml_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(text)
    with pytest.raises(ImportFileError, match=reason):
        list(read_import(file, format=ImportFormat.RASA))


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _project(tmp_path / "bot", nlu=NLU, domain=DOMAIN)
    monkeypatch.setattr(rasa_reader, "MAX_YAML_FILES", 1)
    with pytest.raises(ImportFileError, match="holds 2 YAML files"):
        list(read_import(folder, format=ImportFormat.RASA))
    monkeypatch.setattr(rasa_reader, "MAX_YAML_CHARACTERS", 100)
    with pytest.raises(ImportFileError, match="more than 100 characters"):
        list(read_import(folder / "data" / "nlu.yml", format=ImportFormat.RASA))
