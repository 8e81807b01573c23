"""Whether the notifier itself is well, by what the state store remembers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cronsim import CronSim
from msgspec import Struct, field

from maa_notify import __version__
from maa_notify.delivery.order import count_overdue
from maa_notify.domain.times import unless_later
from maa_notify.domain.visibility import FamilySight
from maa_notify.storage.records import APPROVALS, SourceMark
from maa_notify.storage.store import StateStore

_GRACE = timedelta(minutes=10)


class Health(Struct, frozen=True):
    """What `GET /api/health` and `doctor` tell; nothing in it names a tenant, a person or an address.

    Attributes:
        status: `ok`; `degraded` when notifications are overdue or dead, or another source than the
            approvals fails; `failing` when polls fail;
            `stale` when no poll came when it should; `starting` before the first.
        version: of this program.
        last_good_poll: when Graph was last listed and everything recorded (UTC); None before the first.
        pending: notifications in the outbox.
        overdue: of these, the ones that have waited for more than a quarter of an hour.
        dead: notifications given up.
        unreached: people who were found to be out of reach within the last day.
        reason: a code word for what fails; "" when nothing does.
        missing_permission: what the token of the last poll lacked; "" when nothing is known to be missing.
        sources: `ok` or a code word for what fails, by the name of each source of news.
        visibility: which kinds of requests the last poll could see.
        installed_at: when requests were first listed (UTC); None before.
        last_request_at: when any request was last in the list (UTC); None when there never was one.
        settings: the fingerprint of the settings of the last poll; "" before there was one.
        token_age_minutes: how old the token is that Graph refused; None when it refused none.
    """

    status: str
    version: str = __version__
    last_good_poll: datetime | None = None
    pending: int = 0
    overdue: int = 0
    dead: int = 0
    unreached: int = 0
    reason: str = ""
    missing_permission: str = ""
    token_age_minutes: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    visibility: tuple[FamilySight, ...] = ()
    installed_at: datetime | None = None
    last_request_at: datetime | None = None
    settings: str = ""

    @property
    def is_well(self) -> bool:
        """Whether no alarm is needed: polls succeed; cards that are late are shown as `degraded` only."""
        return self.status in {"ok", "degraded"}


def health_of(store: StateStore, schedule: str, now: datetime) -> Health:
    """The health of a tenant's notifier, from its state store.

    Args:
        store: the state of the tenant.
        schedule: the timer's NCRONTAB expression, in UTC.
        now: the current time (UTC).

    Raises:
        StateError: the state store failed.
    """
    marks = store.requests.read_marks()
    mark = marks.get(APPROVALS) or SourceMark()
    pending = [held.value for held in store.outbox.read_pending()]
    overdue = count_overdue(pending, now)
    dead = len(store.journal.read_dead())
    issued_at = unless_later(mark.token_issued_at, now)
    outlook = mark.outlook.without_future_times(now)
    others_fail = any(each.failure for name, each in marks.items() if name != APPROVALS)
    is_degraded = bool(overdue or dead or others_fail)
    return Health(
        status=polling_status(mark, schedule, now) or ("degraded" if is_degraded else "ok"),
        last_good_poll=unless_later(mark.last_good, now),
        pending=len(pending),
        overdue=overdue,
        dead=dead,
        unreached=store.outbox.count_unreached(now - timedelta(days=1), now),
        reason=mark.failure,
        missing_permission=mark.missing_permission,
        token_age_minutes=max(0, int((now - issued_at).total_seconds() // 60)) if issued_at else None,
        visibility=outlook.families(),
        installed_at=outlook.since,
        last_request_at=outlook.last_listed,
        settings=mark.settings,
        sources={name: each.failure or "ok" for name, each in sorted(marks.items())},
    )


def polling_status(mark: SourceMark, schedule: str, now: datetime) -> str:
    """What is wrong with polling itself: `failing`, `stale` or `starting`; "" when nothing is."""
    if mark.failure:
        return "failing"
    if mark.last_good is None:
        return "starting"
    last_good = unless_later(mark.last_good, now)
    # A time that has not come yet tells nothing of when the last poll was, least of all that it was lately.
    is_late = last_good is None or next_poll(schedule, last_good) + _GRACE < now
    return "stale" if is_late else ""


def next_poll(schedule: str, after: datetime) -> datetime:
    """When the Function polls next (UTC).

    Args:
        schedule: NCRONTAB as `settings.schedule.normalised` returns it, in UTC.
        after: a time in UTC.
    """
    times = CronSim(schedule, after)
    # The Functions host wants the day of the month and the day of the week, where cron takes either.
    times.day_and = True
    return next(times)
