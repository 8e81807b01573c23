"""Findings: faults of the tenant; an event tells when one is found, changed or resolved. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import Notice, NoticeKind


class FindingPart(Struct, frozen=True, omit_defaults=True):
    """One of several things that are told by one notice.

    Attributes:
        key: what it is about, the same at each look.
        text: what is told of it.
        severity: a word for how bad it is; "" where that does not matter.
    """

    key: str
    text: str
    severity: str = ""


class FindingState(Struct, frozen=True):
    """The remembered state of one finding.

    Attributes:
        notice: as it was told.
        since: when it was found first (UTC).
        parts: what is true now of all that the notice is about; empty where it is about one thing.
        looked_at: when they were last looked at (UTC); None where there are none.
    """

    notice: Notice
    since: datetime
    parts: tuple[FindingPart, ...] = ()
    looked_at: datetime | None = None

    @property
    def subject_id(self) -> str:
        """The id of what it is about."""
        return self.notice.subject_id


def compare_findings(
    known: Mapping[str, FindingState], found: Iterable[Notice], now: datetime
) -> list[Change[FindingState]]:
    """The changes to record: new and changed findings in the order found, then the resolved ones.

    A finding is told again only when its title, facts or risk changed: that it is still true is no news.
    The revision of a notice is the time at which it is told, so that a finding that comes back is not taken
    for the one of before.

    Args:
        known: the findings that were true at the last look, by subject.
        found: all that are true now, each of the kind `FINDING`.
        now: the time of the poll (UTC).
    """
    present = {notice.subject_id: notice for notice in found}
    told = (_told(known.get(subject), notice, now) for subject, notice in present.items())
    resolved = [_resolved(state, now) for subject, state in known.items() if subject not in present]
    return [*(change for change in told if change is not None), *resolved]


def _told(before: FindingState | None, notice: Notice, now: datetime) -> Change[FindingState] | None:
    if before is not None and _essence(before.notice) == _essence(notice):
        return None
    fresh = replace(notice, at=now, revision=next_revision(before, now))
    since = before.since if before else now
    return Change(notice.subject_id, before, FindingState(fresh, since), fresh)


def _resolved(state: FindingState, now: datetime) -> Change[FindingState]:
    over = replace(state.notice, kind=NoticeKind.RESOLVED, at=now, revision=next_revision(state, now))
    return Change(state.subject_id, state, None, over)


def _essence(notice: Notice) -> tuple[object, ...]:
    return notice.title, notice.facts, notice.risk


def next_revision(before: FindingState | None, now: datetime) -> int:
    """The revision of a notice that is told now: later than before, even where a clock was set back."""
    seconds = int(now.timestamp())
    return seconds if before is None else max(seconds, before.notice.revision + 1)
