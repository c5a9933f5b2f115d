"""One question to an OpenAI-compatible server, and the text that came back.

Redirects are not followed, proxies of the environment not used. Nothing is streamed: a reply counts when it is whole, in JSON, and not
larger than a text of the length that was asked for can be.
"""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpcore

from bot.phrasing.connecting import ModelAddressError, ModelBackend
from bot.settings import PhrasingSettings

LARGEST_REPLY = 256 * 1024
LONGEST_TEXT = 8000
MOST_CONNECTIONS = 8
MOST_TOKENS = 1_000_000
"""What a server says is not believed beyond this."""

Message = Mapping[str, str]


class Fault(StrEnum):
    """What was wrong with a server's reply."""

    UNREACHABLE = "unreachable"
    STATUS = "status"
    REDIRECT = "redirect"
    CONTENT_TYPE = "content_type"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NO_TEXT = "no_text"


class ServerFaultError(Exception):
    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True)
class Completion:
    """``is_whole`` is False where the server stopped at the length that it was allowed."""

    text: str
    prompt_tokens: int
    output_tokens: int
    is_whole: bool


class ModelClient:
    """Keeps connections open between questions. Callers set the deadline; a request that is cancelled closes its connection."""

    def __init__(
        self, settings: PhrasingSettings, *, backend: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        assert settings.url is not None, "settings that are enabled have a URL"
        self._url = settings.url.rstrip("/") + "/chat/completions"
        self._settings = settings
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=30,
            network_backend=backend or ModelBackend(plain=urlsplit(settings.url).scheme == "http"),
        )

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """Raises ServerFaultError."""
        settings = self._settings
        asked = {
            "model": settings.model,
            "messages": list(messages),
            "max_tokens": settings.max_tokens,
            "temperature": 0,
            "stream": False,
        }
        headers = {"content-type": "application/json", "accept": "application/json", "user-agent": "Kefu"}
        headers["accept-encoding"] = "identity"
        if settings.api_key is not None:
            headers["authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
        body = json.dumps(asked, ensure_ascii=False).encode()
        try:
            return _read(await self._post(body, headers), sent=sum(len(each["content"]) for each in messages))
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise ServerFaultError(Fault.UNREACHABLE, f"{type(error).__name__}: {error}"[:300]) from error
        except ModelAddressError as error:
            raise ServerFaultError(Fault.UNREACHABLE, str(error)) from error

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        async with self._pool.stream("POST", self._url, headers=list(headers.items()), content=body) as reply:
            sent = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}
            if 300 <= reply.status < 400:
                raise ServerFaultError(Fault.REDIRECT, f"status {reply.status}: redirects are not followed")
            if reply.status != 200:
                raise ServerFaultError(Fault.STATUS, f"status {reply.status}")
            kind = sent.get("content-type", "").split(";")[0].strip().lower()
            if kind != "application/json" or sent.get("content-encoding", "identity") != "identity":
                raise ServerFaultError(Fault.CONTENT_TYPE, f"the reply is {kind[:80]!r}, not plain JSON")
            read = bytearray()
            async for piece in reply.aiter_stream():
                read += piece
                if len(read) > LARGEST_REPLY:
                    raise ServerFaultError(Fault.TOO_LARGE, f"more than {LARGEST_REPLY} bytes")
            return bytes(read)

    async def close(self) -> None:
        await self._pool.aclose()


def _read(body: bytes, *, sent: int) -> Completion:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ServerFaultError(Fault.NOT_JSON, f"the reply is not JSON: {str(error)[:100]}") from error
    choices = document.get("choices") if isinstance(document, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    text = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(text, str) or not text.strip():
        raise ServerFaultError(Fault.NO_TEXT, "the reply has no text in choices[0].message.content")
    if message.get("tool_calls") or message.get("function_call"):
        raise ServerFaultError(Fault.NO_TEXT, "the reply calls tools; none were offered")
    if len(text) > LONGEST_TEXT:
        raise ServerFaultError(Fault.TOO_LARGE, f"the text has {len(text)} characters")
    usage = document.get("usage")
    finished = isinstance(choice, dict) and choice.get("finish_reason") != "length"
    return Completion(
        text, _count(usage, "prompt_tokens", sent), _count(usage, "completion_tokens", len(text)), finished
    )


def estimated_tokens(characters: int) -> int:
    """For want of a server's own count: three characters a token, which is between English and Chinese."""
    return -(-characters // 3)


def _count(usage: Any, name: str, characters: int) -> int:
    counted = usage.get(name) if isinstance(usage, dict) else None
    if type(counted) is not int or counted < 0:
        return estimated_tokens(characters)
    return min(counted, MOST_TOKENS)
