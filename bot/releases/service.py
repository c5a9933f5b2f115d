"""Which release speaks: making the first one, renewing it, promoting, rolling back."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.engine import Database
from bot.db.release_tables import Release
from bot.db.webhook_tables import EventType
from bot.errors import ConflictError, GateRefusedError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.releases import gating, repository
from bot.releases.building import Progress, build_release
from bot.releases.comparisons import make_way
from bot.releases.deciding import check_not_rejected
from bot.releases.repository import ReleaseParts
from bot.releases.schemas import (
    CheckpointOut,
    GateCheckOut,
    GateOut,
    ReleaseDecisionOut,
    ReleaseDetails,
    ReleaseOut,
    SnapshotOut,
)
from bot.settings import Settings
from bot.webhooks.outbox import record_in_session
from retrieval.artifacts import MANIFEST_NAME
from retrieval.encoder import ONNX_FILE, TOKENIZER_FILE

ROLL_BACK = "roll_back"
"""The action by which a release takes back those promoted after it."""
MANY_CHANGES = 1000
SHARE_CHANGED = 5


async def ensure_release(
    database: Database, settings: Settings, *, made_by: str, progress: Progress | None = None
) -> ReleaseParts | None:
    """Builds and promotes a release when there is none or the knowledge has outgrown its snapshot.

    Up to then the live delta serves; but it searches its rows one by one, and the confidence was fitted on the
    knowledge of the snapshot. So a new one is made when it would differ in more than 1000 questions and a fifth of its
    size, and for small ones as soon as they have doubled. A trained checkpoint is left to training.

    Returns:
        The release it promoted, or None when the present one goes on.

    Raises:
        NothingToServeError: there is no release and nothing is approved yet.
        ModelNotFoundError: the backbone is not on this machine.
    """
    async with database.read() as session:
        _, present = await repository.promoted(session)
        if present is not None and not await _outgrown(session, present):
            return None
    parts = await build_release(database, settings, created_by=made_by, progress=progress)
    async with database.write() as session:
        await make_way(session, parts.release.id, promoted_by=made_by)
        await repository.promote(session, parts.release.id)
        await record_audit(session, actor=made_by, action="promote", target=parts.release.id)
        await _tell(session, parts.release.id, before=present)
    return parts


async def _tell(session: AsyncSession, release_id: str, *, before: ReleaseParts | None) -> None:
    payload = {"release_id": release_id, "before": before.release.id if before else None}
    await record_in_session(session, EventType.RELEASE_PROMOTED, payload)


async def _outgrown(session: AsyncSession, present: ReleaseParts) -> bool:
    if present.checkpoint.summary.get("tuned"):
        return False
    size = int(present.snapshot.summary["questions"])
    changed = await repository.questions_changed_since(session, present.snapshot.revision)
    return changed > max(min(size, MANY_CHANGES), size // SHARE_CHANGED)


async def find(session: AsyncSession, release_id: str) -> ReleaseParts:
    parts = await repository.get(session, release_id)
    if parts is None:
        raise NotFoundError(f"no release {release_id!r}; see: kefu releases list, or GET /v1/releases")
    return parts


async def find_whole(session: AsyncSession, release_id: str, *, data_dir: Path) -> ReleaseParts:
    """One whose folders are there, and stay so until this transaction has ended.

    Raises:
        NotFoundError: there is no such release.
        ConflictError: its folders are gone.
    """
    await repository.lock_pointer(session)
    parts = await find(session, release_id)
    if parts.release.removed_at is not None:
        raise ConflictError(
            f"the folders of release {release_id} are gone since {parts.release.removed_at:%Y-%m-%d}: it was old "
            "(KEFU_RELEASES__KEPT, KEFU_RELEASES__KEEP_FOR), or not in the backup that was restored; "
            "train again: kefu train"
        )
    for path in (parts.checkpoint.path, parts.snapshot.path):
        if not (data_dir / path / MANIFEST_NAME).is_file():
            raise ConflictError(
                f"the folders of release {release_id} are not whole: {data_dir / path} is missing or incomplete; "
                "bring it back from a copy, or train again: kefu train"
            )
    return parts


async def page_of_releases(session: AsyncSession, *, before: str | None, limit: int) -> Page[ReleaseOut]:
    """The newest first, from the cursor's release on."""
    rows = await repository.page(session, before=before, limit=limit + 1)
    _, present = await repository.promoted(session)
    shown, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[_release_out(row, present) for row in shown], next_cursor=next_cursor)


