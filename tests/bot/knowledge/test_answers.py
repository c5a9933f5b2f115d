"""/v1/answers through HTTP, on both databases."""

from datetime import timedelta

import httpx
import pytest

from bot.access.principals import Scope
from bot.db.base import now
from tests.bot.knowledge.replies import best_match, text_given
from tests.fixtures.services import Talk

TEXT = "Gift cards are valid for two years."
ASKED = "How long is a gift card valid?"


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def create(client: httpx.AsyncClient, key: dict[str, str], **fields: object) -> httpx.Response:
    body = {"text": TEXT, "language": "en", "questions": [ASKED], **fields}
    return await client.post("/v1/answers", json=body, headers=key)


async def test_new_answer_is_given_at_once(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    made = await create(client, writer, intent="gifts", tags=["cards", "cards"])

    assert made.status_code == 201
    item = made.json()
    assert await best_match(client, writer, ASKED) == item["id"]
    assert await text_given(client, writer, ASKED) == TEXT
    expected = {
        "text": TEXT, "language": "en", "variants": {"en": TEXT}, "state": "approved", "intent": "gifts",
        "tags": ["cards"], "version": 1, "valid_from": None, "valid_until": None, "questions": 1,
    }  # fmt: skip
    assert expected.items() <= item.items()


async def test_language_of_texts_is_told_when_it_is_not_stated(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    body = {"text": "礼品卡两年内有效。", "questions": ["礼品卡有效期多久", "gift card validity please?"]}
    made = (await client.post("/v1/answers", json=body, headers=writer)).json()

    listed = await client.get(f"/v1/questions?answer_id={made['id']}", headers=writer)
    assert made["language"] == "zh"
    assert [(q["text"], q["language"], q["source"]) for q in listed.json()["items"]] == [
        ("礼品卡有效期多久", "zh", "operator"),
        ("gift card validity please?", "en", "operator"),
    ]


async def test_edited_text_is_given_at_once_and_the_old_one_stays_in_the_versions(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    item = (await create(client, writer)).json()
    path = f"/v1/answers/{item['id']}"

    changed = await client.patch(path, json={"text": "Gift cards never expire."}, headers=writer)

    assert changed.json()["version"] == 2
    assert await text_given(client, writer, ASKED) == "Gift cards never expire."
    versions = (await client.get(f"{path}/versions", headers=writer)).json()["items"]
    assert [(v["version"], v["content"]["texts"]) for v in versions] == [
        (1, {"en": TEXT}),
        (2, {"en": "Gift cards never expire."}),
    ]
    assert all(v["changed_by"].startswith("key:key_") for v in versions)


async def test_variant_in_another_language_is_added_beside_the_first(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    item = (await create(client, writer)).json()

    patch = {"text": "礼品卡两年内有效。", "language": "zh-CN"}
    changed = (await client.patch(f"/v1/answers/{item['id']}", json=patch, headers=writer)).json()

    assert (changed["text"], changed["language"]) == (TEXT, "en")
    assert changed["variants"] == {"en": TEXT, "zh": "礼品卡两年内有效。"}
    in_chinese = (await client.get("/v1/answers?language=zh&q=礼品卡", headers=writer)).json()["items"]
    assert [(i["id"], i["text"], i["language"]) for i in in_chinese] == [
        (item["id"], "礼品卡两年内有效。", "zh")
    ]


async def test_retired_answer_is_not_given_and_approved_again_it_is(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    item = (await create(client, writer)).json()
    path = f"/v1/answers/{item['id']}"

    retired = await client.patch(path, json={"state": "retired"}, headers=writer)
    silent = await best_match(client, writer, ASKED)
    await client.patch(path, json={"state": "approved"}, headers=writer)
    spoken = await best_match(client, writer, ASKED)

    assert retired.json()["state"] == "retired"
    assert silent != item["id"]
    assert spoken == item["id"]


async def test_draft_is_never_given(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    item = (await create(client, writer, state="draft")).json()

    assert item["state"] == "draft"
    assert await best_match(client, writer, ASKED) != item["id"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00"])
async def test_moment_that_utc_does_not_have_is_refused_by_name(
    client: httpx.AsyncClient, writer: dict[str, str], moment: str
) -> None:
    item = (await create(client, writer, valid_until="9999-12-31T23:59:59Z")).json()

    made = await create(client, writer, text="Another.", valid_until=moment)
    changed = await client.patch(f"/v1/answers/{item['id']}", json={"valid_until": moment}, headers=writer)

    assert item["valid_until"] == "9999-12-31T23:59:59Z"
    assert (made.status_code, changed.status_code) == (422, 422)
    assert [error["where"] for error in made.json()["errors"]] == ["body.valid_until"]
    assert "outside the years 1 to 9999 of UTC" in changed.json()["detail"]


async def test_expired_answer_is_not_given_and_null_makes_it_valid_again(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    item = (await create(client, writer)).json()
    path = f"/v1/answers/{item['id']}"
    yesterday = (now() - timedelta(days=1)).isoformat()

    await client.patch(path, json={"valid_until": yesterday}, headers=writer)
    silent = await best_match(client, writer, ASKED)
    again = await client.patch(path, json={"valid_until": None}, headers=writer)

    assert silent != item["id"]
    assert again.json()["valid_until"] is None
    assert await best_match(client, writer, ASKED) == item["id"]


async def test_patch_without_change_makes_no_version(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    item = (await create(client, writer)).json()

    same = await client.patch(
        f"/v1/answers/{item['id']}", json={"text": TEXT, "intent": None}, headers=writer
    )

    assert same.json() == item


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"language": "fr"}, "'fr'"),
        ({"text": "\u200b"}, "empty"),
        ({"questions": ["?!"]}, "'?!'"),
        ({"valid_from": "2026-03-02T00:00:00Z", "valid_until": "2026-03-01T00:00:00Z"}, "must come after"),
        ({"valid_until": "2026-03-01T00:00:00"}, "timezone"),
        ({"state": "published"}, "approved"),
        ({"text": "x" * 20_001}, "20000"),
    ],
)
async def test_wrong_answer_is_refused_with_its_value(
    client: httpx.AsyncClient, writer: dict[str, str], fields: dict[str, object], words: str
) -> None:
    refused = await create(client, writer, **fields)

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:kefu:problem:invalid-input"
    assert words in refused.text


async def test_language_alone_says_nothing(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    item = (await create(client, writer)).json()

    refused = await client.patch(f"/v1/answers/{item['id']}", json={"language": "zh"}, headers=writer)

    assert refused.status_code == 422


async def test_answer_that_says_the_same_is_a_conflict(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    first = (await create(client, writer)).json()

    second = await create(client, writer, questions=["gift card expiry date"])

    assert second.status_code == 409
    assert second.json()["type"] == "urn:kefu:problem:conflict"
    assert first["id"] in second.json()["detail"]


async def test_question_that_leads_elsewhere_is_a_conflict_until_it_is_to_be_replaced(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    rival = {"text": "Ten days.", "questions": ["how long does delivery take"]}

    refused = await create(client, writer, **rival)
    replaced = await create(client, writer, **rival, replace=True)

    assert refused.status_code == 409
    assert knowledge["delivery"] in refused.json()["detail"]
    assert replaced.status_code == 201
    assert await text_given(client, writer, "How long does delivery take?") == "Ten days."


async def test_draft_with_a_rival_question_is_approved_only_as_its_replacement(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    await create(client, writer)
    draft = (await create(client, writer, text="Three years.", state="draft", questions=[])).json()
    question = {"text": ASKED, "answer_id": draft["id"]}
    refused_question = await client.post("/v1/questions", json=question, headers=writer)
    path = f"/v1/answers/{draft['id']}"

    assert refused_question.status_code == 409
    assert (await client.patch(path, json={"state": "approved"}, headers=writer)).status_code == 200


async def test_next_years_answer_may_have_this_years_questions(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    turn = (now() + timedelta(days=30)).isoformat()
    await create(client, writer, valid_until=turn)

    later = await create(client, writer, text="Three years.", valid_from=turn)

    assert later.status_code == 201
    assert await text_given(client, writer, ASKED) == TEXT


async def test_list_goes_page_by_page_and_by_filter(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/answers", params=params, headers=writer)).json()
        seen += [item["intent"] for item in page["items"]]
        cursor = page["next_cursor"]

    async def found(query: str) -> list[str]:
        items = (await client.get(f"/v1/answers?{query}", headers=writer)).json()["items"]
        return [item["intent"] for item in items]

    assert sorted(seen) == sorted(knowledge)
    assert cursor is None
    assert await found("intent=invoice&language=en") == ["invoice"]
    assert await found("language=zh&intent=invoice") == []
    assert await found("state=draft") == []
    assert await found("q=WORKING%20DAYS") == ["delivery"]
    assert await found("q=bill%20for") == ["invoice"]
    assert await found("q=%25") == []


@pytest.mark.parametrize("method", ["get", "patch"])
async def test_missing_answer_is_not_found(
    client: httpx.AsyncClient, writer: dict[str, str], method: str
) -> None:
    body = {"json": {"state": "retired"}} if method == "patch" else {}

    missing = await client.request(method, "/v1/answers/ans_nope", headers=writer, **body)

    assert missing.status_code == 404
    assert "ans_nope" in missing.json()["detail"]


async def test_reading_key_may_read_but_not_write(client: httpx.AsyncClient, new_key, talk: Talk) -> None:
    reader = await new_key(Scope.READ)

    assert (await client.get("/v1/answers", headers=reader)).status_code == 200
    assert (await create(client, reader)).status_code == 403
    assert (await create(client, talk.headers)).status_code == 403
    assert (await create(client, {})).status_code == 401


async def test_repeated_request_makes_one_answer(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    once = {**writer, "Idempotency-Key": "a-1"}

    first, second = await create(client, once), await create(client, once)
    other = await create(client, once, text="Three years.")

    assert first.json() == second.json()
    assert other.status_code == 422
    assert other.json()["type"] == "urn:kefu:problem:idempotency-key-reused"


async def test_personal_data_in_questions_is_masked_and_public_contacts_in_answers_stay(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    text = "Write to help@shop.example or call +1 415 555 0132."
    made = (
        await create(client, writer, text=text, questions=["I am ann@mail.example, who helps me?"])
    ).json()

    asked = (await client.get(f"/v1/questions?answer_id={made['id']}", headers=writer)).json()["items"]
    assert made["text"] == text
    assert [question["text"] for question in asked] == ["I am [email], who helps me?"]


async def test_value_that_no_database_takes_is_refused(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    for path in ("/v1/answers/a%00b", "/v1/answers?intent=%00"):
        assert (await client.get(path, headers=writer)).status_code in (200, 404, 422)
