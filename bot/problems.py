"""The one place where errors become ``application/problem+json`` (RFC 9457)."""

import secrets
from http import HTTPMethod
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from bot.db.overload import passing
from bot.errors import BadRequestError, InvalidInputError, KefuError, NotFoundError, TooLargeError

TYPE_BASE = "urn:kefu:problem:"
MEDIA_TYPE = "application/problem+json"
PROBLEM_REFERENCE = "#/components/schemas/Problem"
log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """RFC 9457. Branch on ``type``; ``detail`` is for people."""

    type: str = Field(examples=[TYPE_BASE + "not-found"])
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = Field(
        None, description="Which fields are wrong, or which rivals there are, if any"
    )


def problem_response(
    *,
    status: int,
    slug: str,
    title: str,
    detail: str,
    headers: dict[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> JSONResponse:
    body: dict[str, Any] = {"type": TYPE_BASE + slug, "title": title, "status": status, "detail": detail}
    if errors is not None:
        body["errors"] = errors
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def error_response(error: KefuError) -> JSONResponse:
    return problem_response(
        status=error.status,
        slug=error.slug,
        title=error.title,
        detail=error.detail,
        headers=error.headers,
        errors=list(error.errors) if error.errors is not None else None,
    )


def responses(*errors: type[KefuError]) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of an endpoint: the problems it can return, by status, each type as an example."""
    declared: dict[int | str, dict[str, Any]] = {}
    for status in dict.fromkeys(error.status for error in errors):
        here = [error for error in dict.fromkeys(errors) if error.status == status]
        examples = {error.slug: {"summary": error.title, "value": _example(error)} for error in here}
        content = {MEDIA_TYPE: {"schema": {"$ref": PROBLEM_REFERENCE}, "examples": examples}}
        declared[status] = {"description": " · ".join(error.title for error in here), "content": content}
    return declared


def _example(error: type[KefuError]) -> dict[str, Any]:
    return {"type": TYPE_BASE + error.slug, "title": error.title, "status": error.status, "detail": "…"}


def install(app: FastAPI) -> None:
    app.add_exception_handler(KefuError, _kefu_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DataError, _data_error)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(ClientDisconnect, client_left)
    app.add_exception_handler(Exception, _unexpected_error)


async def _kefu_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KefuError)
    return error_response(error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"where": ".".join(str(part) for part in item["loc"]), "what": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{field['where']}: {field['what']}" for field in fields[:5])
    return problem_response(
        status=422, slug=InvalidInputError.slug, title=InvalidInputError.title, detail=detail, errors=fields
    )


async def _data_error(_: Request, __: Exception) -> JSONResponse:
    """PostgreSQL takes no NUL in a text, wherever it came from: path, cursor, filter."""
    return error_response(InvalidInputError("a value holds characters that can't be stored; remove them"))


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SQLAlchemyError)
    if passes := passing(error):
        log.warning("database_busy", path=request.url.path, error=str(getattr(error, "orig", error)))
        return error_response(passes)
    return await _unexpected_error(request, error)


async def client_left(request: Request, _: Exception) -> JSONResponse:
    """Nobody is there to read this."""
    log.info("client_left", path=request.url.path)
    return error_response(BadRequestError("the connection ended before the request did"))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return error_response(NotFoundError(f"nothing at {request.url.path}"))
    if error.status_code == 413:
        return error_response(TooLargeError(str(error.detail)))
    if error.status_code == 400:
        return error_response(BadRequestError(str(error.detail)))
    slug, headers = "http-error", dict(error.headers or {})
    if error.status_code == 405:
        slug, headers = "method-not-allowed", {"Allow": ", ".join(_methods_here(request))}
    return problem_response(
        status=error.status_code,
        slug=slug,
        title=str(error.detail),
        detail=f"{request.method} {request.url.path}: {error.detail}",
        headers=headers,
    )


def _methods_here(request: Request) -> list[str]:
    """The error itself knows those of the first route only that has the path."""
    scope = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}
    return [
        method
        for method in HTTPMethod
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


async def _unexpected_error(request: Request, error: Exception) -> JSONResponse:
    request_id = secrets.token_hex(8)
    log.error("unexpected_error", request_id=request_id, path=request.url.path, exc_info=error)
    detail = f"This is a bug. Please report it with the request id {request_id}."
    return problem_response(status=500, slug=KefuError.slug, title=KefuError.title, detail=detail)
