"""A misspelt setting is told, with the one that was probably meant."""

import json

import pytest

from bot.setting_names import misspelt_settings
from bot.settings import Settings
from tests.fixtures.commands import RunKefu


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("KEFU_TOLERATED_EROR", "KEFU_TOLERATED_EROR is no setting; did you mean KEFU_TOLERATED_ERROR?"),
        (
            "kefu_retraining__memroy",
            "kefu_retraining__memroy is no setting; did you mean KEFU_RETRAINING__MEMORY?",
        ),
        ("KEFU_DATABASE_URL", "KEFU_DATABASE_URL is no setting; did you mean KEFU_DATABASE__URL?"),
        ("KEFU_DATABASE", "KEFU_DATABASE is no setting; did you mean KEFU_DATABASE__URL?"),
        ("KEFU_XYZ", "KEFU_XYZ is no setting"),
    ],
)
def test_name_that_is_no_setting_is_told_with_the_nearest_one(name: str, told: str) -> None:
    assert misspelt_settings({name: "1", "PATH": "/bin"}) == [told]


def test_settings_in_either_case_and_other_peoples_variables_are_not_told() -> None:
    names = (
        "KEFU_DATA_DIR",
        "kefu_data_dir",
        "KEFU_DATABASE__URL",
        "KEFU_TEST_POSTGRES_URL",
        "KEFUX",
        "HOME",
    )
    assert misspelt_settings(dict.fromkeys(names, "1")) == []


def test_every_command_warns_of_it_and_goes_on(run_kefu: RunKefu) -> None:
    ended = run_kefu("version", KEFU_TOLERATED_EROR="0.05")
    assert ended.status == 0
    warned = json.loads(ended.err)
    assert (warned["level"], warned["event"]) == ("warning", "unknown_setting")
    assert warned["detail"] == "KEFU_TOLERATED_EROR is no setting; did you mean KEFU_TOLERATED_ERROR?"


def test_doctor_has_it_among_its_findings_once(run_kefu: RunKefu, settings: Settings) -> None:
    ended = run_kefu("doctor", "--json", KEFU_DATA_DIR=settings.data_dir, KEFU_TOLERATED_EROR="0.05")
    found = ended.json["findings"][0]
    assert (found["check"], found["state"]) == ("settings", "warning")
    assert found["detail"].startswith(
        "KEFU_TOLERATED_EROR is no setting; did you mean KEFU_TOLERATED_ERROR?; data in "
    )
    assert "unknown_setting" not in ended.err


def test_doctor_names_the_misspelt_one_beside_the_error_it_leads_to(run_kefu: RunKefu) -> None:
    ended = run_kefu(
        "doctor",
        "--json",
        KEFU_PHRASING__ENABLED="true",
        KEFU_PHRASING__MODEL="m",
        KEFU_PHRASING__ULR="http://h/v1",
    )
    (found,) = ended.json["findings"]
    assert found["state"] == "problem"
    assert "it needs an address (KEFU_PHRASING__URL)" in found["detail"]
    assert "KEFU_PHRASING__ULR is no setting; did you mean KEFU_PHRASING__URL?" in found["detail"]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("KEFU_PHRASING__URL", "https://kefu:s3cret@host/v1", "'https://…@host' is not an exact origin"),
        ("KEFU_PHRASING__URL", "https://host/v1?key=s3cret", "'https://host/v1?…' has more than a path"),
        ("KEFU_PHRASING__URL", "kefu:s3cret@host/v1", "is not an exact origin"),
        ("KEFU_CHATWOOT__URL", "https://kefu:s3c@s3cret@host", "'https://…@host' is not an exact origin"),
        ("KEFU_CORS_ORIGINS", "https://kefu:s3cret@host", "'https://…@host' is not an exact origin"),
        ("KEFU_DATABASE__URL", "postgresql://kefu:s3cret@host/db", "'postgresql' is not supported"),
        ("KEFU_DATABASE", "postgresql://kefu:s3cret@host/db", "wrong setting: KEFU_DATABASE: "),
    ],
)
def test_no_error_shows_the_password_of_an_address(
    run_kefu: RunKefu, name: str, value: str, shown: str
) -> None:
    ended = run_kefu("keys", "list", **{name: value})
    assert ended.status == 2
    assert shown in ended.err
    assert "s3c" not in ended.err
