"""Errors as OpenAI's clients expect them: ``{"error": {message, type, param, code}}``."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from bot.db.overload import passing
from bot.errors import (
    ForbiddenError,
    KefuError,
    NotFoundError,
    RateLimitedError,
    TooLargeError,
    UnauthorizedError,
)

_TYPES: dict[type[KefuError], tuple[str, str | None]] = {
    UnauthorizedError: ("authentication_error", "invalid_api_key"),
    ForbiddenError: ("permission_error", "insufficient_permissions"),
    NotFoundError: ("invalid_request_error", "not_found"),
    RateLimitedError: ("requests", "rate_limit_exceeded"),
}


class ErrorDetails(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAiError(BaseModel):
    """The one shape of all errors here, except 413, which is a problem here, too: it can come before the path is looked at."""

    error: ErrorDetails


def openai_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": OpenAiError, "description": HTTPStatus(status).phrase} for status in statuses}


class ModelUnknownError(NotFoundError):
    """The model named in the request is not the one this service has."""


class OpenAiRoute(APIRoute):
    """Turns every error of an endpoint, its dependencies included, into OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _invalid(error)
            except KefuError as error:
                return _known(error)
            except HTTPException as error:  # a body that is no JSON in UTF-8, or too large
                if error.status_code == TooLargeError.status:
                    raise
                return _body(error.status_code, str(error.detail), "invalid_request_error", None)
            except SQLAlchemyError as error:
                if passes := passing(error):
                    return _known(passes)
                raise

        return handled


def _known(error: KefuError) -> JSONResponse:
    if isinstance(error, ModelUnknownError):
        return _body(404, error.detail, "invalid_request_error", "model_not_found", param="model")
    fallback = ("server_error" if error.status >= 500 else "invalid_request_error", error.slug)
    kind, code = _TYPES.get(type(error), fallback)
    return _body(error.status, error.detail, kind, code, headers=error.headers)


def _invalid(error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"] if part != "body"]
    detail = f"{'.'.join(where) or 'body'}: {first['msg']}"
    return _body(400, detail, "invalid_request_error", None, param=".".join(where) or None)


def _body(
    status: int,
    message: str,
    kind: str,
    code: str | None,
    *,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers=headers)
