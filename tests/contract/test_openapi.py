"""What /openapi.json promises is what the endpoints do, for valid and for invalid requests made from it.

Ids that exist are written into the document before requests are made from it, so that they get past the 404.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as bounded
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from bot.access.principals import Scope
from bot.app import create_app
from bot.db.engine import Database
from bot.releases.building import build_release
from bot.settings import RateLimitSettings, Settings
from tests.fixtures.databases import in_own_loop
from tests.fixtures.services import create_key, fill_knowledge, promoted_release

ENDLESS = {"GET /v1/conversations/{conversation_id}/events": "a stream of events ends when the client leaves"}
EXAMPLES = 30
PROBLEMS = Path(__file__).parents[2] / "docs/problems.md"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FAQ = "question,answer\nDo you lend bicycles?,We do.\n"
JsonObject = dict[str, Any]


def document() -> JsonObject:
    return create_app(Settings()).openapi()


DESCRIBED = {
    f"{method.upper()} {path}": described
    for path, methods in document()["paths"].items()
    for method, described in methods.items()
}
OPERATIONS = list(DESCRIBED)
WITHOUT_A_TOKEN = {
    "GET /v1/sites/{key}/widget",
    "POST /v1/conversations",
    "GET /health/live",
    "GET /health/ready",
}
OF_VISITORS = {
    *WITHOUT_A_TOKEN,
    "POST /v1/conversations/{conversation_id}/messages",
    "GET /v1/conversations/{conversation_id}/messages",
    "GET /v1/conversations/{conversation_id}/events",
    "GET /v1/conversations/{conversation_id}",
    "POST /v1/conversations/{conversation_id}/handoff",
    "DELETE /v1/conversations/{conversation_id}/handoff",
    "POST /v1/conversations/{conversation_id}/handoff/contact",
    "POST /v1/conversations/{conversation_id}/rating",
    "GET /v1/conversations",
    "DELETE /v1/conversations/{conversation_id}",
    "POST /v1/exchanges/{exchange_id}/feedback",
    "DELETE /v1/exchanges/{exchange_id}/feedback",
}
OF_KEYS = {
    "GET /v1/handoffs",
    "GET /v1/handoffs/{handoff_id}/briefing",
    "POST /v1/handoffs/{handoff_id}/take",
    "POST /v1/handoffs/{handoff_id}/hand-back",
    "POST /v1/handoffs/{handoff_id}/close",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /v1/chat/completions",
    "POST /webhooks/rest/webhook",
    "GET /v1/answers",
    "POST /v1/answers",
    "GET /v1/answers/{answer_id}",
    "PATCH /v1/answers/{answer_id}",
    "GET /v1/answers/{answer_id}/versions",
    "GET /v1/answers/{answer_id}/sources",
    "GET /v1/questions",
    "POST /v1/questions",
    "DELETE /v1/questions/{question_id}",
    "GET /v1/labels",
    "POST /v1/labels",
    "POST /v1/labels/{label_id}/accept",
    "POST /v1/labels/{label_id}/reject",
    "GET /v1/feedback",
    "POST /v1/exchanges/{exchange_id}/correction",
    "POST /v1/conversations/{conversation_id}/agent-replies",
    "GET /v1/review",
    "POST /v1/review/{exchange_id}",
    "GET /v1/gaps",
    "POST /v1/gaps/find",
    "GET /v1/gaps/{gap_id}",
    "POST /v1/gaps/{gap_id}/answer",
    "POST /v1/gaps/{gap_id}/dismiss",
    "GET /v1/documents",
    "GET /v1/documents/{document_id}",
    "PATCH /v1/documents/{document_id}",
    "GET /v1/documents/{document_id}/versions/{version}",
    "GET /v1/imports",
    "POST /v1/imports",
    "GET /v1/imports/{batch_id}",
    "POST /v1/imports/{batch_id}/undo",
    "GET /v1/exports",
    "POST /v1/exports",
    "GET /v1/exports/{export_id}",
    "DELETE /v1/exports/{export_id}",
    "GET /v1/training-runs",
    "POST /v1/training-runs",
    "GET /v1/training-runs/{run_id}",
    "POST /v1/training-runs/{run_id}/cancel",
    "GET /v1/training-runs/{run_id}/log",
    "GET /v1/quality",
    "GET /v1/releases",
    "GET /v1/releases/{release_id}",
    "POST /v1/releases/rollback",
    "POST /v1/releases/{release_id}/promote",
    "GET /v1/releases/{release_id}/shadow",
    "POST /v1/releases/{release_id}/shadow",
    "DELETE /v1/releases/{release_id}/shadow",
    "GET /v1/sites",
    "POST /v1/sites",
    "GET /v1/sites/{key}",
    "PATCH /v1/sites/{key}",
    "DELETE /v1/sites/{key}",
    "POST /v1/sites/{key}/secret",
    "GET /v1/webhooks",
    "POST /v1/webhooks",
    "DELETE /v1/webhooks/{webhook_id}",
    "POST /v1/webhooks/{webhook_id}/enable",
    "GET /v1/webhooks/{webhook_id}/deliveries",
    "POST /v1/webhooks/deliveries/{delivery_id}/replay",
    "GET /v1/experiments",
    "POST /v1/experiments",
    "GET /v1/experiments/{experiment_id}",
    "DELETE /v1/experiments/{experiment_id}",
}
"""Together what is promised: an operation that is taken away or added is noticed here."""


@dataclass(frozen=True)
class Service:
    """The app in a loop of its own, asked with an admin key."""

    client: TestClient
    key: dict[str, str]
    schema: BaseSchema

    def send(self, request: JsonObject, **headers: str) -> Any:
        prepared = requests.Request(**request).prepare()
        return self.client.request(
            request["method"],
            prepared.url or "",
            content=prepared.body or b"",
            headers={**prepared.headers, **self.key, **headers},
        )


@pytest.fixture(scope="module")
def service(
    _sqlite_template: Path, models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("contract")
    shutil.copy(_sqlite_template, data_dir / "kefu.db")
    settings = Settings(data_dir=data_dir, models_dir=models_dir, rate_limit=RateLimitSettings(enabled=False))
    key: dict[str, str] = {}

    async def fill() -> None:
        database = Database.open(settings.database_url)
        await fill_knowledge(database)
        for _ in range(2):  # one to go back to
            await promoted_release(database, settings)
        await build_release(database, settings, created_by="test")
        key.update(await create_key(database, Scope.ADMIN))
        await database.close()

    in_own_loop(fill())
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        schema = schemathesis.openapi.from_dict(with_known(document(), known_ids(client, key)))
        schema.config.generation.update(with_security_parameters=False)
        yield Service(client, key, schema)


def known_ids(client: TestClient, key: dict[str, str]) -> dict[str, list[str]]:
    """Of every kind of thing that a path or a body may name: some that are there."""

    def post(path: str, body: object) -> JsonObject:
        made: JsonObject = client.post(path, json=body, headers=key).raise_for_status().json()
        return made

    def ids(path: str) -> list[str]:
        listed = client.get(path, headers=key).raise_for_status().json()["items"]
        return [item["id"] for item in listed]

    conversation = post("/v1/conversations", {})["conversation_id"]
    exchange = post(f"/v1/conversations/{conversation}/messages", {"text": "Can I return something?"})
    faq = b"question,answer\nDo you repair drones?,We do.\n"
    for approve in (True, False):
        path = f"/v1/imports?format=faq&filename=f.csv&approve={approve}"
        content = faq if approve else faq.replace(b"drones", b"kites")
        client.post(path, content=content, headers=key | {"Content-Type": "application/octet-stream"})
    for text in (b"# Repairs\n\nWe repair drones.\n", b"# Repairs\n\nWe repair kites.\n"):
        path = "/v1/imports?filename=repairs.md&approve=true"
        client.post(path, content=text, headers=key | {"Content-Type": "application/octet-stream"})
    for _ in range(3):
        post("/v1/exports", {"kind": "knowledge"})
    cancelled = post("/v1/training-runs", {"reason": "new prices"})["id"]
    post(f"/v1/training-runs/{cancelled}/cancel", {})
    post("/v1/training-runs", {})
    webhook = post("/v1/webhooks", {"url": "https://receiver.invalid/", "events": ["conversation.started"]})[
        "id"
    ]
    post("/v1/conversations", {})
    answers = ids("/v1/answers")
    tried, speaking, _ = releases = ids("/v1/releases")
    post(f"/v1/releases/{tried}/shadow", {})
    experiment = post("/v1/experiments", {"release_a": speaking, "release_b": tried})["id"]
    client.delete(f"/v1/experiments/{experiment}", headers=key).raise_for_status()
    exchanges = [exchange["id"], *_voted(post, exchange["conversation_id"])]
    waiting, to_close = _handoffs(post), _handoffs(post)
    return {
        "conversation_id": [conversation, *waiting.values()],
        "handoff_id": list(waiting),
        "POST /v1/handoffs/{handoff_id}/close": list(to_close),
        "DELETE /v1/conversations/{conversation_id}": [
            post("/v1/conversations", {})["conversation_id"] for _ in range(EXAMPLES)
        ],
        "exchange_id": exchanges,
        "label_id": _candidates(post, conversation),
        "gap_id": _gaps(client, key),
        "key": ["default"],
        "DELETE /v1/sites/{key}": [post("/v1/sites", {"name": "Shop"})["key"] for _ in range(EXAMPLES)],
        "webhook_id": [webhook],
        "DELETE /v1/webhooks/{webhook_id}": [
            post("/v1/webhooks", {"url": "https://receiver.invalid/", "events": ["handoff.ended"]})["id"]
            for _ in range(EXAMPLES)
        ],
        "delivery_id": ids(f"/v1/webhooks/{webhook}/deliveries"),
        "answer_id": answers,
        "choice": answers,
        "question_id": ids("/v1/questions")[-4:],
        "batch_id": ids("/v1/imports"),
        "document_id": ids("/v1/documents"),
        "export_id": ids("/v1/exports"),
        "run_id": ids("/v1/training-runs"),
        "release_id": releases,
        "release_a": releases,
        "release_b": releases,
        "experiment_id": [experiment],
        "model": ["kefu"],
    }


def _voted(post: Callable[[str, object], JsonObject], conversation: str) -> list[str]:
    """Exchanges with a vote to take back."""
    path = f"/v1/conversations/{conversation}/messages"
    made = [post(path, {"text": "Can I return something?"})["id"] for _ in range(3)]
    for id in made:
        post(f"/v1/exchanges/{id}/feedback", {"rating": "up"})
    return made


def _handoffs(post: Callable[[str, object], JsonObject]) -> dict[str, str]:
    """More of them, each in a conversation of its own, than one operation can end; with their conversations."""
    talks = [post("/v1/conversations", {})["conversation_id"] for _ in range(2 * EXAMPLES)]
    return {post(f"/v1/conversations/{talk}/handoff", {})["id"]: talk for talk in talks}


def _candidates(post: Callable[[str, object], JsonObject], conversation: str) -> list[str]:
    """More of them than one operation can accept or reject, and no two alike."""
    post(f"/v1/conversations/{conversation}/handoff", {})
    path = f"/v1/conversations/{conversation}/agent-replies"
    words = [first * 4 + second * 4 for first in "bcdfgh" for second in "klmnpqst"]
    return [post(path, {"text": f"{word} {word[::-1]}"})["label_id"] for word in words]


def _gaps(client: TestClient, key: dict[str, str]) -> list[str]:
    """More of them than one operation can answer or dismiss: each a question that two visitors ask and nothing answers."""
    for word in (first * 5 + second * 5 for first in "bcdfgh" for second in "klmnp"):
        for text in (f"{word} {word[::-1]} {word}", f"{word} {word[::-1]} {word} please"):
            began = client.post("/v1/conversations", json={}).raise_for_status().json()
            path = f"/v1/conversations/{began['conversation_id']}/messages"
            visitor = {"Authorization": f"Bearer {began['visitor_token']}"}
            client.post(path, json={"text": text}, headers=visitor).raise_for_status()
    client.post("/v1/gaps/find", headers=key).raise_for_status()
    listed = client.get("/v1/gaps?limit=100", headers=key).raise_for_status().json()["items"]
    return [gap["id"] for gap in listed]


def with_known(described: JsonObject, ids: dict[str, list[str]]) -> JsonObject:
    """The document with the ids that exist, and one that does not, as the values of each parameter and field."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in ids and parameter["in"] == "path":
                    # Those that another operation would have ended before.
                    known = ids.get(f"{method.upper()} {path}", ids[parameter["name"]])
                    parameter["schema"]["enum"] = [*known, "nobody"]
    for name in (
        "MessageIn",
        "QuestionIn",
        "LabelIn",
        "AcceptIn",
        "ExportWish",
        "DecisionIn",
        "ChatCompletionRequest",
    ):
        for field, schema in described["components"]["schemas"][name]["properties"].items():
            if field in ids:
                for variant in schema.get("anyOf", [schema]):
                    if variant["type"] == "string":
                        variant["enum"] = [*ids[field], "nobody"]
    correction = described["components"]["schemas"][
        "CorrectionIn"
    ]  # each action takes other fields: two of them here
    correction["properties"] = {
        "action": {"enum": ["add", "replace"]},
        "text": {"enum": ["We lend bicycles.", "我们出租自行车。", "Kites are mended on Fridays."]},
        "force": {"type": "boolean"},
    }
    correction["required"] = ["action", "text"]
    wish = described["components"]["schemas"]["ExperimentWish"]  # one of the four pairs can be started
    wish["properties"] = {name: {"enum": ids[name]} for name in ("release_a", "release_b")}
    described["components"]["schemas"]["WebhookIn"]["properties"]["url"]["enum"] = [
        "https://receiver.invalid/"
    ]
    gap = described["components"]["schemas"]["GapAnswerIn"]  # earlier answers are no rivals of these
    gap["properties"] = {
        "text": {"enum": ["Umbrellas are mended in Bonn.", "Saddles are waxed twice.", "我们修理雨伞。"]},
        "force": {"type": "boolean"},
    }
    gap["required"] = ["text"]
    contact = described["components"]["schemas"][
        "ContactIn"
    ]  # one of two fields, each with a form of its own
    contact["properties"] |= {
        "email": {"enum": ["ana@example.com"]},
        "phone": {"enum": ["0228 123456", None]},
    }
    contact["required"] = ["email"]
    said = described["components"]["schemas"]["ChatMessage"]["properties"]
    said["role"]["enum"], said["content"] = ["user"], {"enum": ["Can I return something?", None]}
    for media_type, content in described["paths"]["/v1/imports"]["post"]["requestBody"]["content"].items():
        file = content["schema"]
        (file["properties"]["file"] if media_type == "multipart/form-data" else file)["enum"] = [FAQ]
    return described


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in ENDLESS])
def test_every_reply_is_documented(operation: str, service: Service) -> None:
    method, path = operation.split(" ")
    described = service.schema[path][method]
    statuses: Counter[int] = Counter()

    # Of a header alone nothing wrong can be made up.
    takes_nothing = not described.path_parameters and not described.query and not described.body
    for mode in [GenerationMode.POSITIVE] if takes_nothing else GenerationMode:

        @seed(0)
        @bounded(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=described.as_strategy(generation_mode=mode))
        def sends(case: schemathesis.Case) -> None:
            response = service.send(case.as_transport_kwargs(base_url="http://kefu.test"))
            statuses[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        sends()
    assert any(status < 300 for status in statuses), f"no request got through: {statuses}"


def test_document_has_the_promised_operations_and_no_other() -> None:
    assert set(OPERATIONS) == OF_VISITORS | OF_KEYS


@pytest.mark.parametrize("path", sorted({operation.split(" ")[1] for operation in OPERATIONS}))
def test_method_that_a_path_does_not_know_is_told_those_that_it_knows(path: str, service: Service) -> None:
    asked = re.sub(r"{\w+}", "nobody", path)
    known = {
        method
        for method, template in (operation.split(" ") for operation in OPERATIONS)
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), asked)
    }

    refused = service.client.put(asked)

    assert (refused.status_code, refused.json()["type"]) == (405, "urn:kefu:problem:method-not-allowed")
    assert set(refused.headers["allow"].split(", ")) - {"HEAD"} == known