async def show(session: AsyncSession, release_id: str, *, data_dir: Path) -> ReleaseDetails:
    """A release with the folders and files it consists of; raises NotFoundError."""
    parts = await find(session, release_id)
    _, present = await repository.promoted(session)
    checkpoint, snapshot = parts.checkpoint, parts.snapshot
    folder = (data_dir / checkpoint.path).absolute()
    return ReleaseDetails(
        **_release_out(parts.release, present).model_dump(),
        checkpoint=CheckpointOut(
            id=checkpoint.id,
            path=str(folder),
            onnx=str(folder / ONNX_FILE),
            tokenizer=str(folder / TOKENIZER_FILE),
            digest=checkpoint.digest,
            summary=checkpoint.summary,
        ),
        snapshot=SnapshotOut(
            id=snapshot.id,
            path=str((data_dir / snapshot.path).absolute()),
            digest=snapshot.digest,
            revision=snapshot.revision,
            summary=snapshot.summary,
        ),
        gate=_gate_out(parts.release, data_dir),
        decision=_decision_out(parts.release),
    )


def _decision_out(release: Release) -> ReleaseDecisionOut | None:
    if release.approved is None or release.decided_by is None or release.decided_at is None:
        return None
    return ReleaseDecisionOut(
        approved=release.approved,
        reason=release.decision_reason or "",
        decided_by=release.decided_by,
        decided_at=release.decided_at,
    )


def _gate_out(release: Release, data_dir: Path) -> GateOut | None:
    if release.gate is None:
        return None
    page = (data_dir / release.gate["report"]).absolute()
    return GateOut(
        passed=release.gate["passed"],
        made_at=release.gate["made_at"],
        report=str(page) if page.is_file() else None,
        checks=[GateCheckOut(**check) for check in release.gate["checks"]],
        not_compared=release.gate.get("not_compared"),
    )


def _release_out(release: Release, present: ReleaseParts | None) -> ReleaseOut:
    return ReleaseOut(
        id=release.id,
        promoted=present is not None and present.release.id == release.id,
        created_at=release.created_at,
        created_by=release.created_by,
        promoted_at=release.promoted_at,
        gate_passed=None if release.gate is None else release.gate["passed"],
        removed_at=release.removed_at,
    )


async def promote(
    session: AsyncSession,
    release_id: str,
    *,
    data_dir: Path,
    promoted_by: str,
    action: str = "promote",
    force: bool = False,
    reason: str | None = None,
) -> ReleaseParts:
    """Makes a release speak in every worker. Promoting the one that speaks changes nothing.

    Raises:
        NotFoundError: there is no such release.
        ConflictError: somebody rejected it, or its folders are gone.
        GateRefusedError: the gate refused it, it has never spoken, and nobody forces it.
    """
    parts = await find_whole(session, release_id, data_dir=data_dir)
    _, present = await repository.promoted(session)
    if present is not None and present.release.id == release_id:
        return present
    check_not_rejected(parts.release)
    forced = gating.is_refused(parts.release)
    if forced and not force:
        raise GateRefusedError(
            f"release {release_id}: {' '.join(gating.refusals(parts.release))} "
            "The present release goes on. Promote it all the same with --force (HTTP: ?force=true)."
        )
    await make_way(session, release_id, promoted_by=promoted_by)
    since = parts.release.promoted_at
    if action == ROLL_BACK and since is not None and parts.release.taken_back_at is None:
        await repository.take_back_all_since(session, since)
    await repository.promote(session, release_id)
    await record_audit(
        session,
        actor=promoted_by,
        action=action,
        target=release_id,
        details={"before": present.release.id if present else None}
        | ({"forced": True} if forced else {})
        | ({"reason": reason} if reason else {}),
    )
    await _tell(session, release_id, before=present)
    return await find(session, parts.release.id)


async def promote_if_passed(
    session: AsyncSession, release_id: str, settings: Settings, *, wished: bool, promoted_by: str
) -> bool:
    """Promotes what the gate let pass, where somebody wished it or the settings say so; tells whether it did."""
    parts = await find(session, release_id)
    if not gating.has_passed(parts.release) or not (wished or settings.releases.auto_promote):
        return False
    await promote(session, release_id, data_dir=settings.data_dir, promoted_by=promoted_by)
    return True


async def roll_back(
    session: AsyncSession, *, data_dir: Path, rolled_back_by: str, reason: str | None = None
) -> ReleaseParts:
    """Promotes the release that spoke before the present one, which is taken back: once more leads to the one before that.

    Raises:
        ConflictError: there is none that nobody has rejected or taken back, or its folders are gone.
    """
    _, present = await repository.promoted(session)
    earlier = await repository.promoted_before(session, present) if present else None
    if earlier is None:
        raise ConflictError(
            "no release was promoted before the present one and may speak again; name one: kefu releases list"
        )
    return await promote(
        session, earlier, data_dir=data_dir, promoted_by=rolled_back_by, action=ROLL_BACK, reason=reason
    )
