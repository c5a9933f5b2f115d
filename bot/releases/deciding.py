"""What people say about a release: whether it may speak, and why. The gate's verdict stands beside it."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.release_tables import Release
from bot.errors import ConflictError, InvalidInputError
from bot.knowledge.audit import record_audit
from bot.releases import repository
from bot.releases.comparisons import end_trials_of
from bot.releases.repository import ReleaseParts

LONGEST_REASON = 400


async def decide_about(
    session: AsyncSession, parts: ReleaseParts, *, approved: bool, reason: str, decided_by: str
) -> None:
    """The newest decision counts. A rejected release is neither promoted nor tried on visitors until it is approved; where
    it is tried at the moment, that ends.

    Raises:
        InvalidInputError: there is no reason, or it is too long.
        ConflictError: the release that speaks is to be rejected.
    """
    release, said = parts.release, checked_reason(reason)
    await repository.lock_pointer(session)  # it is neither promoted nor tried meanwhile
    _, present = await repository.promoted(session)
    if not approved and present is not None and present.release.id == release.id:
        raise ConflictError(f"release {release.id} speaks; roll back or promote another one, then reject it")
    release.approved, release.decision_reason = approved, said
    release.decided_by, release.decided_at = decided_by, now()
    await session.flush()
    if not approved:
        await end_trials_of(session, release.id, rejected_by=decided_by)
    action = "approve_release" if approved else "reject_release"
    await record_audit(session, actor=decided_by, action=action, target=release.id, details={"reason": said})


def checked_reason(reason: str) -> str:
    said = reason.strip()
    if not 0 < len(said) <= LONGEST_REASON:
        raise InvalidInputError(f"a reason has 1 to {LONGEST_REASON} characters; this one has {len(said)}")
    return said


def check_not_rejected(release: Release) -> None:
    """Raises ConflictError."""
    if release.approved is False:
        raise ConflictError(
            f"release {release.id} was rejected: {release.decision_reason} Approve it in the console first."
        )
