"""Every form of the console, found by walking its routes, with what a valid one holds: a form or a field that is added and not
described here fails ``test_every_field_of_the_console_is_played``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.routing import BaseRoute

from bot.console.app import create_console
from bot.console.gate import SAFE

LONG, LINE, NAME = 15_000, 380, 190
"""How long a text a field takes, a bit less than its limit."""


@dataclass(frozen=True)
class Form:
    """``texts`` are the fields that people write in, with the length they take; those that stand in one name, parted by blanks, get the
    same text in one go. ``rest`` is what else a valid form holds: there ``{n}`` counts up, and ``{answer_id}`` and the like
    are what the path's names stand for.
    """

    texts: dict[str, int]
    rest: dict[str, str] = field(default_factory=dict)
    few: bool = False
    """A password is hashed each time, or the whole index is asked, so that some of the strings have to do."""

    @property
    def fields(self) -> set[str]:
        return {*" ".join(self.texts).split(), *self.rest}


ANSWER = {
    "text": LONG,
    "intent tags": NAME,
    "valid_from": LONG,
    "valid_until": LONG,
}
SITE = {
    "name greeting_en greeting_zh suggestions_en suggestions_zh": NAME,
    "origins": LONG,
}
FORMS: dict[str, Form] = {
    "/login": Form(
        {"name": LINE, "password": LINE}, {"name": "Nobody", "password": "x", "next": ""}, few=True
    ),
    "/logout": Form({}),
    "/account/preferences": Form({"time_zone": LONG}, {"language": "en", "time_zone": "UTC"}),
    "/account/password": Form({"present": LONG, "new": LONG}, {"present": "x", "new": "x"}, few=True),
    "/inbox/{handoff_id}/take": Form({}),
    "/inbox/{handoff_id}/hand-back": Form({}),
    "/inbox/{handoff_id}/close": Form({}),
    "/inbox/{handoff_id}/reply": Form(
        {"text": LONG}, {"text": "x", "answer_id": "", "place": "0", "form_key": ""}
    ),
    "/inbox/{handoff_id}/reject": Form({}, {"answer_id": "{answer_id}", "place": "1"}),
    "/inbox/{handoff_id}/notes": Form({"text": 3_900}, {"text": "x", "form_key": ""}),
    "/review/exchanges/{exchange_id}": Form(
        {"text": LONG},
        {
            "verdict": "new_answer",
            "answer_id": "",
            "text": "x",
            "language": "en",
            "force": "true",
            "overrule": "true",
            "back": "/review",
        },
    ),
    "/review/exchanges/{exchange_id}/correction": Form(
        {"text": LONG},
        {
            "action": "add",
            "text": "x",
            "answer_id": "",
            "question_ids": "",
            "version": "1",
            "force": "true",
            "overrule": "true",
            "back": "/review",
        },
    ),
    "/review/candidates/{label_id}/accept": Form(
        {"text": LONG},
        {"text": "x", "answer_id": "", "language": "en", "force": "true", "back": "/review/candidates"},
    ),
    "/review/candidates/{label_id}/reject": Form({}, {"back": "x"}),
    "/review/gaps/find": Form({}),
    "/review/gaps/{gap_id}/answer": Form({"text": LONG}, {"text": "x", "answer_id": "", "force": "true"}),
    "/review/gaps/{gap_id}/dismiss": Form({}),
    "/knowledge": Form(
        {**ANSWER, "questions": LONG},
        {"text": "Answer {n}", "questions": "Question {n}", "language": "en", "state": "approved"},
    ),
    "/knowledge/{answer_id}": Form(
        ANSWER, {"version": "1", "text": "Answer {n}", "language": "en", "state": "approved"}
    ),
    "/knowledge/{answer_id}/questions": Form({"text": LINE}, {"text": "Question {n}", "replace": "true"}),
    "/knowledge/{answer_id}/questions/{question_id}/remove": Form({}),
    "/knowledge/hints": Form(
        {"text": LONG, "questions": LONG}, {"text": "x", "questions": "y", "answer_id": "{answer_id}"}
    ),
    "/knowledge/try": Form(
        {"text": LONG, "questions": LONG, "valid_from": LONG, "valid_until": LONG},
        {"text": "x", "questions": "y", "answer_id": "{answer_id}", "language": "en", "state": "approved"},
        few=True,
    ),
    "/knowledge/imports": Form({}, {"format": "auto"}),
    "/knowledge/imports/do": Form({}, {"upload": "x", "format": "auto"}),
    "/knowledge/imports/{batch_id}/undo": Form({}),
    "/knowledge/documents/{document_id}": Form(
        {"valid_from": LINE, "valid_until": LINE}, {"version": "1", "state": "approved"}
    ),
    "/knowledge/documents/{document_id}/pending": Form({}, {"version": "1", "verdict": "drop"}),
    "/training": Form({"reason": LINE}, {"reason": "x"}),
    "/training/{run_id}/cancel": Form({}),
    "/releases/rollback": Form({"reason": LINE}, {"reason": "x"}),
    "/releases/{release_id}/decision": Form({"reason": LINE}, {"approved": "false", "reason": "x"}),
    "/releases/{release_id}/promote": Form({"reason": LINE}, {"reason": "x"}),
    "/releases/{release_id}/shadow": Form({}),
    "/releases/experiments": Form({}, {"release_b": "x", "share": "0.5"}),
    "/releases/experiments/{experiment_id}/end": Form({}),
    "/settings/operators": Form({"name": 60}, {"name": "Bo {n}", "role": "viewer"}, few=True),
    "/settings/operators/{operator_id}/role": Form({}, {"role": "viewer"}),
    "/settings/operators/{operator_id}/password": Form({}),
    "/settings/operators/{operator_id}/enable": Form({}),
    "/settings/operators/{operator_id}/disable": Form({}),
    "/settings/keys": Form({"name": NAME}, {"name": "x", "scope": "read"}),
    "/settings/keys/{key_id}/revoke": Form({}),
    "/settings/sites": Form(SITE, {"name": "Shop {n}", "languages": "en,zh"}),
    "/settings/sites/{key}": Form(SITE, {"name": "Shop {n}", "languages": "en,zh"}),
    "/settings/sites/{key}/secret": Form({}),
    "/settings/webhooks": Form({"url": 1_900}, {"url": "https://hooks.example/", "events": "feedback.given"}),
    "/settings/webhooks/{webhook_id}/enable": Form({}),
    "/settings/webhooks/{webhook_id}/disable": Form({}),
    "/settings/webhooks/deliveries/{delivery_id}/replay": Form({}),
    "/settings/tolerance": Form({}, {"en": "x", "zh": "x"}),
}
NO_TEXTS = ("force", "replace", "approve", "consent_needed", "tune", "place", "version", "share", "everywhere", "on", "approved", "file")  # fmt: skip
"""Fields that are ticks, numbers and files; a file has a test of its own."""


def routes_below(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from routes_below(route.original_router.routes)  # type: ignore[attr-defined]  # FastAPI's own


ROUTES = list(routes_below(create_console(State()).routes))
PAGES = {route.path: route for route in ROUTES if "GET" in (route.methods or ())}


def fields_by_path() -> dict[str, set[str]]:
    """What each form takes, by the routes."""
    found: dict[str, set[str]] = {}
    for route in ROUTES:
        if (route.methods or set()).isdisjoint(SAFE):
            found[route.path] = set(_names(route))
    return found


def query_fields(path: str) -> set[str]:
    return {param.alias for param in PAGES[path].dependant.query_params}


def _names(route: APIRoute) -> Iterator[str]:
    for param in route.dependant.body_params:
        model = getattr(param.field_info.annotation, "model_fields", None)
        yield from model if model else [param.alias]
