"""/console/settings/tolerance: how often the bot may be wrong, by language, and how much it would answer then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsAdmin, AsSupervisor
from bot.console.rendering import go_to, page
from bot.dependencies import Parts, PartsDep
from bot.errors import ConflictError, InvalidInputError
from bot.knowledge.publishing import serve_now
from bot.quality.tolerated import choose_errors, chosen_errors
from retrieval.composition_confidence import NEVER, composed_at
from retrieval.confidence_model import ConfidenceModel, Cutoffs, Forecast

router = APIRouter(prefix="/settings/tolerance")

AS_INSTALLED = "installed"
"""In the place of a share: what ``KEFU_TOLERATED_ERROR`` said when the release was trained."""

PAGE = "/settings/tolerance"


@dataclass(frozen=True)
class InForce:
    """``answered`` is None where no forecast tells."""

    target_error: float
    answered: float | None
    cutoffs: Cutoffs


@dataclass(frozen=True)
class Tolerance:
    """Of a language: what counts now, what was chosen, and what would count with another choice."""

    language: str
    chosen: float | None
    forecasts: Sequence[Forecast]
    now: InForce
    then: InForce | None
    wanted: str
    """The choice that the form shows."""


@dataclass(frozen=True)
class Composing:
    """Of a language: the confidence from which replies are composed, None where none are, and what it was as shipped."""

    language: str
    compose_at: float | None
    shipped: float | None


@dataclass(frozen=True)
class Verdicts:
    """On composed replies of late, with what follows from them."""

    judged: int
    wrong: int
    languages: Sequence[Composing]


@router.get("")
async def show_tolerance(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    en: Annotated[str, Query(max_length=16)] = "",
    zh: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """With choices in the address, also what they would change; nothing is changed yet."""
    model = _model(parts)
    async with parts.database.read() as session:
        chosen = await chosen_errors(session)
    wishes = {"en": en, "zh": zh}
    rows = [
        _tolerance(model, language, chosen.get(language), wishes[language])
        for language in parts.settings.languages
        if model
    ]
    return page(
        request,
        "settings/tolerance.html",
        model=model,
        rows=rows,
        errors=sorted({each.target_error for row in rows for each in row.forecasts}),
        changes=[row for row in rows if row.then is not None and row.then != row.now],
        charts=[_chart(row) for row in rows],
        verdicts=_verdicts(parts),
        as_installed=AS_INSTALLED,
        may_change=caller.role.allows(Role.ADMIN),
    )


@router.post("")
async def choose_tolerance(
    request: Request,
    parts: PartsDep,
    caller: AsAdmin,
    en: Annotated[str, Form(max_length=16)] = "",
    zh: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    model = _model(parts)
    if model is None:
        raise ConflictError("no release speaks yet; promote one first")
    wishes = {"en": en, "zh": zh}
    wanted = {
        language: _share(model, language, wishes[language])
        for language in parts.settings.languages
        if wishes[language]
    }
    async with parts.database.write() as session:
        await choose_errors(session, wanted, chosen_by=caller.principal.name)
    await serve_now(parts)
    return go_to(request, PAGE, flash="tolerance.saved")


def _model(parts: Parts) -> ConfidenceModel | None:
    return parts.follower.serving.engine.confidence if parts.follower.serving else None


def _verdicts(parts: Parts) -> Verdicts | None:
    """None while nobody judged any."""
    engine = parts.follower.serving.engine if parts.follower.serving else None
    if engine is None or not engine.judged_compositions:
        return None
    wrong = sum(not each.right for each in engine.judged_compositions)
    rows = [
        Composing(
            language,
            compose_at=_given_from(composed_at(error, engine.judged_compositions)),
            shipped=_given_from(composed_at(error)),
        )
        for language in parts.settings.languages
        for error in [engine.confidence.error_for(language)]
    ]
    return Verdicts(len(engine.judged_compositions), wrong, rows)


def _given_from(cutoff: float) -> float | None:
    return None if cutoff >= NEVER else cutoff


def _share(model: ConfidenceModel, language: str, wish: str) -> float | None:
    """What a choice stands for; raises InvalidInputError for one that was not offered."""
    if wish == AS_INSTALLED:
        return None
    offered = {str(each.target_error): each.target_error for each in model.forecasts_for(language)}
    if wish not in offered:
        raise InvalidInputError(f"{wish!r} is not offered; choose one of {', '.join(offered) or 'none'}")
    return offered[wish]


def _tolerance(model: ConfidenceModel, language: str, chosen: float | None, wish: str) -> Tolerance:
    return Tolerance(
        language=language,
        chosen=chosen,
        forecasts=model.forecasts_for(language),
        now=_in_force(model, language, chosen),
        then=_in_force(model, language, _share(model, language, wish)) if wish else None,
        wanted=wish or (AS_INSTALLED if chosen is None else str(chosen)),
    )


def _in_force(model: ConfidenceModel, language: str, chosen: float | None) -> InForce:
    """A choice for which the release has no forecast leaves it as it was trained."""
    forecast = model.forecast_for(language, chosen)
    if forecast is not None:
        return InForce(forecast.target_error, forecast.answered, forecast.cutoffs)
    trained = model.forecast_for(language, model.target_error)
    own = model.cutoffs.get(language, model.default_cutoffs)
    told = trained is not None and trained.cutoffs == own
    return InForce(model.target_error, trained.answered if trained and told else None, own)


def _chart(row: Tolerance) -> dict[str, Any]:
    points = [{"x": each.target_error, "y": round(each.answered, 4)} for each in row.forecasts]
    return {"language": row.language, "points": points, "now": row.now.target_error}
