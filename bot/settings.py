"""All settings, read once from the environment (prefix ``KEFU_``, groups joined by ``__``)."""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.handoffs.office_hours import OfficeHours, office_hours, parse_week

SUPPORTED_LANGUAGES = ("en", "zh")


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _split_dates(value: object) -> object:
    if not isinstance(value, str):
        return value
    dates = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        try:
            dates.append(date.fromisoformat(part))
        except ValueError as error:
            raise ValueError(f"{part!r} is no date; write such as 2026-12-25,2027-01-01") from error
    return tuple(dates)


_EXACT_ORIGIN = re.compile(r"https?://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])")
_PORT = re.compile(r":(\d{1,5})$")
_DEFAULT_PORTS, _LARGEST_PORT = {"http": 80, "https": 443}, 65535


def _without_secrets(url: str) -> str:
    """As an error may show it: what stands before an @ may be a password, what stands after a ? a key."""
    named = re.sub(r"^(\w+://)?.*@", r"\1…@", url.strip(), flags=re.DOTALL)
    return re.sub(r"([?#]).+", r"\1…", named, flags=re.DOTALL)


def exact_origin(origin: str) -> str:
    """The origin as browsers write it: they leave out the scheme's own port (RFC 6454, 6.1).

    Raises ValueError for anything but scheme, host and port.
    """
    written = origin.strip().lower()
    found = _PORT.search(written)
    host, port = (written[: found.start()], int(found[1])) if found else (written, None)
    if not _EXACT_ORIGIN.fullmatch(host) or (port or 0) > _LARGEST_PORT:
        raise ValueError(f"{_without_secrets(origin)!r} is not an exact origin such as https://shop.example")
    if port is None or port == _DEFAULT_PORTS[host.partition(":")[0]]:
        return host
    return f"{host}:{port}"


_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _spoken_duration(value: object) -> object:
    """Takes 500ms, 30s, 15m, 12h, 7d and 2w beside what pydantic knows."""
    if isinstance(value, str) and (spoken := re.fullmatch(r"\s*(\d{1,6})\s*(ms|[smhdw])\s*", value)):
        return timedelta(**{_UNITS[spoken[2]]: int(spoken[1])})
    return value


Duration = Annotated[timedelta, BeforeValidator(_spoken_duration)]
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]


class DatabaseSettings(BaseModel):
    url: str | None = Field(None, description="SQLAlchemy URL; without one, kefu.db in the data dir")

    @field_validator("url")
    @classmethod
    def _known_driver(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            driver = make_url(url).drivername
        except (
            ArgumentError,
            ValueError,
        ):  # the latter where a password stands as the port
            raise ValueError(
                "not a SQLAlchemy URL; write such as postgresql+psycopg://user:password@host/db"
            ) from None
        if driver not in ("sqlite+aiosqlite", "postgresql+psycopg"):
            raise ValueError(f"{driver!r} is not supported; use sqlite+aiosqlite:// or postgresql+psycopg://")
        # Else a part of the password would be taken for the host.
        if driver == "postgresql+psycopg" and url.partition("?")[0].count("@") > 1:
            raise ValueError("more than one @; write %40 for those of the password or a name")
        return url


class RateLimitSettings(BaseModel):
    """Requests a minute, counted in each serving process."""

    enabled: bool = Field(True, description="Switch the limits on or off")
    visitor_per_minute: PositiveInt = Field(30, description="Messages and feedback of one visitor")
    address_per_minute: PositiveInt = Field(240, description="Requests without an API key from one address")
    key_per_minute: PositiveInt = Field(1200, description="Requests with one API key")


class ReleaseSettings(BaseModel):
    auto_promote: bool = Field(False, description="Promote a release that passed the gate without asking")
    kept: PositiveInt = Field(
        3, description="Releases promoted before the present one that can be rolled back to"
    )
    keep_for: Duration = Field(
        timedelta(days=14), ge=timedelta(days=1), description="Keep the folders of the others for so long"
    )


class RetrainingSettings(BaseModel):
    """When training starts by itself, and what it may use."""

    embedded: bool = Field(True, description="Let kefu serve start a worker when a training run is due")
    every: Duration | None = Field(None, ge=timedelta(minutes=1), description="Train again after so long")
    after_labels: NonNegativeInt = Field(50, description="Train after so many new labels; 0 for never")
    on_alarm: bool = Field(True, description="Train when the promoted release does not keep what it promised")
    at: time | None = Field(None, description="Local time from which such runs may start, for three hours")
    memory: ByteSize = Field(
        ByteSize(6_000_000_000), ge=256_000_000, description="Memory that a training process may have"
    )
    lease: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="Time after which a worker that is not heard of is given up",
    )


class FeedbackSettings(BaseModel):
    learn_from_visitors: bool = Field(
        False, description="Make labels of what several independent visitors agree on, without asking"
    )


class HandoffSettings(BaseModel):
    """When people are there, and how long a visitor is left waiting for them."""

    time_zone: str = Field("UTC", description="IANA time zone of the office hours, such as Europe/Berlin")
    hours: str = Field("", description="Office hours, such as 'mon-fri 09:00-18:00, sat 10:00-14:00'")
    holidays: Annotated[tuple[date, ...], BeforeValidator(_split_dates)] = Field(
        (), description="Days on which nobody is there, such as 2026-12-25"
    )
    seen_within: Duration = Field(
        timedelta(minutes=5), ge=timedelta(minutes=1), description="So long an operator counts as being there"
    )
    remind_after: Duration = Field(
        timedelta(minutes=3),
        ge=timedelta(seconds=30),
        description="Tell who waits so long that it takes longer",
    )
    return_after: Duration = Field(
        timedelta(minutes=15), ge=timedelta(minutes=1), description="So long somebody waits for a person"
    )
    silent_after: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(minutes=1),
        description="So long a person may leave a message unanswered",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no IANA time zone; write such as Europe/Berlin") from error
        return name

    @field_validator("hours")
    @classmethod
    def _understood_hours(cls, hours: str) -> str:
        parse_week(hours)
        return hours

    @property
    def office(self) -> OfficeHours:
        return office_hours(self.time_zone, self.hours, self.holidays)


