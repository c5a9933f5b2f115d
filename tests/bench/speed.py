"""Speed of the real service beside the bare encoder, in one run: ``python -m tests.bench.speed``.

A real ``kefu serve`` (SQLite, every reply committed) with 10,000 questions is asked by one client and by 16;
between those rounds the same messages go through the bare encoder on as many threads as the service has.
Figures of one run belong together; compare ratios, not milliseconds, between machines.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psutil

from bot.releases.building import models_dir
from bot.settings import Settings
from retrieval.encoder import OnnxEncoder
from retrieval.models import find_model

CLIENTS = 16
ROUNDS = 3


@dataclass(frozen=True)
class Round:
    """Latencies in ms of every message of a round, and messages a second over it."""

    latencies_ms: list[float]
    per_second: float

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def demo_lines(name: str, language: str) -> list[dict[str, object]]:
    lines = files("bot.demo").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, object]] = [json.loads(line) for line in lines]
    return [row for row in rows if language == "both" or row["language"] == language]


def write_knowledge(path: Path, *, questions: int, language: str) -> None:
    """The demo's questions, two at a time, until there are enough: real words, realistic lengths."""
    rows = demo_lines("faq.jsonl", language)
    pool = [(str(row["question"]), str(row["answer"]), str(row["language"])) for row in rows]
    for row in rows:
        pool += [(str(phrasing), str(row["answer"]), str(row["language"])) for phrasing in row["phrasings"]]  # type: ignore[attr-defined]
    chosen = random.Random(0)
    lines: dict[str, str] = {
        question: json.dumps({"question": question, "answer": a}) for question, a, _ in pool
    }
    while len(lines) < questions:
        first, second = chosen.sample(pool, 2)
        if first[2] == second[2]:
            question = f"{first[0]} {second[0]}"
            lines[question] = json.dumps({"question": question, "answer": first[1]})
    path.write_text("\n".join(list(lines.values())[:questions]), encoding="utf-8")


@dataclass(frozen=True)
class Conversation:
    """Where to send a message, and the visitor's token."""

    path: str
    token: str


