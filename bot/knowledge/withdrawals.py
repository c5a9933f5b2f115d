"""Takes the labels of one source out, with everything that stands on them; or puts them back.

Out go the questions they made and the answers written for them; back come the questions that had given way to them and the
answers that were merged away. One transaction, one audit entry; every worker's index follows, and the next training
knows nothing of them. Texts that a person has replaced stay: those go back by their versions.
"""

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.knowledge_tables import AnswerState, LabelSource
from bot.errors import InvalidInputError, NotFoundError
from bot.knowledge import withdrawal_repository as repository
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.versions import merged_by, withdrawn_by
from bot.knowledge.withdrawal_repository import Labels, in_force, labels_of, withdrawn
from bot.knowledge.writing import contents_of, put_content, retire_answers

_FROM_FILES = (LabelSource.IMPORT, LabelSource.MINED)
_KINDS = ("key:", "visitor:", "operator:")


@dataclass(frozen=True)
class Withdrawal:
    """How much was taken out or put back. ``questions_back`` had given way to the labels and came back."""

    source: str
    labels: int
    questions: int
    questions_back: int
    answers: int


async def withdraw_source(session: AsyncSession, source: str, *, taken_out_by: str) -> Withdrawal:
    """``source`` is one of ``LabelSource``, or who gave or accepted the labels (an API key, a visitor, cli).

    Raises:
        InvalidInputError: it can be neither.
        NotFoundError: no label of it is in force.
    """
    named = source_named(source)
    revision, at, audit_id = await raise_revision(session), now(), new_id("aud")
    count = await repository.mark_labels(session, labels_of(named, in_force()), withdrawn_at=at)
    if not count:
        raise NotFoundError(f"no label of {source!r} is in force; see: kefu labels list")
    labels = labels_of(named, withdrawn(at=at))
    await repository.hand_over_questions(session, labels)
    questions = await repository.take_out_questions(session, labels, at=at, revision=revision)
    merged = await repository.merged_away(session, labels, brought_back=False)
    back = await repository.bring_back_displaced(session, labels, revision=revision)
    by = withdrawn_by(audit_id)
    await _approve(session, [answer_id for answer_id, _ in merged], changed_by=by, revision=revision)
    answers = await repository.answers_left_without_questions(session, labels)
    await retire_answers(session, answers, changed_by=by, revision=revision)
    done = Withdrawal(named, count, questions, back, len(answers) + len(merged))
    await _audit(session, "withdraw_source", done, actor=taken_out_by, id=audit_id)
    return done


async def restore_source(session: AsyncSession, source: str, *, restored_by: str) -> Withdrawal:
    """Undoes all withdrawals of the source; what has been decided otherwise since stands.

    Raises:
        InvalidInputError: as with ``withdraw_source``.
        NotFoundError: no label of it was withdrawn.
    """
    named = source_named(source)
    revision, audit_id = await raise_revision(session), new_id("aud")
    labels = labels_of(named, withdrawn())
    made = await repository.answers_retired_by_withdrawal(session, labels)
    await _approve(session, made, changed_by=withdrawn_by(audit_id), revision=revision)
    leading = repository.not_to_retired(labels)
    await repository.displace_again(session, leading, revision=revision)
    questions = await repository.put_back_questions(session, labels, revision=revision)
    merged = await _merge_again(session, leading, revision=revision)
    count = await repository.mark_labels(session, labels, withdrawn_at=None)
    if not count:
        raise NotFoundError(f"no label of {source!r} was withdrawn")
    done = Withdrawal(named, count, questions, 0, len(made) + merged)
    await _audit(session, "restore_source", done, actor=restored_by, id=audit_id)
    return done


def source_named(source: str) -> str:
    """A label source, or a principal's name as labels keep it. Raises InvalidInputError."""
    if source in _FROM_FILES:
        raise InvalidInputError(
            f"{source!r} comes from files; take an import back with POST /v1/imports/…/undo"
        )
    if source in list(LabelSource) or source == "cli" or source.startswith(_KINDS):
        return source
    for prefix, kind in (("key_", "key:"), ("vis_", "visitor:"), ("opr_", "operator:")):
        if source.startswith(prefix):
            return kind + source
    known = ", ".join(each.value for each in LabelSource if each not in _FROM_FILES)
    raise InvalidInputError(
        f"{source!r} is no source of labels; use {known}, cli, or an id (key_…, vis_…, opr_…)"
    )


async def _approve(session: AsyncSession, ids: list[str], *, changed_by: str, revision: int) -> None:
    for answer_id, (_, content) in (await contents_of(session, ids)).items():
        approved = replace(content, state=AnswerState.APPROVED.value)
        await put_content(session, answer_id, approved, changed_by=changed_by, revision=revision)


async def _merge_again(session: AsyncSession, labels: Labels, *, revision: int) -> int:
    merged = dict(await repository.merged_away(session, labels, brought_back=True))
    for answer_id, label_id in merged.items():
        await retire_answers(session, [answer_id], changed_by=merged_by(label_id), revision=revision)
    return len(merged)


async def _audit(session: AsyncSession, action: str, done: Withdrawal, *, actor: str, id: str) -> None:
    details = {"labels": done.labels, "questions": done.questions, "answers": done.answers}
    await record_audit(session, actor=actor, action=action, target=done.source, details=details, id=id)
