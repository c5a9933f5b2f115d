"""A real server with some of the demo company's answers, for the examples of the documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer
from bot.releases.building import build_release
from bot.settings import Settings
from tests.contract.example import Shop
from tests.fixtures.databases import in_own_loop
from tests.fixtures.demo import ROWS, some_answers
from tests.fixtures.processes import environment, kefu, serving
from tests.fixtures.services import create_key


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Shop]:
    env = environment(
        tmp_path_factory.mktemp("examples"), models_dir, KEFU_WEBHOOKS__ALLOWED_HOSTS="127.0.0.1"
    )
    faq = some_answers(tmp_path_factory.mktemp("answers"))
    imported = kefu("import", str(faq), "--approve", "--json", env=env)
    assert imported.returncode == 0, imported.stderr
    keys: dict[str, str] = {}
    releases: list[str] = []
    answers: set[str] = set()

    async def prepare() -> None:
        settings = Settings(data_dir=Path(env["KEFU_DATA_DIR"]), models_dir=models_dir)
        database = Database.open(settings.database_url)
        try:
            for scope in Scope:
                keys[scope.value] = (await create_key(database, scope))["Authorization"].split()[1]
            async with database.read() as session:
                answers.update((await session.execute(select(Answer.id))).scalars())
            releases.append((await build_release(database, settings, created_by="test")).release.id)
        finally:
            await database.close()

    in_own_loop(prepare())
    questions = iter([row["question"] for row in ROWS if row["language"] == "en"])
    with serving(env) as server:
        yield Shop(server.url, keys, releases[0], answers, questions)
