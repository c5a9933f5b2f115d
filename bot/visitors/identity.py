"""Who a visitor is, signed by their site: a JWT (RFC 7519) that the site's server makes for somebody who is logged in.

HS256 with the site's identity secret and nothing else, whatever the token's header says (RFC 8725, section 3.1). Claims:
``sub`` the visitor's id at the site, ``exp`` at most a day ahead, ``aud`` the site's public key, and ``jti`` (or ``nonce``),
with which it is used once.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError, MissingClaimError
from joserfc.jwk import OctKey

from bot.errors import IdentityRefusedError

LONGEST_LIFE_S = 24 * 3600
LEEWAY_S = 30
"""By which the clocks of site and service may differ."""

LONGEST_CLAIM = 255
LONGEST_TOKEN = 4096
_ALGORITHM = "HS256"


@dataclass(frozen=True)
class Identity:
    """Of the visitor's id and the nonce only the SHA-256 is kept, so that the database holds no customer numbers."""

    subject_hash: str
    nonce_hash: str
    expires_at: datetime


def verify(token: str, *, site_key: str, secret: str | None, now_s: float | None = None) -> Identity:
    """Raises IdentityRefusedError, which says what is wrong with the token."""
    if secret is None:
        raise IdentityRefusedError(
            f"site {site_key!r} has no identity secret; make one: kefu sites secret {site_key}"
        )
    now = time.time() if now_s is None else now_s
    claims = _claims(token, site_key=site_key, secret=secret, now=now)
    if not claims["exp"] <= now + LONGEST_LIFE_S + LEEWAY_S:
        raise IdentityRefusedError(f"the identity's exp is more than {LONGEST_LIFE_S // 3600} hours ahead")
    nonce = claims.get("jti") or claims.get("nonce")
    return Identity(
        subject_hash=_hashed(claims["sub"], claim="sub"),
        nonce_hash=_hashed(nonce, claim="jti"),
        expires_at=datetime.fromtimestamp(claims["exp"] + LEEWAY_S, UTC),
    )


def _claims(token: str, *, site_key: str, secret: str, now: float) -> dict[str, Any]:
    needed = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_S,
        sub={"essential": True},
        exp={"essential": True},
        aud={"essential": True, "value": site_key},
    )
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=[_ALGORITHM]).claims
        needed.validate(claims)
    except ExpiredTokenError as error:
        raise IdentityRefusedError("the identity has expired; make a new one") from error
    except MissingClaimError as error:
        raise IdentityRefusedError("the identity needs sub, exp, aud and jti; one is missing") from error
    except ClaimError as error:
        raise IdentityRefusedError(
            f"a claim of the identity is wrong ({error.error}: {error.description}); aud has to be {site_key!r}"
        ) from error
    except BadSignatureError as error:
        raise IdentityRefusedError(
            f"the identity is not signed with the secret of site {site_key!r}"
        ) from error
    except (JoseError, ValueError) as error:
        raise IdentityRefusedError(f"the identity is no JWT signed by {_ALGORITHM}") from error
    return claims


def _hashed(value: object, *, claim: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CLAIM:
        raise IdentityRefusedError(
            f"the identity's {claim} has to be a text of 1 to {LONGEST_CLAIM} characters"
        )
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
