"""Every curl command of the documents does what it says, against a real server; what it sends and gets is what the API knows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bot.access.principals import Scope
from tests.contract.curl import Request
from tests.contract.example import Example, JsonObject, Shop
from tests.fixtures.documents import DOCUMENTS, Block, blocks, statements

KEYS = {"docs/experiments.md": Scope.ADMIN}
"""Whose ``$KEY`` may more than write."""


@dataclass(frozen=True)
class Case:
    """A command, another body for it that a comment gives, and the reply that the document shows."""

    where: str
    text: str
    body: str | None = None
    reply: str | None = None


def cases() -> Iterator[Case]:
    for document in DOCUMENTS:
        found = blocks(document)
        for place, block in enumerate(found):
            shown = reply_below(block, found[place + 1 : place + 2])
            yield from cases_of(block, shown)


def reply_below(block: Block, following: list[Block]) -> str | None:
    """A block of JSON right below belongs to the last command."""
    ends = block.line + block.code.count("\n") + 1
    return next((b.code for b in following if b.language == "json" and b.line <= ends + 2), None)


def cases_of(block: Block, shown: str | None) -> Iterator[Case]:
    commands = [
        each for each in statements(block) if block.language == "sh" and each.text.startswith("curl ")
    ]
    for command in commands:
        told = [comment[4:] for comment in command.comments if comment.startswith("# → ")]
        reply = told[0] if told else shown if command is commands[-1] else None
        yield Case(command.where, command.text, reply=reply)
        for number, comment in enumerate(command.comments):
            if body := re.match(r"#\s+'({.*?})'", comment):
                yield Case(f"{command.where}.{number}", command.text, body=body[1])


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.where)
def test_curl_example_works(case: Case, shop: Shop) -> None:
    text = (
        case.text if case.body is None else re.sub(r"(?<=-d )'[^']*'", lambda _: f"'{case.body}'", case.text)
    )
    scope = KEYS.get(case.where.split(":")[0], Scope.WRITE)
    request = Example(shop, text, scope).request()
    check_names(shop, request)
    response = request.send()

    assert response.is_success, f"{request.method} {request.url}: {response.text}"
    if case.reply:
        documented = json.loads(re.sub(r",\s*…", "", case.reply))
        check_shape(documented, response.json())
    for answer in set(re.findall(r"ans_\w+", response.text)) - shop.answers:  # so that it is nobody's rival
        shop.as_admin("PATCH", f"/v1/answers/{answer}", state="retired")


def check_names(shop: Shop, request: Request) -> None:
    """The API passes over what it does not know: here it is wrong."""
    document = shop.call("GET", "/openapi.json")
    operation = operation_of(document, request)
    parameters = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
    assert set(httpx.URL(request.url).params) <= parameters
    if request.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert request.json.keys() <= fields_of(document, schema)


def operation_of(document: JsonObject, request: Request) -> JsonObject:
    fitting = [
        path
        for path, methods in document["paths"].items()
        if request.method.lower() in methods and re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.path)
    ]
    assert fitting, f"{request.method} {request.path} is not in the API"
    operation: JsonObject = document["paths"][min(fitting, key=lambda path: path.count("{"))]
    return operation[request.method.lower()]


def fields_of(document: JsonObject, schema: JsonObject) -> set[str]:
    if "$ref" in schema:
        return fields_of(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    return {*schema.get("properties", {})}.union(*(fields_of(document, s) for s in schema.get("anyOf", [])))


def check_shape(documented: Any, actual: Any) -> None:
    """Names and fixed texts are as documented; ``…`` stands for anything, as a moment, a number or yes and no stand for others."""
    if isinstance(documented, dict):
        assert documented.keys() <= actual.keys()
        for name, value in documented.items():
            check_shape(value, actual[name])
    elif isinstance(documented, list):
        check_shape(documented[0], actual[0])
    elif not isinstance(documented, str):
        assert type(actual) is type(documented)
    elif re.match(r"\d{4}-\d\d-\d\d", documented):
        assert actual is None or re.match(r"\d{4}-\d\d-\d\d", actual)
    elif "…" in documented:
        assert isinstance(actual, str)
        assert actual.startswith(documented.split("…")[0])
    else:
        assert actual == documented


def test_commands_are_found_in_the_documents_that_have_some() -> None:
    by_document = {case.where.split(":")[0] for case in CASES}

    assert by_document == {
        *("README.md", "README.zh.md", "docs/channels.md", "docs/experiments.md", "docs/feedback.md"),
        "docs/handoff.md",
    }
    lines = sum(block.code.count("curl ") for name in DOCUMENTS for block in blocks(name))
    assert len([case for case in CASES if case.body is None]) == lines


def test_problem_is_sent_as_it_is_documented(shop: Shop) -> None:
    [block] = [block for block in blocks("docs/problems.md") if block.language == "json"]
    documented = json.loads(block.code)
    headers = {"Authorization": f"Bearer {shop.keys['read']}"}

    got = httpx.get(f"{shop.url}/v1/conversations/cnv_x", headers=headers)

    assert got.status_code == documented["status"]
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json() == documented
