"""Fixtures that every test may ask for; they are made in tests/fixtures."""

import os
from collections.abc import Iterator

import pytest

from tests.fixtures.plain_logs import log_plainly

# A process of pytest-xdist has the width of a terminal that is not there; commands would keep it from their import on.
os.environ.pop("COLUMNS", None)
# Two processes of tests share the cores; see `training`, which some tests import after torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

log_plainly()

pytest_plugins = [
    "tests.fixtures.backbones",
    "tests.fixtures.browsers",
    "tests.fixtures.databases",
    "tests.fixtures.operators",
    "tests.fixtures.services",
    "tests.fixtures.commands",
    "tests.fixtures.tiny_bert",
    "tests.fixtures.widget_sources",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="FOLDER", help="keep pictures of the whole story (make screenshots)"
    )


@pytest.fixture(autouse=True)
def logs_as_they_come() -> Iterator[None]:
    """Commands that run in this process make the log write less, and to a stream that is closed by then."""
    yield
    log_plainly()
