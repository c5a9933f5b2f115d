"""A real ``kefu serve`` on a real database: started, asked, killed, started again, two at once."""

import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.fixtures.processes import Server, environment, kefu, serving

FAQ = (
    '{"question": "How long does delivery take?", "answer": "Two working days."}\n'
    '{"question": "快递要多久才能到？", "answer": "两个工作日。"}\n'
    '{"question": "Can I return something?", "answer": "Within thirty days."}\n'
)


@pytest.fixture
def env(data_dir: Path, models_dir: Path, tmp_path: Path) -> dict[str, str]:
    env = environment(data_dir, models_dir)
    faq = tmp_path / "faq.jsonl"
    faq.write_text(FAQ, encoding="utf-8")
    imported = kefu("import", str(faq), "--approve", "--json", env=env)
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["new"] == 3
    return env


def start(server: Server) -> tuple[str, dict[str, str]]:
    started = httpx.post(f"{server.url}/v1/conversations", json={}).raise_for_status().json()
    path = f"{server.url}/v1/conversations/{started['conversation_id']}"
    return path, {"Authorization": f"Bearer {started['visitor_token']}"}


def test_question_is_answered_over_a_real_socket_and_ctrl_c_ends_with_0(env: dict[str, str]) -> None:
    with serving(env) as server:
        path, headers = start(server)
        exchange = httpx.post(
            f"{path}/messages", json={"text": "Can I return something?"}, headers=headers
        ).json()

        assert exchange["reply"]["text"] == "Within thirty days."
        assert httpx.get(f"{server.url}/health/live").json() == {"status": "live"}
        assert httpx.get(f"{server.url}/health/ready").json()["status"] == "ready"
        assert "kefu_knowledge_revision" in httpx.get(f"{server.url}/metrics").text
        assert httpx.get(f"{server.url}/").headers["content-security-policy"].startswith("default-src 'none'")
        assert server.stop(signal.SIGINT) == 0


def test_stored_reply_survives_a_kill_and_is_replayed_after_it(env: dict[str, str]) -> None:
    body, key = {"text": "Can I return something?"}, {"Idempotency-Key": "before-the-kill"}
    with serving(env) as server:
        path, headers = start(server)
        before = httpx.post(f"{path}/messages", json=body, headers=headers | key).json()
        server.process.kill()
        server.process.wait(20)
    with serving(env) as server:
        path = f"{server.url}/v1/conversations/{before['conversation_id']}"
        after = httpx.post(f"{path}/messages", json=body, headers=headers | key).json()
        messages = httpx.get(f"{path}/messages", headers=headers).json()["items"]

        assert after == before
        assert [message["role"] for message in messages] == ["customer", "bot"]
        assert server.stop() == 0


def test_added_question_counts_in_every_process_within_two_seconds(env: dict[str, str]) -> None:
    made = json.loads(kefu("keys", "create", "--name", "t", "--scope", "write", "--json", env=env).stdout)
    key = {"Authorization": f"Bearer {made['key']}"}
    with serving(env) as first, serving(env) as second:
        body = {
            "text": "We deliver to the moon.",
            "language": "en",
            "questions": ["Do you deliver to the moon?"],
        }
        assert httpx.post(f"{first.url}/v1/answers", json=body, headers=key).status_code == 201
        answered_at = time.monotonic()
        path, headers = start(second)
        while True:
            text = {"text": "Do you deliver to the moon?"}
            reply = httpx.post(f"{path}/messages", json=text, headers=headers).json()["reply"]["text"]
            if reply == "We deliver to the moon." or time.monotonic() - answered_at > 10:
                break
        assert reply == "We deliver to the moon."


def test_agent_events_are_streamed_and_end_when_the_server_stops(env: dict[str, str]) -> None:
    with serving(env) as server:
        path, headers = start(server)
        with httpx.stream("GET", f"{path}/events", headers=headers, timeout=20) as stream:
            lines = stream.iter_lines()
            first = [next(lines) for _ in range(2)]
            httpx.post(f"{path}/handoff", headers=headers)
            seen = [line for line in (next(lines) for _ in range(8)) if line]

        assert first == ["event: state", 'data: {"state":"bot"}']
        assert "event: message" in seen
        assert 'data: {"state":"waiting"}' in seen
        assert server.stop() == 0


def test_open_event_stream_ends_in_order_when_the_server_is_stopped(env: dict[str, str]) -> None:
    with serving(env) as server:
        path, headers = start(server)
        with httpx.stream("GET", f"{path}/events", headers=headers, timeout=20) as stream:
            lines = stream.iter_lines()
            first = next(lines)
            server.process.send_signal(signal.SIGTERM)
            rest = list(lines)  # raises where the stream is broken off

        assert first == "event: state"
        assert rest[-1] == ""
        assert server.process.wait(20) == 0


def test_port_in_use_is_said_and_ends_with_1(env: dict[str, str]) -> None:
    with serving(env) as server:
        port = server.url.rsplit(":", 1)[1]
        second = kefu("serve", "--port", port, env=env)

    assert second.returncode == 1
    assert port in second.stderr
    assert "Traceback" not in second.stderr


def test_ask_explains_with_past_questions_numbers_and_rule(env: dict[str, str]) -> None:
    asked = kefu("ask", "Can I return something?", "--explain", "--json", env=env)

    explained = json.loads(asked.stdout)
    assert asked.returncode == 0
    assert explained["reply"]["text"] == "Within thirty days."
    assert explained["candidates"][0]["question"] == "Can I return something?"
    assert explained["candidates"][0]["confidence"] == pytest.approx(explained["confidence"], abs=1e-3)
    assert explained["rule"] in explained["rule"].lower()
    assert set(explained["evidence"]) >= {"standing", "support", "answer_at"}


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["serve", "--port", "99999"], 2, "65535"),
        (["nonsense"], 2, "nonsense"),
        (["import", "missing.csv"], 2, "missing.csv"),
        (["import", "README.md", "--format", "pdf"], 2, "pdf"),
        (["keys", "create", "--name", "x", "--scope", "god"], 2, "god"),
        (["keys", "revoke", "key_none"], 2, "key_none"),
        (["releases", "show", "rel_none"], 2, "rel_none"),
        (["erase", "vis_none", "--yes"], 2, "vis_none"),
        (["restore", "missing.tar.gz"], 2, "missing.tar.gz"),
    ],
)
def test_bad_arguments_end_with_2_and_name_the_value(
    data_dir: Path, models_dir: Path, arguments: list[str], code: int, named: str
) -> None:
    ended = kefu(*arguments, env=environment(data_dir, models_dir))

    assert ended.returncode == code, ended.stderr
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEFU_LANGUAGES", "de"),
        ("KEFU_DATABASE__URL", "mysql://x"),
        ("KEFU_TOLERATED_ERROR", "2"),
        ("KEFU_CORS_ORIGINS", "*"),
        ("KEFU_RATE_LIMIT__VISITOR_PER_MINUTE", "none"),
    ],
)
def test_wrong_setting_is_named_with_its_variable(
    data_dir: Path, models_dir: Path, name: str, value: str
) -> None:
    ended = kefu("serve", env=environment(data_dir, models_dir, **{name: value}))

    assert ended.returncode == 2
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr
