"""Fixtures that every test may ask for; they are made in tests/fixtures."""

pytest_plugins = [
    "tests.fixtures.backbones",
    "tests.fixtures.browsers",
    "tests.fixtures.databases",
    "tests.fixtures.operators",
    "tests.fixtures.services",
    "tests.fixtures.commands",
    "tests.fixtures.tiny_bert",
]
