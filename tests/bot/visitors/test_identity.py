"""Which signed identities are believed."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from bot.errors import IdentityRefusedError
from bot.visitors.identity import verify
from tests.bot.visitors.sites import SECRET, identity


def in_an_hour(hours: float = 1) -> int:
    return int(time.time() + hours * 3600)


def written(claims: object, *, algorithm: str = "HS256", sign: bool = True) -> str:
    """By hand, since a library would not write what is not allowed."""
    header = json.dumps({"alg": algorithm}).encode()
    body = b".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, json.dumps(claims).encode())
    )
    signature = hmac.digest(SECRET.encode(), body, "sha256") if sign else b""
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


GOOD = {"sub": "ana", "aud": "default", "jti": "1", "exp": 9_999_999_999}

REFUSED = {
    "no signature": (lambda: written(GOOD, sign=False), "not signed with the secret"),
    "claims that are a list": (lambda: written([GOOD]), "no JWT signed by HS256"),
    "another secret": (lambda: identity(secret="kis_" + "t" * 43), "not signed with the secret"),
    "another algorithm": (lambda: identity(algorithm="HS512"), "no JWT signed by HS256"),
    "no algorithm": (lambda: written(GOOD, algorithm="none", sign=False), "no JWT signed by HS256"),
    "no JWT": (lambda: "ana", "no JWT signed by HS256"),
    "not even text of one": (lambda: "\ud800.é.\x00", "no JWT signed by HS256"),
    "expired": (lambda: identity(exp=in_an_hour(-1)), "expired"),
    "no end": (lambda: identity(exp=None), "one is missing"),
    "too long a life": (lambda: identity(exp=in_an_hour(25)), "more than 24 hours ahead"),
    "an end that is no number": (lambda: identity(exp=float("nan")), "exp"),
    "an infinite end": (lambda: identity(exp=float("inf")), "exp"),
    "an end in words": (lambda: identity(exp="tomorrow"), "exp"),
    "not yet valid": (lambda: identity(nbf=in_an_hour()), "not yet valid"),
    "another audience": (lambda: identity(aud="other"), "aud has to be 'default'"),
    "no audience": (lambda: identity(aud=None), "one is missing"),
    "no subject": (lambda: identity(sub=None), "one is missing"),
    "an empty subject": (lambda: identity(sub=""), "sub"),
    "a number as subject": (lambda: identity(sub=7), "sub"),
    "a subject without end": (lambda: identity(sub="a" * 256), "sub has to be a text"),
    "no nonce": (lambda: identity(jti=None), "jti has to be a text"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_identity_that_can_not_be_believed_is_refused(what: str) -> None:
    make, said = REFUSED[what]

    with pytest.raises(IdentityRefusedError) as refused:
        verify(make(), site_key="default", secret=SECRET)

    assert said in refused.value.detail


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["shop", "default"]},
        {"jti": None, "nonce": "1"},
        {"iat": 1},
        {"sub": "a\ud800"},
        {"exp": 1030.5},
    ],
)
def test_other_ways_to_say_the_same_are_believed(claims: dict[str, object]) -> None:
    wanted = {name: value for name, value in (GOOD | {"exp": 1000} | claims).items() if value is not None}
    token = written(wanted)

    assert (
        verify(token, site_key="default", secret=SECRET, now_s=990).nonce_hash
        == hashlib.sha256(b"1").hexdigest()
    )


def test_what_is_kept_of_an_identity_is_no_customer_number() -> None:
    token = written({"sub": "ana", "exp": 1000, "aud": "shop", "jti": "n"})
    found = verify(token, site_key="shop", secret=SECRET, now_s=900)

    assert found.subject_hash == hashlib.sha256(b"ana").hexdigest()
    assert found.expires_at.timestamp() == 1030
