"""What changed since the last look at the defence around approval, as one notice. Pure.

A fault that was told stays open until a look that could have seen it does not: a permission that was lost, or
half an answer, mends nothing. What the operator accepts is neither new nor mended.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from maa_notify.cards.text import plain
from maa_notify.domain.change import Change
from maa_notify.domain.event import POSTURE, Fact, Notice, NoticeKind
from maa_notify.domain.finding import FindingPart, FindingState, next_revision
from maa_notify.domain.risk import Risk
from maa_notify.insight.posture.checks import Posture
from maa_notify.insight.posture.verdict import GRAVEST_FIRST, Judgement, Problem, Severity, Verdict

SUBJECT = "posture:tenant"
"""The subject of all these notices; the part before the colon is the source's name."""

_MOST_OF_A_CHECK = 8
_MOST_PARTS = 150
_TEXT_LIMIT = 100
"""Together they fit into a row of the state store, which takes 32,000 characters."""
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
    """What is true now, and what of it is news."""

    parts: tuple[FindingPart, ...]
    new: tuple[FindingPart, ...]
    mended: tuple[FindingPart, ...]


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
    present = {part.key: part for each in posture.of(Verdict.FINDING) for part in _parts(each)}
    by_key = {part.key: part for part in known}
    kept = [part for part in known if part.key not in present and _stays_open(part, posture)]
    mended = [part for part in known if part.key not in present and _is_mended(part, posture)]
    new = [part for part in present.values() if _is_worse(part, by_key.get(part.key))]
    new.sort(key=lambda part: GRAVEST_FIRST.index(Severity(part.severity)))
    return _Difference((*present.values(), *kept)[:_MOST_PARTS], tuple(new), tuple(mended))


def _parts(judgement: Judgement) -> Iterator[FindingPart]:
    """The faults of a check, as they are remembered; many are remembered as a number."""
    for problem in judgement.problems[:_MOST_OF_A_CHECK]:
        yield FindingPart(_key(judgement, problem), plain(problem.text, _TEXT_LIMIT), str(problem.severity))
    left_out = judgement.problems[_MOST_OF_A_CHECK:]
    if left_out:
        text = f"{len(left_out)} more faults of this check"
        yield FindingPart(f"{judgement.check.id}:more", text, str(left_out[0].severity))


def _key(judgement: Judgement, problem: Problem) -> str:
    digest = hashlib.sha256(problem.thing.encode()).hexdigest()[:16]
    return f"{judgement.check.id}:{digest}"


def _judgement_of(part: FindingPart, posture: Posture) -> Judgement | None:
    return next((each for each in posture.judgements if each.check.id == _check_of(part)), None)


def _stays_open(part: FindingPart, posture: Posture) -> bool:
    """Whether a fault that was not seen may still be there, since something could not be read."""
    judgement = _judgement_of(part, posture)
    if judgement is None or judgement.verdict is Verdict.ACCEPTED:
        return False
    return any(not each.is_moot for each in judgement.gaps)


def _is_mended(part: FindingPart, posture: Posture) -> bool:
    judgement = _judgement_of(part, posture)
    is_borne = judgement is None or judgement.verdict is Verdict.ACCEPTED
    return not is_borne and not _stays_open(part, posture)


def _is_worse(part: FindingPart, before: FindingPart | None) -> bool:
    if before is None:
        return True
    return GRAVEST_FIRST.index(Severity(part.severity)) < GRAVEST_FIRST.index(Severity(before.severity))


def _notice(before: FindingState | None, found: _Difference, summary: str, now: datetime) -> Notice:
    new, mended = found.new, found.mended
    worst = Severity(new[0].severity) if new else None
    last = before.looked_at if before else None
    opened = [f"{_check_of(each)} {each.severity}: {each.text}" for each in new]
    over = [f"{_check_of(each)} no longer so: {each.text}" for each in mended]
    facts = [
        *_facts(_label_of_new(last, now), opened, _MOST_NEW),
        *_facts("Mended", over, _MOST_MENDED),
        Fact("Open now", _counted(len(found.parts), "finding")),
        Fact("Today", plain(summary, _SUMMARY_LIMIT)),
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
