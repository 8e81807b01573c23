"""Makes notifications of what a source tells, and records both in one go.

Who is told is decided here: by the routes of the destinations, by who can decide a request, and by who says
that they are looking at it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.change import Change
from maa_notify.domain.event import Event, RequestEvent, storage_key
from maa_notify.domain.log_fields import log_fields
from maa_notify.domain.looks import in_force, looking_beside, with_looks
from maa_notify.domain.notification import Notification
from maa_notify.domain.routing import Route, RoutingReason, route
from maa_notify.polling.source import Annotator, News
from maa_notify.storage.requests import NO_STATES, Recorded, States
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)


class Recorder:
    """Records the news of every source of one tenant, each with a notification for whoever is to be told."""

    def __init__(self, store: StateStore, routes: Sequence[Route], approvers: Annotator | None) -> None:
        """Records in `store`; `approvers` tells who can decide, None where nobody wants to know."""
        self._store = store
        self._routes = routes
        self._approvers = approvers

    def annotated(self, news: News, snapshot: Snapshot, now: datetime) -> Sequence[Change[Any]]:
        """The changes, which tell who is looking at a request and who can decide it."""
        changes = news.changes
        if news.is_complete:
            tracked = {key: each.value for key, each in snapshot.tracked.items()}
            looks = {key: each.value for key, each in snapshot.looks.items()}
            changes = with_looks(changes, tracked, looks, now)
        return changes if self._approvers is None else self._approvers.annotated(changes, snapshot, now)

    def record(self, news: News, now: datetime, leases: States = NO_STATES) -> Recorded:
        """Records the news with their notifications."""
        told = [replace(each, notifications=self._notifications(each, now)) for each in news.changes]
        recorded = self._store.requests.record(told, news.known, news.past, news.shelf, leases)
        for event, is_unheard in ((each.event, each.is_unheard) for each in recorded.changes):
            if event is None:
                continue
            _LOG.info("poll.event", key=event.short_key, **log_fields(event), request=event.subject_id)
            if is_unheard:
                text = "no destination takes it"
                _LOG.warning("poll.unheard", key=event.short_key, **log_fields(event), text=text)
        return recorded

    def forget_looks(self, news: News, snapshot: Snapshot, now: datetime) -> None:
        """Removes what says that somebody looks at a request, where that counts no more and was told."""
        if not news.is_complete:
            return
        known = {key: each.value.request for key, each in snapshot.tracked.items()}
        now_so = {each.subject_id: each.after.request for each in news.changes if each.after is not None}
        requests = {storage_key(key): each for key, each in (known | now_so).items()}
        for key, said in snapshot.looks.items():
            request = requests.get(key)
            if request is None or in_force(said.value, request, now) is None:
                self._store.looks.forget(key, said.etag)

    def _notifications(self, change: Change[Any], now: datetime) -> tuple[Notification, ...]:
        """Those of the change, and its event for whoever takes it and is not told by them."""
        told = [self._addressed(each, now) for each in change.notifications]
        for event in (change.event, looking_beside(change)):
            if event is not None:
                # What is for nobody but those who have a card tells the others nothing.
                heard = {each.destination for each in told if each.people or not each.is_for_many}
                told += self._routed(event, heard, now)
        return tuple(told)

    def _routed(self, event: Event, but: Collection[str], now: datetime) -> list[Notification]:
        """The event for whoever takes it, without some destinations."""
        # That nobody looks any more is worth no bell.
        is_silent = event.only_changes_cards and isinstance(event, RequestEvent) and event.look is None
        told = (
            Notification(event, each.destination, recorded_at=now, recipient=each.recipient, told=is_silent)
            for each in route(event, self._routes)
            if each.destination not in but
        )
        return [self._addressed(each, now) for each in told]

    def _addressed(self, notification: Notification, now: datetime) -> Notification:
        """The notification; one for the chats with approvers names those who can decide now.

        Whoever has its card already is found when it is delivered; of what is for these alone, nobody else.
        """
        if not notification.is_for_many:
            return notification
        reasons = {each.destination: each.reason for each in route(notification.event, self._routes)}
        if reasons.get(notification.destination) is RoutingReason.CARDS_THERE:
            return notification
        return replace(notification, people=self._people(notification.event, now))

    def _people(self, event: Event, now: datetime) -> tuple[str, ...]:
        """Whom the bot writes to in a chat of their own about an event."""
        if self._approvers is None or not isinstance(event, RequestEvent):
            return ()
        if event.only_changes_cards or not event.wants_decision:
            return ()
        return self._approvers.people(event.request, now)
