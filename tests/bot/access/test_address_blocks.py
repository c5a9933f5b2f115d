"""Votes remember which network they came from, and nobody can tell which one it was."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.access.address_blocks import FOLDER, PERIOD_DAYS, AddressBlocks, block_of, caller_of, key_of

PERIOD_S = PERIOD_DAYS * 24 * 3600


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unknown", None),
        ("", None),
        ("203.0.113.7:8000", None),
    ],
)
def test_block_is_the_network_around_an_address(address: str, block: str | None) -> None:
    assert block_of(address) == block


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_limits_take_a_network_of_ipv6_for_one_caller(address: str, caller: str) -> None:
    assert caller_of(address) == caller


def test_addresses_of_one_block_have_one_hash_and_others_another(tmp_path: Path) -> None:
    blocks = AddressBlocks(tmp_path)
    first, same, other = (blocks.hashed(a) for a in ("203.0.113.7", "203.0.113.8", "203.0.114.7"))
    assert first == same
    assert first != other
    assert blocks.hashed("unknown") is None
    assert first is not None


def test_processes_share_the_key_and_installations_do_not(tmp_path: Path) -> None:
    here = [AddressBlocks(tmp_path / "here").hashed("203.0.113.7") for _ in range(2)]
    elsewhere = AddressBlocks(tmp_path / "elsewhere").hashed("203.0.113.7")
    assert here[0] == here[1]
    assert here[0] is not None
    assert elsewhere is not None
    assert here[0] != elsewhere
    assert key_of(here[0]) != key_of(elsewhere)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        hashes = list(threads.map(lambda _: AddressBlocks(tmp_path).hashed("203.0.113.7"), range(40)))
    assert len(set(hashes)) == 1
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_key_is_private_and_is_deleted_with_its_period(tmp_path: Path) -> None:
    blocks = AddressBlocks(tmp_path)
    before = blocks.hashed("203.0.113.7", now_s=10.5 * PERIOD_S)
    after = blocks.hashed("203.0.113.7", now_s=11.5 * PERIOD_S)

    assert before is not None
    assert after is not None
    assert [key_of(hashed).partition("-")[0] for hashed in (before, after)] == ["10", "11"]
    assert before.partition(".")[2] != after.partition(".")[2]
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == ["11.key"]
    assert stat.S_IMODE((tmp_path / FOLDER / "11.key").stat().st_mode) == 0o600
