"""Names in the environment that look like settings and are none: a misspelt one would else be ignored in silence."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import BaseModel

from bot.settings import Settings

PREFIX = "KEFU_"
NO_SETTINGS = ("KEFU_TEST_", "KEFU_PROGRAM")
"""Those of the tests, and the one by which a command tells ``python -m training`` how it is called."""


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Without ``KEFU_``."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_names(kind, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper()


def misspelt_settings(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each, with the setting that was probably meant. Upper and lower case are the same."""
    known = sorted(setting_names())
    found = []
    for name in sorted(environment):
        own = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or own in known or name.upper().startswith(NO_SETTINGS):
            continue
        meant = get_close_matches(own, known, n=1)
        found.append(f"{name} is no setting" + (f"; did you mean {PREFIX}{meant[0]}?" if meant else ""))
    return found