class Client:
    """A bare HTTP/1.1 connection: cheap, so that the client takes little of the two cores it shares."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def begin(self) -> Conversation:
        started = await self.post("/v1/conversations", {})
        path = f"/v1/conversations/{started['conversation_id']}/messages"
        return Conversation(path, str(started["visitor_token"]))

    async def ask(self, conversation: Conversation, text: str) -> float:
        """Milliseconds until the stored reply has arrived."""
        begin = time.perf_counter()
        await self.post(conversation.path, {"text": text}, token=conversation.token)
        return (time.perf_counter() - begin) * 1000

    async def post(self, path: str, body: dict[str, object], *, token: str = "") -> dict[str, object]:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._writer.write((head + authorization + "\r\n").encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        reply: dict[str, object] = json.loads(await self._reader.readexactly(length))
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(f"{answer.splitlines()[0]!r}: {reply}")
        return reply

    def close(self) -> None:
        self._writer.close()


async def ask_service(port: int, messages: list[str], *, clients: int, pause_s: float = 0.0) -> Round:
    """Each message opens a conversation, begun before the clock starts: what others asked is no context of it."""
    connected = [await Client.start(port) for _ in range(clients)]
    waiting = iter([(await connected[0].begin(), text) for text in messages])
    latencies: list[float] = []

    async def work(client: Client) -> None:
        for conversation, text in waiting:
            latencies.append(await client.ask(conversation, text))
            await asyncio.sleep(pause_s)

    begin = time.perf_counter()
    await asyncio.gather(*map(work, connected))
    seconds = time.perf_counter() - begin
    for client in connected:
        client.close()
    return Round(latencies, len(messages) / seconds)


def encode_bare(encoder: OnnxEncoder, messages: list[str], *, threads: int) -> Round:
    """One message a call, one ONNX thread a call, in order of arrival."""

    def encode(text: str) -> float:
        begin = time.perf_counter()
        encoder.encode_queries([text])
        return (time.perf_counter() - begin) * 1000

    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as executor:
        latencies = list(executor.map(encode, messages))
    return Round(latencies, len(messages) / (time.perf_counter() - begin))


@contextlib.contextmanager
def running_service(environment: dict[str, str]) -> Iterator[tuple[int, subprocess.Popen[str], float]]:
    command = [sys.executable, "-m", "bot.cli", "serve", "--port", "0"]
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        if "open http://" not in announced:
            raise RuntimeError(f"the service did not start: {announced!r}")
        yield int(announced.split("127.0.0.1:")[1].split("/")[0]), process, time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait(20)


@dataclass(frozen=True)
class Installation:
    """A data dir with knowledge and a promoted release, and the messages to ask."""

    environment: dict[str, str]
    settings: Settings
    asked: list[str]


@contextlib.contextmanager
def installed(*, questions: int, language: str, messages: int) -> Iterator[Installation]:
    texts = [str(row["question"]) for row in demo_lines("test_questions.jsonl", language)]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "KEFU_DATA_DIR": folder,
            "KEFU_LANGUAGES": "en,zh" if language == "both" else language,
            "KEFU_RATE_LIMIT__ENABLED": "false",
        }
        knowledge = Path(folder) / "knowledge.jsonl"
        write_knowledge(knowledge, questions=questions, language=language)
        command = [sys.executable, "-m", "bot.cli", "import", str(knowledge), "--approve", "--json"]
        imported = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        if imported.returncode not in (0, 4):
            raise RuntimeError(f"the import failed: {imported.stdout!r}")
        settings = Settings(data_dir=Path(folder), languages=tuple(environment["KEFU_LANGUAGES"].split(",")))
        yield Installation(environment, settings, [texts[place % len(texts)] for place in range(messages)])


def measure(*, questions: int, language: str, messages: int) -> dict[str, object]:
    with installed(questions=questions, language=language, messages=messages) as made:
        asked, settings = made.asked, made.settings
        encoder = OnnxEncoder.load(find_model(settings.backbone, models_dir=models_dir(settings)))
        threads = os.cpu_count() or 1
        bare_one, bare_many, one, many = [], [], [], []
        with running_service(made.environment) as (port, process, start_s):
            asyncio.run(ask_service(port, asked[:50], clients=2))
            encode_bare(encoder, asked[:50], threads=threads)
            for _ in range(ROUNDS):
                bare_one.append(encode_bare(encoder, asked, threads=1))
                one.append(asyncio.run(ask_service(port, asked, clients=1)))
                bare_many.append(encode_bare(encoder, asked, threads=threads))
                many.append(asyncio.run(ask_service(port, asked, clients=CLIENTS)))
            resident = psutil.Process(process.pid).memory_info().rss
    return _report(encoder.name, questions, bare_one, one, bare_many, many) | {
        "start_to_ready_s": round(start_s, 2),
        "resident_mb": round(resident / 2**20),
    }


def _report(
    name: str,
    questions: int,
    bare_one: list[Round],
    one: list[Round],
    bare_many: list[Round],
    many: list[Round],
) -> dict[str, object]:
    def middle(rounds: list[Round], share: float) -> float:
        return statistics.median(each.percentile(share) for each in rounds)

    def rate(rounds: list[Round]) -> float:
        return statistics.median(each.per_second for each in rounds)

    return {
        "encoder": name,
        "questions": questions,
        "bare_p50_ms": round(middle(bare_one, 0.5), 2),
        "reply_p50_ms": round(middle(one, 0.5), 2),
        "reply_p95_ms": round(middle(one, 0.95), 2),
        "reply_to_bare_p50": round(middle(one, 0.5) / middle(bare_one, 0.5), 2),
        "bare_per_second": round(rate(bare_many), 1),
        "replies_per_second_16_clients": round(rate(many), 1),
        "share_of_bare_throughput": round(rate(many) / rate(bare_many), 3),
        "p95_ms_16_clients": round(middle(many, 0.95), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--language", choices=["en", "both"], action="append")
    arguments = parser.parse_args()
    for language in arguments.language or ["en", "both"]:
        report = measure(questions=arguments.questions, language=language, messages=arguments.messages)
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