class ChatwootSettings(BaseModel):
    """Kefu as an agent bot of Chatwoot; without an address it is none."""

    url: str | None = Field(None, description="Where Chatwoot is, such as https://chat.example.com")
    access_token: SecretStr | None = Field(None, description="The agent bot's access token")
    webhook_secret: SecretStr | None = Field(None, description="The agent bot's secret, which signs webhooks")

    @model_validator(mode="after")
    def _whole(self) -> "ChatwootSettings":
        if self.url is not None:
            exact_origin(self.url.rstrip("/"))
            if self.access_token is None:
                raise ValueError("an access token is needed, too (KEFU_CHATWOOT__ACCESS_TOKEN)")
        return self


class WebhookSettings(BaseModel):
    allowed_hosts: CommaSeparated = Field(
        (), description="Hosts that webhooks may reach inside your own network, also without TLS"
    )


class SourceSettings(BaseModel):
    allowed_hosts: CommaSeparated = Field(
        (), description="Hosts of your own site whose pages a sitemap's import may fetch"
    )


class PhrasingSettings(BaseModel):
    """A language model that words composed replies. Off unless switched on; what it writes is checked by sentence."""

    enabled: bool = Field(False, description="Let a language model word composed replies")
    url: str | None = Field(None, description="OpenAI-compatible address, such as http://127.0.0.1:8080/v1")
    model: str | None = Field(None, description="The model's name there")
    api_key: SecretStr | None = Field(None, description="Sent as a bearer token, if the server wants one")
    deadline: Duration = Field(
        timedelta(seconds=3),
        ge=timedelta(milliseconds=50),
        le=timedelta(seconds=30),
        description="So long after a message's arrival the reply is sent without the model",
    )
    max_tokens: PositiveInt = Field(300, le=2000, description="Tokens that the model may write for a reply")
    at_once: PositiveInt = Field(
        4, le=64, description="Replies worded at once by a process; others go without"
    )
    prompt_price: NonNegativeFloat = Field(0.0, description="Price of a million tokens read")
    output_price: NonNegativeFloat = Field(0.0, description="Price of a million tokens written")
    opens_after: PositiveInt = Field(3, description="Failures in a row after which the server is left alone")
    pause: Duration = Field(
        timedelta(seconds=30), ge=timedelta(seconds=1), description="So long it is left alone then"
    )

    @field_validator("url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        exact_origin(f"{parts.scheme}://{parts.netloc}")
        if parts.query or parts.fragment:
            raise ValueError(
                f"{_without_secrets(url)!r} has more than a path; write such as http://127.0.0.1:8080/v1"
            )
        return url

    @model_validator(mode="after")
    def _whole(self) -> "PhrasingSettings":
        if self.enabled and not (self.url and self.model):
            raise ValueError(
                "to be enabled it needs an address (KEFU_PHRASING__URL) and a model (KEFU_PHRASING__MODEL)"
            )
        return self


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="KEFU_",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,
        enable_decoding=False,
    )

    data_dir: Path = Field(Path("kefu-data"), description="Database, checkpoints, snapshots, exports")
    models_dir: Path | None = Field(None, description="Exported backbones; default: the user's cache folder")
    languages: CommaSeparated = Field(("en", "zh"), description="Languages served, the default one first")
    tolerated_error: float = Field(0.10, gt=0, lt=0.5, description="Share of given answers that may be wrong")
    cors_origins: CommaSeparated = Field((), description="Origins of the sites whose pages may call the API")
    trusted_proxies: CommaSeparated = Field((), description="Proxies whose X-Forwarded-For is believed")
    encoder_threads: PositiveInt | None = Field(None, description="Messages encoded at once; default: cores")
    database: DatabaseSettings = DatabaseSettings()
    rate_limit: RateLimitSettings = RateLimitSettings()
    releases: ReleaseSettings = ReleaseSettings()
    retraining: RetrainingSettings = RetrainingSettings()
    feedback: FeedbackSettings = FeedbackSettings()
    handoffs: HandoffSettings = HandoffSettings()
    sources: SourceSettings = SourceSettings()
    webhooks: WebhookSettings = WebhookSettings()
    chatwoot: ChatwootSettings = ChatwootSettings()
    phrasing: PhrasingSettings = PhrasingSettings()

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [language for language in languages if language not in SUPPORTED_LANGUAGES]
        if unknown or not languages:
            raise ValueError(
                f"{','.join(unknown) or 'nothing'!r} given; choose from en, zh (such as 'en,zh')"
            )
        return languages

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(exact_origin, origins))

    @property
    def database_url(self) -> str:
        file = str(self.data_dir.absolute() / "kefu.db")
        return self.database.url or URL.create("sqlite+aiosqlite", database=file).render_as_string()

    @property
    def uses_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def backbone(self) -> str:
        """The untuned encoder for these languages (DESIGN §7)."""
        return "english" if self.languages == ("en",) else "multilingual"
