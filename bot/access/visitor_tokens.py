"""The visitor token of a conversation that a request opens.

A repeated request gets the same token again without its having been stored: it is worked out from what only the
rightful caller brings with both requests (docs/decisions/0007).
"""

import secrets
from dataclasses import dataclass

from bot.access.principals import Principal, VisitorPrincipal
from bot.access.tokens import VISITOR_PREFIX, derived_token


@dataclass(frozen=True)
class VisitorTokens:
    """``known`` is the token that the visitor has already; otherwise one comes from ``secret``."""

    known: str | None
    secret: str

    @classmethod
    def of_request(
        cls,
        principal: Principal | None,
        *,
        credentials: str | None,
        idempotency_key: str | None,
        renewed: bool = False,
    ) -> "VisitorTokens":
        """Without an Idempotency-Key nothing can be repeated, and the secret is a fresh one.

        ``renewed`` for a visitor who says who they are: what the token opens is more from then on, so it is another one.
        """
        if isinstance(principal, VisitorPrincipal) and not renewed:
            return cls(known=credentials, secret="")
        if idempotency_key is None:
            return cls(known=None, secret=secrets.token_urlsafe(32))
        return cls(known=None, secret=f"{credentials or 'anonymous'}\n{idempotency_key}")

    def token_for(self, conversation_id: str) -> str:
        return self.known or derived_token(VISITOR_PREFIX, secret=self.secret, purpose=conversation_id)
