"""What travels over HTTP about sites."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bot.settings import exact_origin

Language = Literal["en", "zh"]
Origin = Annotated[str, Field(max_length=255), AfterValidator(exact_origin)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Greeting = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Suggestion = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Origins = Annotated[list[Origin], Field(max_length=50, description="Whose pages may call; empty: all")]
Languages = Annotated[
    list[Language], Field(max_length=2, description="The default one first; empty: all served")
]
Greetings = Annotated[
    dict[Language, Greeting], Field(description="By language; where one is missing, the bot's own")
]
Suggestions = Annotated[
    dict[Language, Annotated[list[Suggestion], Field(max_length=6)]],
    Field(description="Questions to start with; where a language is missing, those of suggested answers"),
]


class SiteIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Shop", "origins": ["https://shop.example"]}]}
    )

    name: Name
    origins: Origins = []
    languages: Languages = []
    greeting: Greetings = {}
    suggestions: Suggestions = {}
    consent_needed: bool = False


class SiteChange(BaseModel):
    """What is named is replaced as a whole; the rest stays."""

    name: Name | None = None
    origins: Origins | None = None
    languages: Languages | None = None
    greeting: Greetings | None = None
    suggestions: Suggestions | None = None
    consent_needed: bool | None = None


class SiteOut(BaseModel):
    id: str
    key: str = Field(description="Public: what the widget's data-site names")
    name: str
    origins: list[str]
    languages: list[str]
    greeting: dict[str, str]
    suggestions: dict[str, list[str]]
    consent_needed: bool
    signs_visitors: bool = Field(description="Whether it has a secret to sign identities with")
    created_at: datetime


class SiteWithSecret(SiteOut):
    """Shown when the secret is made; it is not shown again."""

    identity_secret: str


class WidgetOut(BaseModel):
    """What the widget has to know before anybody says something."""

    name: str = Field(description="Empty while the default site has no name of its own")
    greeting: dict[str, str]
    suggestions: dict[str, list[str]]
    languages: list[str]
    consent_needed: bool
    people_online: bool
    opens_at: datetime | None
