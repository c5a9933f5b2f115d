"""Passwords: argon2id (RFC 9106, the parameters argon2-cffi recommends), worked out off the event loop, two at a time.

One hash takes 64 MB of memory, so that their number is bounded.
"""

import asyncio
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bot.errors import InvalidInputError

SHORTEST, LONGEST = 12, 1_000
AT_ONCE = 2
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else when it is read out."""

_hasher = PasswordHasher()
_room = threading.BoundedSemaphore(AT_ONCE)
_of_nobody = (
    "$argon2id$v=19$m=65536,t=3,p=4$tOIwETMOpMoWksDmFVtZPQ$morAGAUnKxsZNRL+qPwgVA6XJKeZupfWzgOgg9ibJms"
)
"""Of random characters that nobody kept, with the parameters of the hasher: making one takes every start a tenth of a second."""


def new_password() -> str:
    """Four groups of five characters: 100 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def checked_password(password: str) -> str:
    """Raises InvalidInputError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(
            f"a password has {SHORTEST} to {LONGEST:,} characters; this one has {len(password)}"
        )
    return password


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_hash, checked_password(password))


async def is_password(password: str, password_hash: str | None) -> bool:
    """Takes the same time for an account that does not exist (None), for which it is always false."""
    right = await asyncio.to_thread(_verify, password[: LONGEST + 1], password_hash or _of_nobody)
    return right and password_hash is not None


def _hash(password: str) -> str:
    with _room:
        return _hasher.hash(password)


def _verify(password: str, password_hash: str) -> bool:
    with _room:
        try:
            return _hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
