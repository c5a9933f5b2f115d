"""What an import did, in numbers."""

from collections import Counter
from collections.abc import Mapping

from bot.imports.planned import Count, Plan
from bot.imports.preparing import PreparedFile
from bot.imports.schemas import ImportReport, MinedReport, RejectedOut


def report_of(
    prepared: PreparedFile,
    counts: Counter[Count],
    *,
    batch_id: str | None,
    dry_run: bool,
    approved: bool,
    mined: MinedReport | None,
) -> ImportReport:
    return ImportReport(
        batch_id=batch_id,
        format=prepared.format,
        dry_run=dry_run,
        approved=approved,
        new=counts[Count.NEW],
        changed=counts[Count.CHANGED],
        unchanged=counts[Count.UNCHANGED],
        duplicate=counts[Count.DUPLICATE],
        conflicting=counts[Count.CONFLICTING],
        masked=prepared.masked.total(),
        masked_kinds=dict(prepared.masked),
        html=prepared.html,
        languages=dict(prepared.languages),
        rejected=[RejectedOut(line=line.line, reason=line.reason) for line in prepared.rejected],
        mined=mined,
    )


def mined_report(plan: Plan, *, need_wording: int, skipped: Mapping[str, int]) -> MinedReport:
    return MinedReport(
        answers=sum(1 for answer in plan.answers if not answer.in_conflict),
        questions=plan.counts[Count.NEW],
        unchanged=plan.counts[Count.UNCHANGED] + plan.counts[Count.DUPLICATE],
        conflicting=plan.counts[Count.CONFLICTING],
        need_wording=need_wording,
        skipped=dict(skipped),
    )
