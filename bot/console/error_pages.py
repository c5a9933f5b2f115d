"""Errors as pages in the console's layout; for htmx as a sentence above what is there."""

import secrets

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.console.languages import TEXTS
from bot.console.rendering import is_htmx, page, part
from bot.db.overload import passing
from bot.errors import InvalidInputError, KefuError, NotFoundError, TooLargeError
from bot.problems import client_left

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    app.add_exception_handler(KefuError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(SQLAlchemyError, database_error_page)
    app.add_exception_handler(ClientDisconnect, client_left)
    app.add_exception_handler(Exception, _unexpected)


def error_page(request: Request, error: KefuError) -> Response:
    """The title in the operator's language, with what exactly is wrong below it."""
    slug = error.slug if f"errors.{error.slug}" in TEXTS else "internal-error"
    said = {"title": f"errors.{slug}", "detail": error.detail}
    if is_htmx(request):
        response = part(request, "error_part.html", **said)
        response.headers.update({"HX-Retarget": "#said", "HX-Reswap": "innerHTML show:window:top"})
        response.status_code = error.status
        return response
    return page(request, "error.html", status=error.status, **said)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, KefuError)
    return error_page(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """A form that was filled in wrongly, found by FastAPI or by a schema that an endpoint filled."""
    assert isinstance(error, RequestValidationError | ValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, item['loc'][-1:]))}: {item['msg']}" for item in error.errors()[:5])
    return error_page(request, InvalidInputError(wrong))


async def _unstorable(request: Request, _: Exception) -> Response:
    detail = "a value holds characters that can't be stored; remove them"
    return error_page(request, InvalidInputError(detail))


async def database_error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, SQLAlchemyError)
    if passes := passing(error):
        log.warning("database_busy", path=request.url.path, error=str(getattr(error, "orig", error)))
        return error_page(request, passes)
    return await _unexpected(request, error)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 413:
        return error_page(request, TooLargeError(str(error.detail)))
    if error.status_code in (404, 405):
        return error_page(request, NotFoundError(f"nothing at {request.url.path}"))
    known = InvalidInputError(f"{request.method} {request.url.path}: {error.detail}")
    known.status = error.status_code
    return error_page(request, known)


async def _unexpected(request: Request, error: Exception) -> Response:
    request_id = secrets.token_hex(8)
    log.error("unexpected_error", request_id=request_id, path=request.url.path, exc_info=error)
    return error_page(request, KefuError(f"request id {request_id}"))
