"""The tenant: its requests, and what Graph answers when it is asked for them."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.domain.request import APPROVED, CLOSED, NEEDS_APPROVAL, STATUSES, ApprovalRequest, Identity
from maa_notify.errors import GraphUnavailable
from tests.support.clock import START, FakeClock

PEOPLE = (
    Identity("user", upn="mira.holt@contoso.com"),
    Identity("user", upn="jonas.lind@contoso.com"),
    Identity("application", "fabrikam-release-pipeline"),
    Identity(),
)
TYPES = ("deviceWipe", "app", "script")


@dataclass(slots=True)
class Tenant:
    """The requests of one tenant.

    Attributes:
        listed: those that exist, by id.
        dropped: those that left the list and may come back.
        history: all statuses that each one ever had, in order.
        hidden: ids that lists omit although a look-up finds them.
        vanished: ids that neither a list nor a look-up shows for now.
        unfindable: ids whose look-up fails, and until when (monotonic seconds).
        doubled: what lists name beside the true entry of the same id, and until when (monotonic seconds).
        is_next_list_empty: whether the next list is empty, whatever there is.
        false_alarms: ids that were vanished for a moment only.
        ever_dropped: ids that left the list in earnest at some time.
        closed_before: what was closed when a list was empty by mistake, and how many statuses each had had.
        shown_as: every status that each one had, with the modification time that it had then.
    """

    rng: random.Random
    clock: FakeClock
    listed: dict[str, ApprovalRequest] = field(default_factory=dict)
    dropped: list[ApprovalRequest] = field(default_factory=list)
    history: dict[str, list[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    vanished: set[str] = field(default_factory=set)
    unfindable: dict[str, float] = field(default_factory=dict)
    doubled: dict[str, tuple[ApprovalRequest, float]] = field(default_factory=dict)
    is_next_list_empty: bool = False
    false_alarms: set[str] = field(default_factory=set)
    ever_dropped: set[str] = field(default_factory=set)
    closed_before: dict[str, int] = field(default_factory=dict)
    shown_as: defaultdict[str, set[tuple[str, datetime | None]]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def intune_now(self) -> datetime:
        """The time of Intune, which nobody turns with the clock of a notifier."""
        return START + timedelta(seconds=self.clock.monotonic())

    def create(self, policy_type: str = "") -> ApprovalRequest:
        """Somebody files a request, of any policy type by default; returns it."""
        now = self.intune_now()
        number = self.rng.getrandbits(64)
        request = ApprovalRequest(
            id=f"{number:016x}",
            status=self.rng.choice((NEEDS_APPROVAL, NEEDS_APPROVAL, NEEDS_APPROVAL, *STATUSES)),
            policy_types=(policy_type or self.rng.choice(TYPES),),
            requested_at=now,
            expires_at=now + timedelta(hours=self.rng.choice((1, 72, 720))),
            modified_at=now,
            requestor=PEOPLE[number % len(PEOPLE)],
        )
        self._list(request)
        return request

    def change(self) -> None:
        """A request takes any other status, legal or not; its modification time may lag."""
        if self.listed:
            self._change(self.rng.choice(list(self.listed.values())))

    def change_all(self) -> None:
        """Every request takes another status."""
        for request in list(self.listed.values()):
            self._change(request)

    def change_hidden(self) -> None:
        """Every request that lists omit takes another status."""
        for request in [each for each in self.listed.values() if each.id in self.hidden]:
            self._change(request)

    def _change(self, request: ApprovalRequest) -> None:
        status = self.rng.choice([*STATUSES, "neverHeardOf"])
        modified_at = self.rng.choice((request.modified_at, self.intune_now()))
        was_so = (status, modified_at) in self.shown_as[request.id]
        if self.doubled.pop(request.id, None) or was_so:
            # With the old time nobody could tell it from a copy of that time, which lists may have named.
            modified_at = self.intune_now()
        self._list(replace(request, status=status, modified_at=modified_at))

    def drop(self) -> None:
        """A request leaves the list; it may come back."""
        if self.listed:
            gone = self.rng.choice(list(self.listed))
            self.dropped.append(self.listed.pop(gone))
            self.ever_dropped.add(gone)

    def relist(self) -> None:
        """A request that had left is listed again, which is news where it was told as gone."""
        if self.dropped:
            self._list(self.dropped.pop())

    def hide(self) -> None:
        """Lists omit an open request from now on."""
        open_ones = [each.id for each in self.listed.values() if not each.is_closed]
        if open_ones:
            self.hidden.add(self.rng.choice(open_ones))

    def name_twice(self, until: float) -> None:
        """Lists name a request twice: as it is, and as it was while it waited, with the same time."""
        changed = [each for each in self.listed.values() if each.status in {APPROVED, *CLOSED}]
        if changed:
            request = self.rng.choice(changed)
            self.doubled[request.id] = (replace(request, status=NEEDS_APPROVAL), until)
            # The old one may be told once, and the true one once more when that is over.
            self.history[request.id] += [NEEDS_APPROVAL, request.status]

    @property
    def shown(self) -> dict[str, ApprovalRequest]:
        """What each list shows once and as it is, by id."""
        odd = self.hidden | self.vanished | self.doubled.keys()
        return (
            {}
            if self.is_next_list_empty
            else {each: self.listed[each] for each in self.listed if each not in odd}
        )

    def list_requests(self) -> list[ApprovalRequest]:
        """What a list shows now."""
        if self.is_next_list_empty:
            self.is_next_list_empty = False
            # To a clock that is behind, what ended ahead of it looks like news.
            lately = min(self.intune_now(), self.clock.now()) - timedelta(minutes=1)
            closed = [each for each in self.listed.values() if each.is_closed]
            self.closed_before = {
                each.id: len(self.history[each.id])
                for each in closed
                if each.modified_at and each.modified_at < lately
            }
            return []
        shown = [each for each in self.listed.values() if each.id not in self.hidden | self.vanished]
        now = self.clock.monotonic()
        others = [
            each for each, until in self.doubled.values() if until > now and each.id not in self.vanished
        ]
        listed = [*shown, *others]
        if others:
            self.rng.shuffle(listed)
        return listed

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """What a look-up by id answers now."""
        if self.unfindable.get(request_id, 0.0) > self.clock.monotonic():
            raise GraphUnavailable("this look-up fails")
        return None if request_id in self.vanished else self.listed.get(request_id)

    def is_findable(self, request_id: str) -> bool:
        """Whether a list or a look-up tells the status of a request."""
        is_away = request_id in self.hidden or request_id in self.vanished
        return not is_away or self.unfindable.get(request_id, 0.0) <= self.clock.monotonic()

    def calm(self) -> None:
        """Nothing odd in lists any more, but for what they go on to omit."""
        self.doubled = {each: (request, 0.0) for each, (request, _) in self.doubled.items()}
        self.vanished.clear()

    def _list(self, request: ApprovalRequest) -> None:
        self.listed[request.id] = request
        self.shown_as[request.id].add((request.status, request.modified_at))
        self.history.setdefault(request.id, []).append(request.status)
