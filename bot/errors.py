"""Everything that can go wrong for a caller.

    KefuError                      said in words that name the value and the remedy
    ├── BadRequestError     400    not HTTP or JSON at all
    ├── InvalidInputError   422    payload or argument makes no sense      (exit code 2)
    ├── TooLargeError       413
    ├── UnauthorizedError   401    no token, or one that is not known
    │   └── IdentityRefusedError   a signed identity that can't be believed
    ├── ForbiddenError      403    known, but the key's scope is too small
    │   └── OriginRefusedError     a page of a website that the site does not list
    ├── NotFoundError       404    missing, or somebody else's: the same answer
    ├── ConflictError       409    the state of things does not allow it
    │   ├── RivalsError            another answer says or answers this already
    │   ├── HandoffStateError      a handoff is in another state, or in other hands
    │   ├── RequestRunningError    same Idempotency-Key, first request still running
    │   ├── NothingToServeError    no release yet
    │   └── GateRefusedError       the gate refused this release        (exit code 3)
    ├── KeyReusedError      422    same Idempotency-Key, other body
    ├── RateLimitedError    429
    └── UnavailableError    503    overloaded or not ready: try again
        └── NoReleaseError         there is nothing to answer with yet

``bot/problems.py`` turns them into RFC 9457 problems, ``bot/cli.py`` into a line and an exit code.
Each ``slug`` has a paragraph in docs/problems.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class KefuError(Exception):
    status: int = 500
    slug: str = "internal-error"
    title: str = "Something went wrong on our side"
    exit_code: int = 1
    errors: Sequence[dict[str, Any]] | None = None
    """Particulars that programs can read, besides ``detail``."""

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class BadRequestError(KefuError):
    status, slug, title, exit_code = 400, "bad-request", "The request is not valid HTTP or JSON", 2


class InvalidInputError(KefuError):
    status, slug, title, exit_code = 422, "invalid-input", "The request can't be understood", 2


class TooLargeError(KefuError):
    status, slug, title, exit_code = 413, "too-large", "The request is too large", 2


class UnauthorizedError(KefuError):
    status, slug, title = 401, "unauthorized", "A valid token is needed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class IdentityRefusedError(UnauthorizedError):
    slug, title = "identity-refused", "The signed identity can't be believed"


class ForbiddenError(KefuError):
    status, slug, title = 403, "forbidden", "This key may not do that"


class OriginRefusedError(ForbiddenError):
    slug, title = "origin-refused", "Pages of this origin may not call for this site"


class NotFoundError(KefuError):
    status, slug, title, exit_code = 404, "not-found", "There is no such thing", 2


class ConflictError(KefuError):
    status, slug, title = 409, "conflict", "The present state does not allow this"


class RivalsError(ConflictError):
    slug, title = "rivals", "Another answer says or answers this already"

    def __init__(self, detail: str, *, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(detail)
        self.errors = errors


class DecidedError(ConflictError):
    """Somebody else has decided about the same question before."""


class HandoffStateError(ConflictError):
    slug, title = "handoff-state", "The handoff is in another state"

    def __init__(self, detail: str, *, state: str, held_by: str | None) -> None:
        super().__init__(detail)
        self.errors = [{"state": state, "held_by": held_by}]


class RequestRunningError(ConflictError):
    slug, title = "request-running", "The first request with this Idempotency-Key is still running"


class NothingToServeError(ConflictError):
    slug, title = "nothing-to-serve", "There is no release yet"


class GateRefusedError(ConflictError):
    slug, title, exit_code = "gate-refused", "The gate refused this release", 3


class KeyReusedError(KefuError):
    status, slug, title = 422, "idempotency-key-reused", "This Idempotency-Key belongs to another request"


class RateLimitedError(KefuError):
    status, slug, title = 429, "rate-limited", "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after_s))})


class UnavailableError(KefuError):
    status, slug, title = 503, "unavailable", "Not able to answer right now"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class NoReleaseError(UnavailableError):
    def __init__(self) -> None:
        super().__init__(
            "there is no release yet (run `kefu import --approve` or `kefu demo`), or it can't be loaded (run `kefu doctor`)",
            retry_after_s=5,
        )


TEACHING_ERRORS = (
    UnauthorizedError,
    ForbiddenError,
    RateLimitedError,
    NotFoundError,
    ConflictError,
    RivalsError,
    RequestRunningError,
    KeyReusedError,
    InvalidInputError,
    TooLargeError,
    UnavailableError,
)
"""Of endpoints by which a person teaches the bot: labels, corrections, decisions, answers to gaps."""
