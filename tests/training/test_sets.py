import gzip
import json
from pathlib import Path

import pytest

from tests.fixtures.fakes import HashEncoder
from training.errors import EvaluationError
from training.evaluation.demo import DemoCompany
from training.evaluation.pipeline import FitSettings
from training.evaluation.runs import PIPELINE, measure_set
from training.evaluation.sets import read_set


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def write_demo(folder: Path) -> None:
    answers = [
        {
            "answer_key": "refund",
            "language": "en",
            "question": "Can I get a refund?",
            "phrasings": ["money back"],
            "answer": "Within 30 days.",
        },
        {
            "answer_key": "refund",
            "language": "zh",
            "question": "可以退款吗？",
            "phrasings": ["退钱"],
            "answer": "30 天内可以。",
        },
        {
            "answer_key": "hours",
            "language": "en",
            "question": "Opening hours?",
            "phrasings": ["when are you open"],
            "answer": "From 9 to 5.",
        },
        {
            "answer_key": "hours",
            "language": "zh",
            "question": "几点开门？",
            "phrasings": ["营业时间"],
            "answer": "9 点到 17 点。",
        },
    ]
    questions = [
        {"id": "t1", "language": "en", "question": "a refund please", "answer_keys": ["refund"]},
        {"id": "t2", "language": "zh", "question": "什么时候开门", "answer_keys": ["hours"]},
        {"id": "t3", "language": "en", "question": "do you sell horses", "answer_keys": []},
    ]
    for name, rows in (("faq.jsonl", answers), ("test_questions.jsonl", questions)):
        write(folder / name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def test_stackfaq_hit_is_any_relevant_answer(tmp_path: Path) -> None:
    write(
        tmp_path / "stackfaq/faq.csv",
        "faq_id,thread_id,question,answer\na1,t1,Q?,x\na2,t1,Q?,y\nb1,t2,R?,z\n",
    )
    write(tmp_path / "stackfaq/queries.csv", "query_id,thread_id,query,fold\nq1,t1,q,0\nq2,t2,r,1\n")
    write(tmp_path / "stackfaq/qrels.csv", "query_id,faq_id,relevance\nq1,a1,1\nq1,a2,1\nq2,b1,1\n")
    found = read_set("stackfaq", data=tmp_path)
    assert found.texts == ("q", "r")
    assert found.right == (frozenset({"a1", "a2"}), frozenset({"b1"}))
    assert found.groups == {"stackfaq": (0, 1)}


def write_gzip(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content.encode()))


def test_multidogo_takes_one_domain_and_several_labels_as_one(tmp_path: Path) -> None:
    header = "domain,conversation_id,turn,text,intents,slot_labels\n"
    folder = tmp_path / "multidogo"
    write_gzip(
        folder / "train.csv.gz",
        header + "media,1,0,hi,greeting,O\nsoftware,2,0,it broke,broken|update,O\nmedia,1,2,bill,bill,O\n",
    )
    write_gzip(folder / "test.csv.gz", header + "media,9,0,my bill,bill,O\nsoftware,8,0,a,broken,O\n")
    found = read_set("multidogo_media", data=tmp_path)
    assert [(q.text, q.answer_id) for q in found.training.knowledge.questions] == [
        ("hi", "greeting"),
        ("bill", "bill"),
    ]
    assert (found.texts, found.right) == (("my bill",), (frozenset({"bill"}),))
    software = read_set("multidogo_software", data=tmp_path)
    assert software.training.knowledge.questions[0].answer_id == "broken|update"


