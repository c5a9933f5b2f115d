"""What a webhook may reach: public addresses, however an inner one is written, and the very one that was checked."""

import asyncio

import httpcore
import pytest

from bot.errors import InvalidInputError
from bot.webhooks import sending
from bot.webhooks.addresses import is_public
from bot.webhooks.sending import AddressRefusedError, CheckedBackend, Replied, Sender, checked_url
from tests.bot.webhooks.receivers import server

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "64:ff9b:1::1",
]  # fmt: skip
OUTSIDE = ["93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_inner_address_is_known_however_it_is_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_address_is_known(address: str) -> None:
    assert is_public(address)


class Recording(httpcore.AsyncNetworkBackend):
    """Connects nowhere, and says where to it should have."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        self.tried.append(host)
        raise httpcore.ConnectError("nobody there")


class Names:
    """Another answer each time, the last again and again, as a hostile name server would give."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


@pytest.mark.parametrize("address", INSIDE)
async def test_name_that_leads_inside_is_refused_before_anything_is_sent(address: str) -> None:
    recording = Recording()
    backend = CheckedBackend((), resolve=Names([address]), backend=recording)

    with pytest.raises(AddressRefusedError, match="is not a public address"):
        await backend.connect_tcp("inner.example", 443)

    assert recording.tried == []


async def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    recording = Recording()
    backend = CheckedBackend((), resolve=Names(["8.8.8.8", "10.0.0.1"]), backend=recording)

    with pytest.raises(AddressRefusedError):
        await backend.connect_tcp("mixed.example", 443)

    assert recording.tried == []


async def test_name_that_leads_elsewhere_a_moment_later_changes_nothing() -> None:
    recording, names = Recording(), Names(["8.8.8.8", "2606:4700::1111"], ["127.0.0.1"])
    backend = CheckedBackend((), resolve=names, backend=recording)

    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("rebinding.example", 443)

    assert names.asked == 1
    assert recording.tried == ["8.8.8.8", "2606:4700::1111"], "addresses that were checked, not the name"


async def test_host_that_is_allowed_may_be_inside() -> None:
    recording = Recording()
    backend = CheckedBackend(["CRM.internal"], resolve=Names(["10.0.0.1"]), backend=recording)

    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("crm.internal", 80)

    assert recording.tried == ["10.0.0.1"]


async def test_this_machine_is_not_reached_by_its_name() -> None:
    replied = await Sender(CheckedBackend(())).post("http://localhost:1/", b"{}", {})

    assert replied.status is None
    assert "not a public address" in str(replied.error)


@pytest.mark.parametrize("host", ["hooks..example.com", "a" * 64 + ".example.com"])
async def test_name_that_can_not_be_looked_up_is_no_reply(host: str) -> None:
    replied = await Sender(CheckedBackend(())).post(f"https://{host}/", b"{}", {})

    assert (replied.status, replied.error) == (None, f"ConnectError: the name {host} can't be looked up")


def local() -> Sender:
    return Sender(CheckedBackend(["127.0.0.1"]))


async def test_redirect_is_not_followed() -> None:
    async with (
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (inner, reached),
        server(
            f"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
        ) as (port, received),
    ):
        replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {"webhook-id": "evt_1"})

    assert (replied.status, replied.heard) == (307, False)
    assert len(received) == 1
    assert reached == []


async def test_of_a_long_reply_a_kilobyte_is_kept_and_the_rest_not_waited_for() -> None:
    endless = b"HTTP/1.1 500 No\r\nContent-Length: 99999999\r\n\r\n" + b"\x00\xff" * 4000
    async with server(endless) as (port, received):
        replied = await local().post(
            f"http://127.0.0.1:{port}/hooks?x=1", b'{"a":1}', {"webhook-id": "evt_1"}
        )

    assert replied.status == 500
    assert len(replied.text) == 1024
    assert "\x00" not in replied.text
    assert received[0].startswith(b"POST /hooks?x=1 HTTP/1.1\r\n")
    assert received[0].endswith(b'\r\n\r\n{"a":1}')
    assert b"webhook-id: evt_1" in received[0]


async def test_receiver_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)
    async with server(b"", after=asyncio.Event()) as (port, received):
        replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert len(received) == 1
    assert (replied.status, replied.heard) == (None, False)
    assert replied.error


@pytest.mark.parametrize(
    "body", [b"Content-Length: 9\r\n\r\nthanks", b"Transfer-Encoding: chunked\r\n\r\n6\r\nthanks\r\nno"]
)
async def test_status_counts_though_the_body_breaks_off(body: bytes) -> None:
    async with server(b"HTTP/1.1 200 OK\r\n" + body) as (port, _):
        replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert replied == Replied(200, "thanks")


async def test_status_counts_though_the_body_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 2.0)
    held = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n"
    async with server(held, held=asyncio.Event()) as (port, _):
        replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert replied == Replied(200, ": hello\n\n")


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_what_is_no_http_is_no_reply(reply: bytes) -> None:
    async with server(reply) as (port, _):
        replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert replied.status is None
    assert replied.error


async def test_nobody_listening_is_no_reply() -> None:
    async with server(b"") as (port, _):
        pass

    replied = await local().post(f"http://127.0.0.1:{port}/", b"{}", {})

    assert (replied.status, replied.heard) == (None, False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks?x=1",
        "https://example.com./",
        "http://crm.internal:8080/",
        "https://8.8.8.8/",
    ],
)
def test_good_urls_are_taken(url: str) -> None:
    assert checked_url(url, allowed_hosts=["crm.internal"]) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "is no URL"),
        ("https://", "is no URL"),
        ("https://example.com:99999/", "is no URL"),
        ("https://exa mple.com/", "is no URL"),
        ("https://bücher.example/", "is no URL"),
        ("https://example.com/\r\nX: 1", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://example.com/" + "a" * 2000, "is no URL"),
        ("https://hooks..example.com/", "is no host name"),
        ("https://" + "a" * 64 + ".example.com/", "is no host name"),
        ("http://example.com/", "does not begin with https://"),
        ("file:///etc/passwd", "is no URL"),
        ("gopher://example.com/", "does not begin with https://"),
        ("https://user:word@example.com/", "no user name"),
        ("https://example.com/#a", "no fragment"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://[::ffff:10.0.0.1]/", "not a public address"),
        ("https://localhost/", "not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
    ],
)
def test_wrong_urls_are_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        checked_url(url, allowed_hosts=["crm.internal"])
