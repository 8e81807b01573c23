"""Looks after each calm poll whether what was due was told: cards at once, reminders unless it is quiet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from maa_notify.domain.event import Event, EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.reminders import parse_plan
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest
from tests.reliability.lives.world import Settings, World

LAST_CALL = timedelta(hours=1)
"""A last reminder to complete is held if so much is left when the day begins."""


def is_against_quiet(event: Event, quiet: QuietHours) -> bool:
    """Whether it is a reminder that should have waited for the day to begin."""
    end = quiet.until(event.at)
    if not isinstance(event, RequestEvent) or not event.is_reminder or end is None:
        return False
    expires_at = event.request.expires_at
    is_held_as_last = event.kind is EventKind.COMPLETE_REMINDER and (
        expires_at is None or expires_at - end >= LAST_CALL
    )
    return event.next_reminder is not None or is_held_as_last


def untimely(world: World, requests: Iterable[ApprovalRequest], now: datetime) -> list[str]:
    """What a poll in which nothing failed left for a later one without a reason.

    Args:
        world: as the poll left it.
        requests: those that the list of this poll showed, as they still are.
        now: when the poll began (UTC), since that is its time for everything.
    """
    told: Mapping[str, list[Notification]] = defaultdict(list)
    for notification in world.owed.values():
        if notification.event.only_changes_cards:
            continue  # that somebody looks is neither a card nor a reminder
        told[notification.event.subject_id].append(notification)
    found = []
    for request in requests:
        times = [each.recorded_at for each in told[request.id]]
        due = _due_since(request, world.settings, now)
        if not times and not request.is_closed:
            found.append(f"new and not told at once: {request.id}")
        elif due is not None and max(times) < due:
            found.append(f"not reminded of since {due}: {request.id}")
    return found


def _due_since(request: ApprovalRequest, settings: Settings, now: datetime) -> datetime | None:
    """Since when a reminder, or a card in its place, has to be there (UTC); None for no reminder."""
    end = request.expires_at
    if request.status != NEEDS_APPROVAL or end is None or end <= now:
        return None
    known = (each.before_expiry(request) for each in parse_plan(settings.plan))
    times = sorted(at for at in known if at is not None and at < end)
    come = [at for at in times if at <= now]
    # The last one is never held.
    is_held = settings.quiet_hours.until(now) is not None and len(come) < len(times)
    return come[-1] if come and not is_held else None