def test_feedbackqa_sections_have_a_heading_and_training_questions(tmp_path: Path) -> None:
    folder = tmp_path / "feedbackqa"
    rows = [
        {"passage_id": "C-0", "source": "CDC", "type": "FAQ", "page_title": "T", "headers": ["H", "May I?"]},
        {"passage_id": "C-1", "source": "CDC", "type": "Passage_only", "page_title": "T", "headers": ["H"]},
        {"passage_id": "A-0", "source": "Australia", "type": "FAQ", "page_title": "U", "headers": []},
    ]
    lines = "".join(json.dumps(row | {"content": f"Text {row['passage_id']}"}) + "\n" for row in rows)
    write_gzip(folder / "passages.jsonl.gz", lines)
    write(
        folder / "questions.csv",
        "question_id,source,split,question,passage_id\n"
        "1,CDC,train,can I,C-0\n2,CDC,valid,could I,C-1\n3,CDC,test,should I,C-1\n4,Australia,test,q,A-0\n",
    )
    found = read_set("feedbackqa_cdc", data=tmp_path)
    assert [(q.text, q.answer_id) for q in found.training.knowledge.questions] == [
        ("T H May I?", "C-0"),
        ("T H", "C-1"),
        ("can I", "C-0"),
    ]
    assert [(p.answer_id, p.text) for p in found.training.knowledge.passages] == [
        ("C-0", "Text C-0"),
        ("C-1", "Text C-1"),
    ]
    assert (found.texts, found.right) == (("should I",), (frozenset({"C-1"}),))
    assert read_set("feedbackqa_cdc_validation", data=tmp_path).texts == ("could I",)


def test_missing_gzipped_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"train\.csv\.gz cannot be read: No such file"):
        read_set("multidogo_media", data=tmp_path)


def test_taipei_scripts_are_scored_apart_each_with_the_unknown_questions(tmp_path: Path) -> None:
    folder = tmp_path / "taipei_faq_zh"
    write(folder / "faq.csv", "faq_id,question,answer\nf1,問,答\n")
    write(folder / "queries.csv", "query_id,query,script\nq1,傳統,hant\nq2,简化,hans\nq3,也是,hant\n")
    write(folder / "qrels.csv", "query_id,faq_id,relevance\nq1,f1,1\nq2,f1,1\nq3,f1,1\n")
    write(folder / "out_of_scope.csv", "query_id,query\no1,天气\n")
    found = read_set("taipei_faq_zh", data=tmp_path)
    assert found.groups == {"taipei_faq_zh hant": (0, 2, 3), "taipei_faq_zh hans": (1, 3)}
    assert found.right[3] == frozenset()


def test_out_of_scope_rows_have_no_right_intent_and_never_become_an_answer(tmp_path: Path) -> None:
    folder = tmp_path / "clinc150"
    write(folder / "train.csv", "text,intent,domain\na,x,d\nb,y,d\nc,oos,oos\n")
    write(folder / "test.csv", "text,intent,domain\nd,x,d\ne,oos,oos\n")
    found = read_set("clinc150", data=tmp_path)
    assert found.right == (frozenset({"x"}), frozenset())
    assert {question.answer_id for question in found.training.knowledge.questions} == {"x", "y"}
    assert [message.utterance for message in found.training.out_of_scope] == ["c"]


def test_demo_answers_join_their_languages(tmp_path: Path) -> None:
    write_demo(tmp_path)
    found = DemoCompany.read(tmp_path).as_set()
    questions = found.training.knowledge.questions
    assert [(q.answer_id, q.text) for q in questions[:3]] == [
        ("refund", "Can I get a refund?"),
        ("refund", "money back"),
        ("refund", "可以退款吗？"),
    ]
    assert len(found.training.knowledge.passages) == 4
    assert found.groups == {"demo en": (0, 2), "demo zh": (1,)}
    assert found.right == (frozenset({"refund"}), frozenset({"hours"}), frozenset())


def test_demo_across_languages_knows_the_other_language_alone(tmp_path: Path) -> None:
    write_demo(tmp_path)
    found = DemoCompany.read(tmp_path).across_languages("en")
    assert found.texts == ("a refund please",)
    assert {q.language for q in found.training.knowledge.questions} == {"zh"}
    assert {p.language for p in found.training.knowledge.passages} == {"zh"}
    assert found.groups == {"demo en, knowledge in zh": (0,)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "has no records"),
        ("{", "is not JSON lines"),
        ('{"language": "en"}', "record 1, lacks answer_key, question"),
    ],
)
def test_demo_folder_that_cannot_be_used_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        write(tmp_path / "faq.jsonl", content)
    with pytest.raises(EvaluationError, match=message):
        DemoCompany.read(tmp_path)


