"""What a curl command of the documents asks for, as the shell and curl would read it."""

import argparse
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx

_TELL_ARGUMENTS = """curl() { printf '%s\\0' "$@"; }; set -u; """


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None

    @property
    def path(self) -> str:
        return httpx.URL(self.url).path

    @property
    def json(self) -> Any:
        return json.loads(self.body or "{}")

    def send(self) -> httpx.Response:
        body = self.body.encode() if self.body is not None else None
        return httpx.request(self.method, self.url, headers=self.headers, content=body, timeout=30)


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def read_command(text: str, variables: Mapping[str, str]) -> Request:
    """Raises ValueError for options that are not known here; those of the documents are."""
    shell = ["sh", "-c", _TELL_ARGUMENTS + text]
    told = subprocess.run(shell, env=dict(variables), capture_output=True, text=True, check=True)
    options = _Options()
    options.add_argument("-s", action="store_true")
    options.add_argument("-X", dest="method")
    options.add_argument("-H", dest="headers", action="append", default=[])
    options.add_argument("-d", dest="body")
    options.add_argument("url")
    given = options.parse_args(told.stdout.split("\0")[:-1])
    headers = dict(header.split(": ", 1) for header in given.headers)
    if given.body is not None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return Request(given.method or ("POST" if given.body else "GET"), given.url, headers, given.body)
