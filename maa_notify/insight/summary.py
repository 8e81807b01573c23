"""The weekly summary: last week in a few lines, and what waits now. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from maa_notify.cards.times import span as length
from maa_notify.domain.event import Fact, Notice, NoticeKind
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, ApprovalRequest
from maa_notify.insight import wording
from maa_notify.insight.figures import Figures
from maa_notify.insight.weekly import DAYS

SUBJECT = "summary:weekly"
_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"
_REMARKS = 3


def weekly_summary(  # noqa: PLR0913, PLR0917 - all that it tells of
    found: Figures,
    listed: Sequence[ApprovalRequest],
    new_findings: Sequence[str],
    now: datetime,
    zone: tzinfo | None,
    failing_since: datetime | None = None,
) -> Notice:
    """The summary of a week. It names nobody.

    Args:
        found: the figures of the week, without names.
        listed: the requests that Graph lists now.
        new_findings: titles of what was newly found about the tenant in that week.
        now: the time of the poll (UTC).
        zone: the display time zone; None for UTC.
        failing_since: since when Graph cannot be asked what is listed (UTC); None if it can.
    """
    due = found.until or now
    waiting = [each for each in listed if each.status == NEEDS_APPROVAL]
    approved = sum(each.status == APPROVED for each in listed)
    remarks = wording.remarks(found)
    waits = _waiting(waiting, approved, now)
    if failing_since is not None:
        waits += f", as far as is known: polls have failed for {length(now - failing_since)}"
    facts = [
        Fact("Filed", _filed(found)),
        Fact("Each day", _row(found, zone or UTC)),
        Fact("Time to decision", wording.decision_times(found)),
        Fact("Worth a look", _few(remarks, " ", "And {} more.") or "Nothing stands out."),
        Fact("Waits now", waits),
        Fact("New in posture", _few(new_findings, "; ", "and {} more") or "Nothing new."),
    ]
    return Notice(
        kind=NoticeKind.SUMMARY,
        subject_id=SUBJECT,
        revision=int(due.timestamp()),
        at=now,
        title=f"Last week: {wording.counted(found.requests, 'request')}",
        text="What was asked for in the week before, and how it fared.",
        facts=tuple(facts),
        next_step="Approvers: decide what waits." if waiting else "",
        topics=("summary",),
    )


def _few(lines: Sequence[str], between: str, rest: str) -> str:
    """The first lines, and how many more there are."""
    more = len(lines) - _REMARKS
    return between.join([*lines[:_REMARKS], *([rest.format(more)] if more > 0 else [])])


def _filed(found: Figures) -> str:
    told = [f"{wording.outcome(word).lower()} {count}" for word, count in found.outcomes.items()]
    return ", ".join(told) if told else "none"


def _row(found: Figures, zone: tzinfo) -> str:
    """A bar for each day of the week, from characters that every Teams client has a glyph for."""
    if found.since is None or found.until is None or not found.requests:
        return "none"
    counts = {each.first_day: sum(each.outcomes.values()) for each in found.periods}
    first, last = (
        found.since.astimezone(zone).date(),
        (found.until - datetime.resolution).astimezone(zone).date(),
    )
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return " ".join(f"{DAYS[day.weekday()].title()} {_bar(counts.get(f'{day}', 0), counts)}" for day in days)


def _bar(count: int, counts: Mapping[str, int]) -> str:
    return _BARS[(len(_BARS) * count - 1) // max(counts.values())] if count else _NONE


def _waiting(waiting: Sequence[ApprovalRequest], approved: int, now: datetime) -> str:
    filed = [
        each.requested_at for each in waiting if each.requested_at is not None and each.requested_at < now
    ]
    oldest = f", the oldest for {length(now - min(filed))}" if filed else ""
    undone = f"; {approved} approved and not completed" if approved else ""
    return f"{len(waiting) or 'nothing'} for a decision{oldest}{undone}"