def test_set_is_measured_for_every_group_beside_the_baselines(tmp_path: Path) -> None:
    write_demo(tmp_path)
    found = measure_set(
        DemoCompany.read(tmp_path).as_set(),
        HashEncoder(),
        serving_encoder=HashEncoder(),
        settings=FitSettings(seed=7),
        commit="abc",
    )
    assert list(dict.fromkeys(each.method for each in found)) == [
        PIPELINE,
        "TF-IDF 1-NN",
        "BM25 over questions",
        "frozen 1-NN over questions",
        "BM25 over question + answer",
        "frozen 1-NN over question + answer",
        "frozen, larger of question and passage",
    ]
    assert {(each.set, each.commit, each.seed, each.backbone) for each in found} == {
        ("demo", "abc", 7, "hash")
    }
    own = {each.group: each.figures for each in found if each.method == PIPELINE}
    assert own["demo en"]["right_first"] == 1.0
    assert (own["demo en"]["messages"], own["demo en"]["unknown"]) == (2, 1)
    assert own["demo zh"]["unknown"] == 0
    assert own["demo en"]["ms_a_message"] > 0


def test_intent_set_has_the_classifiers_as_baselines(tmp_path: Path) -> None:
    folder = tmp_path / "banking77"
    rows = [f"{text} {n},{text}" for text in ("lost card", "open account") for n in range(6)]
    write(folder / "train.csv", "text,intent\n" + "\n".join(rows) + "\n")
    write(folder / "test.csv", "text,intent\nlost card 9,lost card\nopen account 9,open account\n")
    found = measure_set(
        read_set("banking77", data=tmp_path),
        HashEncoder(),
        serving_encoder=HashEncoder(),
        settings=FitSettings(),
        commit="abc",
    )
    figures = {each.method: each.figures for each in found}
    assert {"TF-IDF + LinearSVC", "frozen encoder + logistic regression"} < figures.keys()
    assert all(row["right_first"] == row["macro_f1"] == 1.0 for row in figures.values())


SCOPED = (
    "text,intent,scope\n"
    "where is my card,card,in_scope\n"
    "card is late,card,in_scope\n"
    "top up failed,topup,in_scope\n"
    "who are you,who,id_oos\n"
)


def test_near_and_far_unknown_questions_are_groups_and_never_learned(tmp_path: Path) -> None:
    asked = "text,intent,scope\nmy card,card,in_scope\nwho is it,who,id_oos\nnice weather,oos,ood_oos\n"
    write(tmp_path / "banking77_oos/train.csv", SCOPED)
    write(tmp_path / "banking77_oos/test.csv", asked)
    write(tmp_path / "banking77_oos/dev.csv", asked.replace("my card", "our card"))
    found = read_set("banking77_oos", data=tmp_path)
    assert [q.answer_id for q in found.training.knowledge.questions] == ["card", "card", "topup"]
    assert found.right == (frozenset({"card"}), frozenset(), frozenset())
    assert found.groups == {
        "banking77_oos": (0, 1, 2),
        "banking77_oos near": (0, 1),
        "banking77_oos far": (0, 2),
    }
    validation = read_set("banking77_oos_validation", data=tmp_path)
    assert validation.texts == ("our card", "who is it", "nice weather")
    assert next(iter(validation.groups)) == "banking77_oos validation"


def test_few_shot_draws_take_as_many_of_each_intent_and_differ(tmp_path: Path) -> None:
    rows = [f"question {n} about {intent},{intent}" for intent in ("card", "topup") for n in range(30)]
    write(tmp_path / "banking77/train.csv", "text,intent\n" + "\n".join(rows) + "\n")
    write(tmp_path / "banking77/test.csv", "text,intent\nmy card,card\n")
    first, second = (read_set(f"banking77_5_{draw}", data=tmp_path) for draw in (0, 1))
    texts = [{q.text for q in found.training.knowledge.questions} for found in (first, second)]
    assert [q.answer_id for q in first.training.knowledge.questions] == ["card"] * 5 + ["topup"] * 5
    assert texts[0] != texts[1]
    assert list(first.groups) == list(second.groups) == ["banking77, 5 an intent"]


def test_validation_rows_are_training_rows_that_are_not_learned(tmp_path: Path) -> None:
    rows = [
        f"question {chr(97 + n)} about {intent},{intent}" for intent in ("card", "topup") for n in range(26)
    ]
    write(tmp_path / "banking77/train.csv", "text,intent\n" + "\n".join(rows) + "\n")
    found = read_set("banking77_validation", data=tmp_path)
    learned = {q.text for q in found.training.knowledge.questions}
    assert not learned & set(found.texts)
    assert len(learned) + len(found.texts) == 52
    assert 3 <= len(found.texts) <= 20
