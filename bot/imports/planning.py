"""What a file changes in the knowledge, worked out without a database.

For each question of each row, in the file's order (``Count``):

- the question leads to this very answer already: **unchanged** (or **changed** when the row gave the answer, known by
  its key, another text); repeated within the file: **duplicate**;
- it leads to an answer with another text that is valid at the same time, in the database or earlier in the file: **conflicting**. It is kept as a
  draft answer tagged "conflict", which no import ever approves: a person decides;
- otherwise **new**.

Rows are one answer when they have the same answer key, or, without one, the same text. Of a key, the file's first
text in a language, its first intent and its first dates count, and all its tags. Without ``approve`` nothing
that customers are told changes: what concerns an approved answer goes into a draft beside it. With
``approve``, drafts of earlier imports that the file holds again are approved.

What a person did to an answer stands: a text it once had is not brought back, another one is a conflict; questions
and answers that a person took out stay out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.db.base import new_id
from bot.db.knowledge_tables import AnswerState
from bot.imports.planned import Count, Known, Lead, Plan, PlannedAnswer, PlannedText
from bot.imports.preparing import ALWAYS, CONFLICT_TAG, PreparedQuestion, PreparedRow, Validity

MOST_ROUNDS = 5
_STATES: list[str] = [AnswerState.APPROVED, AnswerState.DRAFT, AnswerState.RETIRED]


def plan_rows(
    rows: Sequence[PreparedRow],
    known: Known,
    *,
    approve: bool,
    same_as: Mapping[str, str] | None = None,
) -> Plan:
    """The changes that bring the rows in.

    A later row can settle what an earlier one left open (where keys, languages and drafts cross), so the rows are gone
    through until nothing more follows from them: importing the file again then adds nothing. The first round counts.

    Args:
        same_as: text hash → text hash of an answer in the database that says the same (mined answers only).
    """
    planner = _Planner(known, _details_of(rows), approve=approve)
    planner.take_all(rows, same_as or {})
    counts = planner.plan.counts
    for _ in range(MOST_ROUNDS):
        if not planner.take_all(rows, same_as or {}):
            break
    planner.plan.counts = counts
    planner.plan.changed = [a for a in planner.answers if a.changed and not a.is_new]
    return planner.plan


@dataclass(slots=True)
class _Details:
    """What a file says of one answer key besides texts."""

    intent: str | None = None
    tags: list[str] = field(default_factory=list)
    validity: Validity = ALWAYS


def _details_of(rows: Iterable[PreparedRow]) -> dict[str, _Details]:
    found: dict[str, _Details] = {}
    for row in rows:
        if row.answer_key is not None:
            details = found.setdefault(row.answer_key, _Details())
            details.intent = details.intent or row.intent
            details.tags += [tag for tag in row.tags if tag not in details.tags]
            if details.validity == ALWAYS:
                details.validity = row.validity
    return found


class _Planner:
    def __init__(self, known: Known, details: Mapping[str, _Details], *, approve: bool) -> None:
        self.plan = Plan()
        self._details = details
        self._texts_of_keys: dict[tuple[str, str], str] = {}
        self.answers = list(known.answers)
        self._approve = self._may_approve = approve
        self._by_key: dict[str, list[PlannedAnswer]] = {}
        self._by_text: dict[str, list[PlannedAnswer]] = {}
        self._leads: dict[str, list[Lead]] = {folded: list(leads) for folded, leads in known.leads.items()}
        self._seen: set[tuple[str, str]] = set()
        self._changes = 0
        for answer in known.answers:
            self._register(answer)

    def take_all(self, rows: Iterable[PreparedRow], same_as: Mapping[str, str]) -> bool:
        """Goes through the file once; returns whether anything followed from it."""
        before = self._changes
        self.plan.counts = Counter()
        self._texts_of_keys.clear()
        self._seen.clear()
        for answer in self.answers:
            answer.claimed.clear()
        for row in rows:
            self._take(row, same_as.get(row.text_hash, row.text_hash))
        return self._changes > before

    def _take(self, row: PreparedRow, text_hash: str) -> None:
        self._approve = self._may_approve and row.approvable
        target = self._target(row, text_hash)
        fits = self._speaks_for_key(row, text_hash) and (target is None or _fits(target, row, text_hash))
        counted = [(self._count(q, row, text_hash, target, fits=fits), q) for q in row.questions]
        new = [question for count, question in counted if count is Count.NEW]
        conflicting = [question for count, question in counted if count is Count.CONFLICTING]
        unchanged = [question for count, question in counted if count is Count.UNCHANGED]
        known = [question for question in unchanged if self._concerns(target, question, row, text_hash)]
        changes = False
        if target is not None and fits and (new or known):
            changes = self._update(target, row, text_hash)
            self._approve_draft(target, new)
        if new:
            target = target or self._new_answer(row, state=self._state(), key=row.answer_key)
            self._lead(new, target, row)
        if conflicting:
            self._lead(conflicting, self._conflict_answer(row, text_hash), row)
        for count, _ in counted:
            self.plan.counts[Count.CHANGED if changes and count is Count.UNCHANGED else count] += 1

    def _count(
        self,
        question: PreparedQuestion,
        row: PreparedRow,
        text_hash: str,
        target: PlannedAnswer | None,
        *,
        fits: bool,
    ) -> Count:
        if (question.folded, text_hash) in self._seen:
            return Count.DUPLICATE
        self._seen.add((question.folded, text_hash))
        leads = self._leads.get(question.folded, ())
        if any(_is_known(lead, target, row, text_hash, fits=fits, approve=self._approve) for lead in leads):
            return Count.UNCHANGED
        validity = self._validity(row, target)
        if not fits or any(_is_rival(lead, target, row, text_hash, validity) for lead in leads):
            return Count.CONFLICTING
        return Count.NEW

    def _validity(self, row: PreparedRow, target: PlannedAnswer | None) -> Validity:
        """Of the answer as it will stand."""
        stated = row.validity if row.answer_key is None else self._details[row.answer_key].validity
        return target.validity if target is not None and stated == ALWAYS else stated

    def _concerns(
        self, target: PlannedAnswer | None, question: PreparedQuestion, row: PreparedRow, text_hash: str
    ) -> bool:
        """Whether a known question leads to the target, and not, besides, to an approved answer that says the same."""
        answers = [lead.answer for lead in self._leads.get(question.folded, ())]
        others = [answer for answer in answers if answer.approved and answer is not target]
        return target in answers and not any(_holds(answer, row, text_hash) for answer in others)

    def _lead(self, questions: Sequence[PreparedQuestion], answer: PlannedAnswer, row: PreparedRow) -> None:
        self._changes += len(questions)
        for question in questions:
            self.plan.questions.append((answer, question))
            self._leads.setdefault(question.folded, []).append(Lead(answer, active=True))
            answer.questions.add(question.folded)
        self.plan.sources += [(answer, source) for source in row.sources]

    def _speaks_for_key(self, row: PreparedRow, text_hash: str) -> bool:
        """Whether no earlier row of the file gave the key another text in this language."""
        if row.answer_key is None:
            return True
        return self._texts_of_keys.setdefault((row.answer_key, row.language), text_hash) == text_hash

    def _target(self, row: PreparedRow, text_hash: str) -> PlannedAnswer | None:
        """The answer that the row belongs to, if there is one that may be touched."""
        found: Sequence[PlannedAnswer] = ()
        if row.answer_key is not None:
            found = self._by_key.get(row.answer_key, ())
        if not found:
            same_text = [a for a in self._by_text.get(text_hash, ()) if a.says(text_hash)]
            found = [a for a in same_text if row.answer_key is None or a.key is None]
        usable = [answer for answer in found if not answer.in_conflict]
        if not self._approve:
            usable = [answer for answer in usable if not answer.approved]
        led_to = [lead.answer for q in row.questions for lead in self._leads.get(q.folded, ())]
        return min(usable, key=lambda a: (_STATES.index(a.state), a not in led_to, a.id), default=None)

    def _update(self, target: PlannedAnswer, row: PreparedRow, text_hash: str) -> bool:
        """Takes over text, key, intent and tags; returns whether a text that was there changed."""
        present = target.texts.get(row.language)
        standing = _languages_of(target, row, text_hash)
        takes_text = not standing and not target.outgrew(text_hash)
        if takes_text:
            number = present.number if present else None
            target.texts[row.language] = PlannedText(row.text, row.text_hash, number, dirty=True)
            target.former.discard((row.language, row.text_hash))
            if present:
                target.former.add((row.language, present.text_hash))
            self._note(target)
            self._by_text.setdefault(row.text_hash, []).append(target)
        target.claimed.update(standing or {row.language})
        if target.key is not None and target.key == row.answer_key and not target.edited:
            self._update_details(target, self._details[target.key])
        return takes_text and present is not None

    def _update_details(self, target: PlannedAnswer, said: _Details) -> None:
        if said.intent is not None and said.intent != target.intent:
            target.intent = said.intent
            self._note(target)
        if said.validity not in (ALWAYS, target.validity) and not target.dated:
            target.validity = said.validity
            self._note(target)
        missing = [tag for tag in said.tags if tag not in target.tags]
        if missing:
            target.tags = [*target.tags, *missing]
            self._note(target)

    def _approve_draft(self, target: PlannedAnswer, new: Sequence[PreparedQuestion]) -> None:
        """With ``approve``, a draft of an earlier import is approved unless one of its questions leads elsewhere too."""
        if not self._approve or target.state != AnswerState.DRAFT:
            return
        questions = target.questions.union(question.folded for question in new)
        leads = [lead for folded in questions for lead in self._leads.get(folded, ())]
        if not any(lead.active and _speaks_beside(lead.answer, target) for lead in leads):
            target.state = AnswerState.APPROVED
            self._note(target)

    def _note(self, answer: PlannedAnswer) -> None:
        answer.changed = True
        self._changes += 1

    def _conflict_answer(self, row: PreparedRow, text_hash: str) -> PlannedAnswer:
        for answer in self._by_text.get(text_hash, ()):
            if answer.in_conflict and answer.says(text_hash):
                return answer
        answer = self._new_answer(row, state=AnswerState.DRAFT, key=None)
        answer.tags = [*answer.tags, CONFLICT_TAG]
        return answer

    def _state(self) -> str:
        return AnswerState.APPROVED if self._approve else AnswerState.DRAFT

    def _new_answer(self, row: PreparedRow, *, state: str, key: str | None) -> PlannedAnswer:
        details = (
            self._details[key] if key is not None else _Details(row.intent, list(row.tags), row.validity)
        )
        answer = PlannedAnswer(
            id=new_id("ans"),
            state=state,
            version=0,
            key=key,
            intent=details.intent,
            tags=list(details.tags),
            validity=details.validity,
            texts={row.language: PlannedText(row.text, row.text_hash, dirty=True)},
            claimed={row.language},
        )
        self.answers.append(answer)
        self.plan.answers.append(answer)
        self._register(answer)
        return answer

    def _register(self, answer: PlannedAnswer) -> None:
        if answer.key is not None:
            self._by_key.setdefault(answer.key, []).append(answer)
        for text in answer.texts.values():
            self._by_text.setdefault(text.text_hash, []).append(answer)


def _fits(target: PlannedAnswer, row: PreparedRow, text_hash: str) -> bool:
    """Whether the row's text can be the answer's without overruling a person or an earlier row of the file."""
    if target.state == AnswerState.RETIRED:
        return False
    if row.language not in target.texts or target.outgrew(text_hash):
        return True
    if _languages_of(target, row, text_hash):
        return True
    return not (target.edited or row.language in target.claimed)


def _languages_of(target: PlannedAnswer, row: PreparedRow, text_hash: str) -> set[str]:
    """In which languages the answer holds the row's text; under its key only the row's own counts."""
    languages = {code for code, text in target.texts.items() if text.text_hash == text_hash}
    return languages if row.language in languages or not _under_its_key(target, row) else set()


def _holds(answer: PlannedAnswer, row: PreparedRow, text_hash: str) -> bool:
    """Whether the answer says, or once said, what the row says."""
    if _under_its_key(answer, row) and (row.language, text_hash) not in answer.former:
        return bool(_languages_of(answer, row, text_hash))
    return answer.said(text_hash)


def _under_its_key(answer: PlannedAnswer, row: PreparedRow) -> bool:
    return row.answer_key is not None and answer.key == row.answer_key


def _is_known(
    lead: Lead, target: PlannedAnswer | None, row: PreparedRow, text_hash: str, *, fits: bool, approve: bool
) -> bool:
    """Whether the question leads where the row wants it to; a draft elsewhere is not enough to be approved."""
    if lead.answer is target and fits:
        return True
    plain_draft = lead.answer.state == AnswerState.DRAFT and not lead.answer.in_conflict
    return _holds(lead.answer, row, text_hash) and not (plain_draft and approve)


def _speaks_beside(answer: PlannedAnswer, target: PlannedAnswer) -> bool:
    return answer.approved and answer is not target and answer.validity.overlaps(target.validity)


def _is_rival(
    lead: Lead, target: PlannedAnswer | None, row: PreparedRow, text_hash: str, validity: Validity
) -> bool:
    if not lead.active or lead.answer is target or lead.answer.state == AnswerState.RETIRED:
        return False
    if not lead.answer.validity.overlaps(validity):
        return False
    return not (_under_its_key(lead.answer, row) or lead.answer.said(text_hash))
