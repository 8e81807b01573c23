"""What changed since the last look at the defence around approval, as one notice. Pure.

A fault that was told stays open until a look that could have seen it does not: a permission that was lost, or
half an answer, mends nothing. What the operator accepts is neither new nor mended.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import POSTURE, Fact, Notice, NoticeKind
from maa_notify.domain.finding import FindingPart, FindingState, next_revision
from maa_notify.domain.risk import Risk
from maa_notify.insight.posture.checks import Posture
from maa_notify.insight.posture.names import sentence
from maa_notify.insight.posture.verdict import GRAVEST_FIRST, Judgement, Severity, Verdict

SUBJECT = "posture:tenant"
"""The subject of all these notices; the part before the colon is the source's name."""

_MOST_PARTS = 150
_TEXT_LIMIT = 100
"""Together they fit into a row of the state store, which takes 32,000 characters. Of more, the gravest."""
_TOLD_LIMIT = 180
"""Of a fault that is new, so that a long name does not hide what is wrong."""
_MOST_NEW, _MOST_MENDED = 5, 3
"""With a line for how many more, and two below, as many as a card shows."""
_A_DAY = timedelta(hours=36)
_RISKS = {Severity.HIGH: Risk.HIGH, Severity.MEDIUM: Risk.MEDIUM, Severity.NOTE: Risk.LOW}
_SUMMARY_LIMIT = 400
_TEXT = "What keeps one stolen account from approving by itself was checked."
_NEXT_STEP = (
    "Administrator: maa-notify posture shows every finding, and with --check the steps that mend it. What has"
    " to stay so goes into MAA_POSTURE_ACCEPT."
)


class _Difference(Struct, frozen=True):
    """What is true now, and what of it is news.

    Attributes:
        parts: what is remembered.
        new: what opened or got graver.
        mended: what is true no longer.
        count: how many faults are open, also of those that are not remembered.
    """

    parts: tuple[FindingPart, ...]
    new: tuple[FindingPart, ...]
    mended: tuple[FindingPart, ...]
    count: int


def compare_posture(
    before: FindingState | None, posture: Posture, summary: str, now: datetime
) -> Change[FindingState]:
    """The change to record: with a notice where something opened or was mended, else in silence.

    The first look tells what it found, and nothing where all is sound.

    Args:
        before: as it was at the last look; None at the first one.
        posture: all verdicts of now.
        summary: who can defeat approval, as a sentence.
        now: the time of the poll (UTC).
    """
    known = before.parts if before else ()
    difference = _difference(known, posture)
    is_news = bool(difference.new or difference.mended)
    notice = _notice(before, difference, summary, now)
    told = notice if is_news or before is None else before.notice
    since = before.since if before else now
    after = FindingState(told, since, difference.parts, now)
    return Change(SUBJECT, before, after, notice if is_news else None)


def _difference(known: Sequence[FindingPart], posture: Posture) -> _Difference:
    before = {part.key: part for part in known}
    present = {part.key: part for each in posture.of(Verdict.FINDING) for part in _parts(each)}
    checked = {each.check.id for each in posture.judgements if each.verdict is not Verdict.ACCEPTED}
    half_seen = {each.check.id for each in posture.judgements if not all(gap.is_moot for gap in each.gaps)}
    gone = [part for part in known if part.key not in present and _check_of(part) in checked]
    kept = [part for part in gone if _check_of(part) in half_seen]
    # What was told already is not pushed out by what is as grave.
    ordered = sorted(present.values(), key=lambda part: (_rank(part), part.key not in before))
    remembered = (*ordered, *kept)[:_MOST_PARTS]
    return _Difference(
        parts=tuple(replace(part, text=sentence(part.text, _TEXT_LIMIT)) for part in remembered),
        new=tuple(part for part in remembered if _is_new(part, before.get(part.key))),
        mended=tuple(part for part in gone if _check_of(part) not in half_seen),
        count=len(present) + len(kept),
    )


def _parts(judgement: Judgement) -> Iterator[FindingPart]:
    """The faults of a check, as they are told."""
    for problem in judgement.problems:
        digest = hashlib.sha256(problem.thing.encode()).hexdigest()[:16]
        text = sentence(problem.text, _TOLD_LIMIT)
        yield FindingPart(f"{judgement.check.id}:{digest}", text, str(problem.severity))


def _rank(part: FindingPart) -> int:
    return GRAVEST_FIRST.index(Severity(part.severity))


def _is_new(part: FindingPart, before: FindingPart | None) -> bool:
    return before is None or _rank(part) < _rank(before)


def _notice(before: FindingState | None, found: _Difference, summary: str, now: datetime) -> Notice:
    new, mended = found.new, found.mended
    worst = Severity(new[0].severity) if new else None
    last = before.looked_at if before else None
    opened = [f"{_check_of(each)} {each.severity}: {each.text}" for each in new]
    over = [f"{_check_of(each)} no longer so: {each.text}" for each in mended]
    facts = [
        *_facts(_label_of_new(last, now), opened, _MOST_NEW),
        *_facts("Mended", over, _MOST_MENDED),
        Fact("Open now", _counted(found.count, "finding")),
        Fact("Today", sentence(summary, _SUMMARY_LIMIT)),
    ]
    return Notice(
        NoticeKind.FINDING if new else NoticeKind.RESOLVED,
        SUBJECT,
        next_revision(before, now),
        now,
        _title(found, is_first=before is None),
        _TEXT,
        tuple(facts),
        _NEXT_STEP if new else "",
        None if worst is None else _RISKS[worst],
        words=(POSTURE,),
    )


def _label_of_new(last: datetime | None, now: datetime) -> str:
    if last is None:
        return "Found"
    return "New since yesterday" if abs(now - last) < _A_DAY else f"New since {last:%Y-%m-%d}"


def _facts(label: str, lines: Sequence[str], most: int) -> Iterator[Fact]:
    """The first lines, and how many more there are."""
    yield from (Fact(label, each) for each in lines[:most])
    if len(lines) > most:
        yield Fact(label, f"and {_counted(len(lines) - most, 'more finding')}")


def _check_of(part: FindingPart) -> str:
    """The id of the check that found it."""
    return part.key.partition(":")[0]


def _title(found: _Difference, *, is_first: bool) -> str:
    new, mended = _counted(len(found.new), "new finding"), f"{len(found.mended)} mended"
    if is_first:
        return f"The defence around approval: {_counted(len(found.new), 'finding')} at the first look"
    if not found.new:
        return f"The defence around approval: {mended}"
    return f"The defence around approval: {new}{f', {mended}' if found.mended else ''}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
