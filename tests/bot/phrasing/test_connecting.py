import httpcore
import pytest
from pydantic import ValidationError

from bot.phrasing.connecting import ModelAddressError, ModelBackend, check_address
from bot.settings import PhrasingSettings

INSIDE = ["127.0.0.1", "10.1.2.3", "192.168.1.5", "172.16.0.9", "100.64.1.1", "::1", "fd12::1"]
NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_model_of_ones_own_may_be_asked_without_tls(address: str) -> None:
    check_address("model", address, plain=True)
    check_address("model", address, plain=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_questions_go_out_with_tls_only(address: str) -> None:
    check_address("model", address, plain=False)
    with pytest.raises(ModelAddressError, match=r"use https:// in KEFU_PHRASING__URL"):
        check_address("model", address, plain=True)


@pytest.mark.parametrize("address", NEVER)
def test_addresses_where_no_model_is_are_never_asked(address: str) -> None:
    for plain in (True, False):
        with pytest.raises(ModelAddressError):
            check_address("model", address, plain=plain)


async def test_a_name_is_refused_when_any_of_its_addresses_is() -> None:
    async def found(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "169.254.169.254"]

    with pytest.raises(ModelAddressError, match=r"gpu\.local leads to 169\.254\.169\.254"):
        await ModelBackend(plain=True, resolve=found).connect_tcp("gpu.local", 80)


async def test_a_name_that_is_unknown_is_a_connection_error() -> None:
    async def lost(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(httpcore.ConnectError, match=r"gpu\.local can't be looked up"):
        await ModelBackend(plain=True, resolve=lost).connect_tcp("gpu.local", 80)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"enabled": True}, "KEFU_PHRASING__URL"),
        ({"enabled": True, "url": "http://127.0.0.1:1/v1"}, "KEFU_PHRASING__MODEL"),
        ({"url": "ftp://x/v1"}, "not an exact origin"),
        ({"url": "http://user:secret@127.0.0.1/v1"}, "not an exact origin"),
        ({"url": "http://127.0.0.1/v1?key=1"}, "more than a path"),
        ({"deadline": "10ms"}, "greater than or equal to"),
        ({"deadline": "2m"}, "less than or equal to"),
        ({"prompt_price": -1}, "greater than or equal to"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        PhrasingSettings.model_validate(given)


def test_key_is_not_shown() -> None:
    assert "sk-1" not in repr(PhrasingSettings.model_validate({"api_key": "sk-1"}))


def test_deadline_may_be_said_in_milliseconds() -> None:
    assert PhrasingSettings.model_validate({"deadline": "750ms"}).deadline.total_seconds() == 0.75
