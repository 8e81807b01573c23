"""What `status` tells, from the state store alone: who has to act, what was told last, is it well."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from maa_notify import app
from maa_notify.cards.text import plain
from maa_notify.cli.request_rows import name_of
from maa_notify.cli.text import subject_line, subject_text
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import short_key
from maa_notify.domain.notification import Notification
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, Identity
from maa_notify.domain.risk import Risk, assess
from maa_notify.polling.health import Health
from maa_notify.storage.records import DestinationState, decode
from maa_notify.storage.store import StateStore

APPROVER, REQUESTOR, APPLICATION, NOBODY_KNOWN = "approver", "requestor", "application", "unknown"
WAITS_FOR = (APPROVER, REQUESTOR, APPLICATION, NOBODY_KNOWN)
"""Who has to act: the last one where the status is new to this version."""

_FAR = datetime.max.replace(tzinfo=UTC)
_TEXT_LIMIT = 300
_STATUS_LIMIT = 40
_KEY_OF_JOURNAL = timedelta(milliseconds=1)
"""Times in the keys of the journal are cut to milliseconds."""


class Waiting(Struct, frozen=True):
    """A request that somebody has to act on. Times in UTC; None where Graph told none.

    Attributes:
        key: the short key with its revision, as on the last card.
        request: its id.
        subject: what it is about.
        status: as Graph spells it.
        risk: `high`, `medium` or `low`.
        waits_for: one of `WAITS_FOR`.
        requestor: who asked: the account or id, else the name in quotation marks, which its owner chose; ""
            where Graph does not tell.
        requested_at: when it was filed.
        expires_at: when it ends by itself.
        missing_since: when a poll found it missing from the list; None while it is listed.
    """

    key: str
    request: str
    subject: str
    status: str
    risk: str
    waits_for: str
    requestor: str
    requested_at: datetime | None
    expires_at: datetime | None
    missing_since: datetime | None


class Told(Struct, frozen=True):
    """What a destination took last: the key on its card, the event, its subject, when (UTC)."""

    key: str
    event: str
    subject: str
    at: datetime


class Standing(Struct, frozen=True):
    """How things stand at a destination. Times in UTC.

    Attributes:
        destination: its name.
        in_settings: false where something waits for a destination that is not in the settings.
        pending: notifications that wait for it.
        failing_since: since when it takes nothing; None when it takes what comes.
        last_error: why; "" when nothing is wrong.
        last_told: what it took last; None before anything.
    """

    destination: str
    in_settings: bool
    pending: int
    failing_since: datetime | None
    last_error: str
    last_told: Told | None


class Overview(Struct, frozen=True):
    """One tenant at one moment (`at`, UTC)."""

    tenant: str
    tenant_name: str
    at: datetime
    health: Health
    waiting: tuple[Waiting, ...]
    destinations: tuple[Standing, ...]

    def as_object(self) -> dict[str, Any]:
        """The overview for `--json`."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def overview_of(notifier: app.App) -> Overview:
    """How things stand for one tenant, as its last poll left them.

    Raises:
        StateError: the state store failed.
    """
    snapshot, settings = notifier.store.requests.read_snapshot(), notifier.settings
    pending = Counter(decode(row, Notification).destination for row in snapshot.outbox)
    states = {name: held.value for name, held in snapshot.states.items()}
    return Overview(
        tenant=settings.tenant_id,
        tenant_name=settings.tenant_name,
        at=notifier.clock.now(),
        health=notifier.health(),
        waiting=_waiting(held.value for held in snapshot.tracked.values()),
        destinations=tuple(_standings(notifier, states, pending)),
    )


def _waiting(tracked: Iterator[RequestState]) -> tuple[Waiting, ...]:
    """What somebody has to act on: by who that is, then what is of high risk, then what ends first."""
    still_open = [each for each in tracked if not each.request.is_closed]
    found = [(assess(each.request).risk, _of_request(each)) for each in still_open]
    found.sort(key=lambda each: (WAITS_FOR.index(each[1].waits_for), -each[0], each[1].expires_at or _FAR))
    return tuple(each for _, each in found)


def _of_request(tracked: RequestState) -> Waiting:
    request = tracked.request
    return Waiting(
        key=f"{short_key(request.id)}-{tracked.revision}",
        request=plain(request.id, _TEXT_LIMIT),
        subject=subject_text(request),
        status=plain(request.status, _STATUS_LIMIT),
        risk=Risk(assess(request).risk).name.lower(),
        waits_for=_waits_for(tracked),
        requestor=_somebody(request.requestor),
        requested_at=request.requested_at,
        expires_at=request.expires_at,
        missing_since=tracked.missing_since,
    )


def _waits_for(tracked: RequestState) -> str:
    if tracked.request.status == NEEDS_APPROVAL:
        return APPROVER
    if tracked.request.status != APPROVED:
        return NOBODY_KNOWN
    return APPLICATION if tracked.request.is_filed_by_application else REQUESTOR


def _somebody(identity: Identity) -> str:
    told = name_of(identity)
    shown, is_account = plain(told, _TEXT_LIMIT), told in {identity.upn, identity.id}
    return shown if is_account or not shown else f'"{shown}"'


def _standings(
    notifier: app.App, states: Mapping[str, DestinationState], pending: Mapping[str, int]
) -> Iterator[Standing]:
    for name in dict.fromkeys([*notifier.senders, *sorted(pending)]):
        # Destinations at one address share a row, under the name of the first.
        state = states.get(notifier.settings.leaders.get(name, name), DestinationState())
        yield Standing(
            destination=name,
            in_settings=name in notifier.senders,
            pending=pending.get(name, 0),
            failing_since=state.failing_since,
            last_error=plain(state.last_error, _TEXT_LIMIT) if state.failing_since else "",
            last_told=_last_told(notifier.store, name, state),
        )


def _last_told(store: StateStore, name: str, state: DestinationState) -> Told | None:
    """What a destination took last. It is looked for where it must be, at the time when a card was taken.

    Of destinations at one address only that time is known, so for the others the whole journal is read.
    """
    if state.last_accepted is None:
        return None
    for since in (state.last_accepted - _KEY_OF_JOURNAL, None):
        entries = (each for each in store.journal.read_sent(since) if each.was_told)
        found = [each for each in entries if each.notification.destination == name]
        if found:
            event = found[-1].notification.event
            return Told(event.short_key, event.name, subject_line(event), found[-1].at)
    return None