@pytest.mark.parametrize(
    "path", ["/health/live", "/health/ready", "/metrics", "/", "/page/page.js", "/widget.js", "/openapi.json"]
)
def test_monitors_may_ask_for_the_head_alone(path: str, service: Service) -> None:
    head, whole = service.client.head(path), service.client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


def documented_types(operation: str) -> set[str]:
    """The types of the problems that an operation can return, as its document shows them."""
    shown: set[str] = set()
    for reply in DESCRIBED[operation]["responses"].values():
        problem = reply.get("content", {}).get("application/problem+json", {})
        shown |= {example["value"]["type"] for example in problem.get("examples", {}).values()}
    return {type.removeprefix("urn:kefu:problem:") for type in shown}


@pytest.mark.parametrize("operation", sorted(OF_VISITORS | OF_KEYS))
def test_errors_are_documented_as_problems_of_known_types(operation: str) -> None:
    errors = {
        status: reply["content"]
        for status, reply in DESCRIBED[operation]["responses"].items()
        if int(status) >= 400
    }
    if DESCRIBED[operation]["tags"] == ["openai"]:
        assert errors.pop("413", None) is None or documented_types(operation) == {"too-large"}
        shapes = {content["application/json"]["schema"]["$ref"] for content in errors.values()}
        assert shapes == {"#/components/schemas/OpenAiError"}
        return
    assert all(set(content) == {"application/problem+json"} for content in errors.values())
    assert all(content["application/problem+json"]["examples"] for content in errors.values())
    assert documented_types(operation) <= set(
        re.findall(r"^## ([a-z-]+)$", PROBLEMS.read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_token_is_described_as_what_may_be_left_out_where_it_may() -> None:
    optional = {operation for operation in OPERATIONS if {} in DESCRIBED[operation].get("security", [{}])}

    assert optional == WITHOUT_A_TOKEN
    assert DESCRIBED["POST /v1/conversations"]["security"] == [{"HTTPBearer": []}, {}]


@pytest.mark.parametrize("operation", sorted((OF_VISITORS | OF_KEYS) - WITHOUT_A_TOKEN))
def test_no_token_and_a_wrong_one_get_the_documented_401(operation: str, service: Service) -> None:
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        refused = ask_for_nobody(service, operation, headers)

        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert is_refused_as(refused, operation, "unauthorized", "invalid_api_key")


@pytest.mark.parametrize("operation", sorted(OF_KEYS))
def test_visitor_gets_the_documented_403_where_a_key_is_needed(operation: str, service: Service) -> None:
    token = service.client.post("/v1/conversations", json={}).json()["visitor_token"]

    refused = ask_for_nobody(service, operation, {"Authorization": f"Bearer {token}"})

    assert refused.status_code == 403
    assert is_refused_as(refused, operation, "forbidden", "insufficient_permissions")


def ask_for_nobody(service: Service, operation: str, headers: dict[str, str]) -> Any:
    method, path = operation.split(" ")
    body = {} if "requestBody" in DESCRIBED[operation] else None
    return service.client.request(method, re.sub(r"{\w+}", "nobody", path), json=body, headers=headers)


def is_refused_as(refused: Any, operation: str, slug: str, openai_code: str) -> bool:
    if DESCRIBED[operation]["tags"] == ["openai"]:
        return bool(refused.json()["error"]["code"] == openai_code)
    assert slug in documented_types(operation)
    return bool(refused.json()["type"] == f"urn:kefu:problem:{slug}")


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/widget.js", "/metrics", "/openapi.json"])
def test_what_is_promised_beside_the_document_is_there(path: str, service: Service) -> None:
    assert service.client.get(path).status_code == 200
