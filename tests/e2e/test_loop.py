"""The slow loop with the real English encoder: a wrong reply is corrected, learnt for good, proved, promoted, and taken back."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.processes import Server, environment, kefu, serving

THINGS = {
    "refund": "We refund within fourteen days.",
    "invoice": "Invoices are in your account.",
    "parcel": "Parcels arrive in two days.",
    "password": "Reset it with the link on the login page.",
    "warranty": "The warranty lasts two years.",
    "opening hours": "We are open from nine to six.",
}
FRAMES = (
    "where is my {}", "a question about the {}", "what do I have to know about the {}", "is there a problem with the {}",
    "how does it work with the {}", "I need help with my {}", "tell me the rules for the {}", "I am asking for the {} again",
)  # fmt: skip
WRONG = "can you wrap my order as a present"
PARAPHRASE = "do you wrap an order up as a present"
RIGHT = "Tick 'gift wrap' in the basket; it costs two euros."


@pytest.fixture
def env(data_dir: Path, english_folder: Path, tmp_path: Path) -> dict[str, str]:
    own = {"KEFU_LANGUAGES": "en", "KEFU_RELEASES__AUTO_PROMOTE": "true"}
    env = environment(data_dir, english_folder.parent, **own)
    rows = [
        {"question": frame.format(thing), "answer": answer}
        for thing, answer in THINGS.items()
        for frame in FRAMES
    ]
    faq = tmp_path / "faq.jsonl"
    faq.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert kefu("import", str(faq), "--approve", env=env).returncode == 0
    return env


class Shop:
    """The service as an operator with an admin key sees it."""

    def __init__(self, server: Server, key: str) -> None:
        self.client = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def post(self, path: str, **body: object) -> Any:
        return self.client.post(path, json=body).raise_for_status().json()

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()

    def ask(self, text: str) -> Any:
        conversation = self.post("/v1/conversations")["conversation_id"]
        return self.post(f"/v1/conversations/{conversation}/messages?explain=true", text=text)

    def release(self) -> str:
        return str(self.get("/health/ready")["release"])


def until(condition: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not so after {seconds} s"
        time.sleep(0.2)


@pytest.mark.slow
def test_correction_counts_at_once_and_for_good_and_can_be_taken_back(env: dict[str, str]) -> None:
    made = kefu("keys", "create", "--name", "t", "--scope", "admin", "--json", env=env)
    with serving(env) as server:
        shop = Shop(server, json.loads(made.stdout)["key"])
        first = shop.release()
        wrong = shop.ask(WRONG)
        assert RIGHT not in wrong["reply"]["text"]
        shop.post(f"/v1/exchanges/{wrong['id']}/feedback", rating="down", reason="wrong_answer")
        corrected = shop.post(
            f"/v1/exchanges/{wrong['id']}/correction", action="add", text=RIGHT, language="en"
        )
        until(lambda: shop.ask(WRONG)["reply"]["text"] == RIGHT, seconds=2)

        run = shop.post("/v1/training-runs")
        until(lambda: shop.get(f"/v1/training-runs/{run['id']}")["state"] == "done", seconds=200)
        trained = shop.get(f"/v1/training-runs/{run['id']}")
        assert trained["verdict"] == {"passed": True, "reasons": []}
        until(lambda: shop.release() == trained["release_id"], seconds=10)
        release = shop.get(f"/v1/releases/{trained['release_id']}")
        assert (release["promoted"], release["gate"]["passed"]) == (True, True)
        asked = shop.ask(PARAPHRASE)
        assert asked["release"] == trained["release_id"]
        assert asked["candidates"][0]["answer_id"] == corrected["answer"]["id"]
        assert asked["outcome"] in ("answered", "clarified")

        shop.post("/v1/releases/rollback")
        until(lambda: shop.release() == first, seconds=10)
        assert shop.ask(WRONG)["reply"]["text"] == RIGHT
        shop.client.close()
        assert server.stop() == 0
