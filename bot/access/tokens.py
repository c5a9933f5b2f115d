"""Bearer tokens: 256 bits behind a prefix that tells what they are; only their SHA-256 is stored."""

import base64
import hashlib
import hmac
import secrets

VISITOR_PREFIX = "kv_"
KEY_PREFIX = "kk_"


def new_token(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def derived_token(prefix: str, *, secret: str, purpose: str) -> str:
    """HMAC-SHA256 (RFC 2104) of the purpose: always the same, and as hard to guess as the secret is."""
    digest = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return prefix + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def token_hash(token: str) -> str:
    """No salt and no slow hash are needed: so many random bits can't be guessed or looked up."""
    return hashlib.sha256(token.encode()).hexdigest()
