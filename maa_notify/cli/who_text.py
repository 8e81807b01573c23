"""The answers of `who` in words, for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from maa_notify.cards import strings
from maa_notify.cards.subject import subject_of
from maa_notify.cards.text import isolated, plain
from maa_notify.cards.times import TimeFormat, span
from maa_notify.cli.text import counted
from maa_notify.domain.event import short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import APPROVED, REJECTED, Identity, is_same
from maa_notify.insight.answers import MEANING, Answer

_IN_FULL = 3
"""Answers told in full; of more, each gets one line."""
_LINES = 50
_NAME = 256
_NOTE = 2_000
_WORDS = {APPROVED: "Approved", REJECTED: "Rejected"}
_UNSEEN = "at a time that no poll saw"


def print_answers(answers: Sequence[Answer], left_out: int, notes: Sequence[str], times: TimeFormat) -> None:
    """Prints the answers: a few in full, many as a list of candidates."""
    if not answers:
        print("Nothing that fits is known.")
    elif len(answers) <= _IN_FULL:
        print("\n\n".join("\n".join(_in_full(each, times)) for each in answers))
    else:
        print(f"{counted(len(answers) + left_out, 'answer')}; name one by --key for all that is known of it:")
        print("\n".join(_line(each, times) for each in answers[:_LINES]))
        if len(answers) + left_out > _LINES:
            print(f"… and {len(answers) + left_out - _LINES} earlier ones; narrow it down, or take --json")
    for note in notes:
        print(f"\nNote: {note}")


def _in_full(answer: Answer, times: TimeFormat) -> list[str]:
    record, event = answer.record, answer.event
    lines = _of_request(record, times) if record else []
    if event is not None:
        who = f"{_person(event.actor)}, {times.format(event.at)}, as audit event {plain(event.id, _NAME)}"
        if record is None:
            lines.append(plain(f"{event.activity} {event.name}", _NAME))
        lines.append(f"  Carried out  by {who}")
    return [*lines, f"  How sure     {answer.sure}: {MEANING[answer.sure]}"]


def _of_request(record: RequestRecord, times: TimeFormat) -> list[str]:
    request = record.request
    lines = [
        f"{subject_of(request, _NAME)} - {_outcome(record)} (key {short_key(request.id)})",
        f"  Asked        by {_person(request.requestor)}, {times.format(record.filed_at)}",
        *_quoted(request.justification),
    ]
    if record.state.former_names:
        names = ", ".join(isolated(plain(each, _NAME)) for each in record.state.former_names)
        lines.append(f"  Called       {names} before")
    for word, approver, at in _decisions(record):
        when = times.format(at) + _after(at, record.filed_at) if at else _UNSEEN
        lines.append(f"  {word}     by {_person(approver)}, {when}")
    if record.is_decided:
        lines += _quoted(request.approval_notes)
    if record.completed_at:
        lines.append(f"  Completed    {times.format(record.completed_at)}")
    return lines


def _decisions(record: RequestRecord) -> list[tuple[str, Identity, datetime | None]]:
    """Each decision: what it was, by whom and when (UTC). Whom Graph names is told though no poll saw it."""
    named = record.request.approver
    seen = [step for step in record.state.steps if step.status in _WORDS]
    found = [(_WORDS[step.status], named if step.by == Identity() else step.by, step.at) for step in seen]
    is_told = any(named in {by, Identity()} or is_same(named, by) for _, by, _ in found)
    if not record.is_decided or is_told:
        return [*found]
    return [
        *found,
        (_WORDS.get(record.outcome, _WORDS[APPROVED]), named, None if seen else record.decided_at),
    ]


def _after(at: datetime, filed_at: datetime | None) -> str:
    return f", after {span(at - filed_at)}" if filed_at and at >= filed_at else ""


def _line(answer: Answer, times: TimeFormat) -> str:
    record, event = answer.record, answer.event
    if record is None:
        told = plain(f"{event.activity} {event.name}", _NAME) if event else ""
        who = f"by {_person(event.actor)}" if event else ""
        return f"{'-':6}  {times.format(event.at if event else None)}  {told}, {who} (audit log alone)"
    request = record.request
    approver = "" if record.approver == Identity() else f", decided by {_person(record.approver)}"
    return (
        f"{short_key(request.id)}  {times.format(record.filed_at)}  {subject_of(request, _NAME)}"
        f" - {_outcome(record)}, asked by {_person(request.requestor)}{approver}"
    )


def _outcome(record: RequestRecord) -> str:
    return strings.step(record.outcome)


def _quoted(text: str) -> list[str]:
    return [f'               "{plain(line, _NOTE)}"' for line in text.splitlines()]


def _person(identity: Identity) -> str:
    """A person or an application, as far as Graph tells."""
    name = plain(identity.name, _NAME)
    account = plain(identity.upn or ("" if name else identity.id), _NAME)
    told = isolated(name) + (f" ({account})" if name and account else account)
    told = told or "somebody who is not told"
    return f"the application {told}" if identity.kind == "application" else told
