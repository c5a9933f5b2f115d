"""What travels over HTTP, and out of ``kefu releases quality --json``, about how well a release does."""

from datetime import datetime

from pydantic import BaseModel, Field


class ErrorOut(BaseModel):
    """Bounds hold at all times at once, so that one may look as often as one likes."""

    language: str | None = Field(description="null: all languages together")
    answered: int = Field(description="Audited exchanges in which an answer was given")
    wrong: int
    share: float | None
    lower: float
    upper: float
    tolerated: float = Field(
        description="What may be wrong, by what was chosen for the languages of these answers"
    )
    broken: bool = Field(description="More than the tolerated error, and chance does not explain it")


class CalibrationOut(BaseModel):
    """Whether best candidates are right as often as their confidences say."""

    audited: int
    expected_right: float
    right: int
    error: float | None = Field(description="Expected calibration error in ten bins, by chance included")
    too_sure: bool = Field(description="Right less often than the confidences say, and not by chance")


class ShareOut(BaseModel):
    share: float | None
    lower: float
    upper: float


class DriftOut(BaseModel):
    """Confidences of the newest 500 conversations beside those of the release's first 500."""

    window: int
    moved: float
    threshold: float
    has_moved: bool


class AlarmOut(BaseModel):
    id: str
    release_id: str
    reasons: dict[str, str] = Field(description="By kind: promise, calibration, drift")
    raised_at: datetime


class QualityOut(BaseModel):
    """How the promoted release does on its traffic, as far as people have judged what was drawn by lot."""

    release_id: str
    tolerated_error: float = Field(
        description="Share of its answers that may be wrong in languages for which nobody chose another one: what it was trained for"
    )
    audited: int
    waiting: int = Field(description="Drawn, and nobody has judged them yet")
    lapsed: int = Field(description="Drawn, and left out since nobody judged them in fourteen days")
    errors: list[ErrorOut]
    calibration: CalibrationOut
    unknown: ShareOut = Field(description="Messages that no answer covered when they came")
    drift: DriftOut | None = Field(description="null until the release has had 1000 conversations")
    alarms: list[AlarmOut] = Field(description="The newest ten of this release")
