"""What /openapi.json says beyond what the endpoints declare themselves."""

from typing import Any

from fastapi import FastAPI

from bot.errors import BadRequestError, InvalidInputError
from bot.problems import PROBLEM_REFERENCE, Problem, responses

_OF_FASTAPI = ("HTTPValidationError", "ValidationError")
"""Schemas that FastAPI names for a refused payload; ours is a problem like all others."""

_ANYWHERE = {
    str(status): response
    for error in (InvalidInputError, BadRequestError)
    for status, response in responses(error).items()
}


class DescribedApi(FastAPI):
    """Its document has problems where FastAPI assumes its own errors, and the 400 of a body that is no JSON."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document["components"]["schemas"]
            for name in _OF_FASTAPI:
                schemas.pop(name, None)
            schemas[PROBLEM_REFERENCE.rsplit("/", 1)[1]] = Problem.model_json_schema()
            for path in document["paths"].values():
                for operation in path.values():
                    _describe(operation)
        return super().openapi()


def _describe(operation: dict[str, Any]) -> None:
    declared = operation["responses"]
    if _OF_FASTAPI[0] in str(declared.get("422")):
        declared["422"] = _ANYWHERE["422"]
    if "requestBody" in operation:
        declared.setdefault("400", _ANYWHERE["400"])
    operation["responses"] = dict(sorted(declared.items()))
