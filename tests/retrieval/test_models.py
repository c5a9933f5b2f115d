"""Which backbone is chosen and where it is looked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import ModelNotFoundError
from retrieval.models import choose_backbone, find_model, model_folder, reads_chinese
from retrieval.records import Knowledge, PassageRecord, QuestionRecord

ENGLISH = "sentence-transformers/all-MiniLM-L6-v2"
MULTILINGUAL = "intfloat/multilingual-e5-small"


@pytest.mark.parametrize(
    ("texts", "name", "expected"),
    [
        (["Where is my order?", "refund"], "auto", ENGLISH),
        (["Where is my order?", "退款多久到账"], "auto", MULTILINGUAL),
        (["refund 退"], "auto", MULTILINGUAL),
        (["naïve café, ¿qué tal? 😀 １２３"], "auto", ENGLISH),
        (["𠮷野家"], "auto", MULTILINGUAL),
        ([], "auto", ENGLISH),
        (None, "auto", MULTILINGUAL),
        (["退款"], "english", ENGLISH),
        (["refund"], "multilingual", MULTILINGUAL),
        (["退款"], ENGLISH, ENGLISH),
        (None, "org/own-model", "org/own-model"),
        (None, "/srv/own-model", "/srv/own-model"),
    ],
)
def test_backbone_follows_the_texts_unless_it_is_named(
    texts: list[str] | None, name: str, expected: str
) -> None:
    assert choose_backbone(texts, name=name) == expected


@pytest.mark.parametrize(
    ("questions", "name", "expected"),
    [(3, "auto", MULTILINGUAL), (4, "auto", ENGLISH), (3, "english", ENGLISH)],
)
def test_texts_that_lead_to_answers_are_found_by_the_multilingual_one(
    questions: int, name: str, expected: str
) -> None:
    asked = [(topic, f"{topic} {number}") for topic in "abcd" for number in range(questions)]
    known = Knowledge(
        [QuestionRecord(number, topic, text, "en") for number, (topic, text) in enumerate(asked, start=1)],
        [PassageRecord(1, "a", "We pay back within seven days of your asking.", "en")],
    )
    assert choose_backbone(["Where is my order?"], name=name, knowledge=known) == expected


def test_reading_stops_at_the_first_chinese_text() -> None:
    texts = iter(["a", "退", "b"])
    assert choose_backbone(texts) == MULTILINGUAL
    assert next(texts) == "b"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("english", "all-MiniLM-L6-v2"),
        ("multilingual", "multilingual-e5-small"),
        (MULTILINGUAL, "multilingual-e5-small"),
        ("org/own-model", "own-model"),
        ("/srv/models/our model (v2)", "our-model-v2"),
        ("../../etc", "etc"),
    ],
)
def test_folder_is_the_last_part_of_the_name(name: str, folder: str) -> None:
    assert model_folder(name, models_dir=Path("/models")) == Path("/models") / folder


@given(name=st.text(min_size=1, max_size=30))
def test_folder_never_leaves_the_models_folder(name: str) -> None:
    try:
        folder = model_folder(name.replace("\0", ""), models_dir=Path("/models"))
    except ModelNotFoundError:
        return
    assert folder.parent == Path("/models")
    assert not folder.name.startswith(".")


def test_folder_of_an_encoder_is_taken_as_it_is(tiny_bert_folder: Path, tmp_path: Path) -> None:
    assert find_model(str(tiny_bert_folder), models_dir=tmp_path) == tiny_bert_folder
    assert find_model("tiny-bert", models_dir=tiny_bert_folder.parent) == tiny_bert_folder


def test_missing_model_names_the_place_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=f"kefu models get {ENGLISH}") as caught:
        find_model("english", models_dir=tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("name", ["", "..", "/", "退款"])
def test_name_that_gives_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        find_model(name, models_dir=tmp_path)


def test_only_the_english_backbone_is_not_asked_in_chinese() -> None:
    assert not reads_chinese(ENGLISH)
    assert reads_chinese(MULTILINGUAL)
    assert reads_chinese("somebody/else")
