"""The world of one life: clock, state store, tenant, Teams, the settings, and what the notifier promised."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct

from maa_notify.domain.approvers import Decider
from maa_notify.domain.compare import Rules
from maa_notify.domain.event import Look
from maa_notify.domain.fingerprint import DESTINATION
from maa_notify.domain.looks import in_force
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.domain.quiet import QuietHours, parse_quiet_hours
from maa_notify.domain.reminders import parse_plan
from maa_notify.domain.routing import Route
from maa_notify.storage.records import Versioned
from maa_notify.storage.rows import Rows
from maa_notify.storage.store import StateStore
from tests.reliability.lives.chances import Chances
from tests.reliability.lives.chats import EVERYBODY, Chats
from tests.reliability.lives.teams import Seen, Teams
from tests.reliability.lives.tenant import Tenant
from tests.support.clock import FakeClock
from tests.support.memory import MemoryRows

EVERYTHING = Route("everything", catch_all=True)
"""Never taken out of the settings, so that somebody hears of everything."""

ROUTES = (
    EVERYTHING,
    Route("devices", policy_types=frozenset({"deviceWipe"}), keeps_cards=True),
    Route("audit", events=frozenset({"approved", "completed", "created"})),
    Route("chat", to_requestor=True),
)
NEWCOMERS = (Route("late"), Route("late-bot", keeps_cards=True))
SHARED = {"audit": "everything"}
"""The first destination at the address of another one, in lives where two share one."""

BOTS = frozenset({"devices", "late-bot"})
"""The destinations whose cards are changed in place."""

PLANS = ("50%,24h,4h", "24h", "")
QUIET = ("", "10:00-12:00", "22:00-07:00; Sat,Sun", "09:30-08:30")
_QUIET_HOURS = {each: QuietHours(parse_quiet_hours(each).spans) if each else QuietHours() for each in QUIET}
EVENTS = (
    frozenset[str](),
    frozenset({"approved", "completed", "created"}),
    frozenset({"created", "status_changed", "reminder"}),
)


@dataclass(slots=True)
class Settings:
    """What an administrator set: destinations, the limit of digests, the plan of reminders, quiet hours.

    `approver_chat` is whether the bot writes to those who can decide, while it has a channel.
    """

    routes: dict[str, Route] = field(default_factory=lambda: {each.name: each for each in ROUTES})
    digest_above: int = 5
    plan: str = PLANS[0]
    quiet: str = QUIET[0]
    leaders: Mapping[str, str] = field(default_factory=dict)
    approver_chat: bool = False

    @property
    def listed(self) -> dict[str, Route]:
        """All destinations by name, with the chats that follow from the bot's channels."""
        bots = frozenset(BOTS & self.routes.keys())
        if not (self.approver_chat and bots):
            return self.routes
        chats = Route(APPROVER_CHAT, by_object_id=True, to_approvers=True, follows=bots)
        return {**self.routes, APPROVER_CHAT: chats}

    @property
    def rules(self) -> Rules:
        """How to compare."""
        reminders, to_complete = parse_plan(self.plan), parse_plan("4h,24h")
        return Rules(reminders=reminders, complete_reminders=to_complete, quiet=self.quiet_hours)

    @property
    def quiet_hours(self) -> QuietHours:
        """When reminders are held."""
        return _QUIET_HOURS[self.quiet]

    @property
    def parts(self) -> dict[str, str]:
        """All of it by name; each change has to ring."""
        own = {"digest": str(self.digest_above), "reminders": self.plan, "quiet": self.quiet}
        routes = {f"{DESTINATION}{name}": ",".join(sorted(each.events)) for name, each in self.listed.items()}
        return own | routes

    @property
    def channels(self) -> list[str]:
        """The destinations that alarms go to, in order."""
        return sorted(
            name for name, each in self.routes.items() if not each.is_chat and name not in self.leaders
        )

    def address_of(self, destination: str) -> str:
        """The name of the first destination at its address."""
        return self.leaders.get(destination, destination)


class Unreached(Struct, frozen=True):
    """An event that the notifier gave up because its person was not reached, and when (monotonic seconds)."""

    told: Seen
    recipient: str
    at: float


@dataclass(slots=True)
class World:
    """Everything outside the notifier, and what it can tell of what happened.

    Attributes:
        rng: decides everything.
        chances: what happens, and how often.
        open_rows: opens the state store, once for each poll.
        clock: the clock of all polls.
        tenant: the requests.
        teams: the destinations.
        settings: as they are now.
        polls: how many there were.
        strikes: how often each poll was killed or met a store that failed.
        disturbed: the polls in which anything failed.
        owed: every notification that was ever put into the outbox.
        unreached: what was given up because of its person.
        dead: what was given up because it failed for too long.
        left_out: what was not told because of later news.
        flaws: what was seen to go wrong at once.
        joined: destinations that were new in the settings, and by id the requests that were open then, each
            with the last that anybody had been told of it; None for nothing.
        is_ahead: whether the clock is wrong just now.
        early: reminders of such times, and of one before a clock was set back: so often they may come again.
        noted_settings: those that the last poll to write them down had; None before the first.
        is_touched: whether somebody deleted their row, and no poll has told it.
        watched_since: when a list first showed a request, by Intune's clock or the notifier's, whichever is
            later; None before.
        silent: the requests that were closed when the first list was seen, of which nothing needs telling.
        together: the first of the polls that were under way at the same time, by each of them.
        once_away: destinations that were ever taken out of the settings.
    """

    rng: random.Random
    chances: Chances
    rows: Rows = field(default_factory=MemoryRows)
    open_rows: Callable[[], Rows] | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    tenant: Tenant = field(init=False)
    teams: Teams = field(init=False)
    settings: Settings = field(default_factory=Settings)
    polls: int = 0
    strikes: Counter[int] = field(default_factory=Counter)
    disturbed: set[int] = field(default_factory=set)
    owed: dict[Seen, Notification] = field(default_factory=dict)
    unreached: list[Unreached] = field(default_factory=list)
    dead: set[Seen] = field(default_factory=set)
    left_out: set[Seen] = field(default_factory=set)
    flaws: list[str] = field(default_factory=list)
    joined: dict[str, dict[str, Seen | None]] = field(default_factory=dict)
    is_ahead: bool = False
    early: Counter[Seen] = field(default_factory=Counter)
    noted_settings: dict[str, str] | None = None
    is_touched: bool = False
    watched_since: datetime | None = None
    silent: set[str] = field(default_factory=set)
    chats: Chats = field(init=False)
    together: dict[int, int] = field(default_factory=dict)
    once_away: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tenant = Tenant(self.rng, self.clock)
        self.settings.leaders = SHARED if self.chances.shared else {}
        self.settings.approver_chat = self.chances.approvers
        self.chats = Chats(self.strikes)
        self.teams = Teams(self.clock, self.settings.address_of, self.strikes)
        self.tenant.is_next_list_empty = self.rng.random() < self.chances.first_empty

    def is_new_to_us(self) -> bool:
        """Whether no poll has ended well and seen a request yet, so that closed requests are not told."""
        mark = StateStore(self.rows).requests.read_mark("approvals")
        return mark is None or mark.last_good is None or self.watched_since is None

    def last_told(self, request_id: str) -> Seen | None:
        """The newest that was ever promised to anybody about a request; None for nothing."""
        told = [each for each in self.owed if each.request_id == request_id]
        return max(told, key=lambda each: each.place, default=None)

    def whom(self, told: Seen) -> tuple[str, ...]:
        """The request, its news and the person that an event is about, for the question what ails it."""
        return (*told.names, self.owed[told].recipient)

    def maybe_change(self) -> None:
        """At a point of I/O: a request takes another status, or somebody says that they look at one."""
        if self.rng.random() < self.chances.change:
            self.tenant.change()
        if self.chances.looks and self.rng.random() < self.chances.change:
            self.press()

    def press(self) -> None:
        """Somebody says that they look at a request that the notifier knows, as the bot notes it."""
        store, now = StateStore(self.rows), self.clock.now().replace(microsecond=0)
        known = [each.value.request for each in store.requests.read_snapshot().tracked.values()]
        waiting = sorted(each.id for each in known if each.can_be_decided(now))
        if not waiting:
            return
        request_id, person = self.rng.choice(waiting), self.rng.choice(EVERYBODY)
        found = store.looks.find(request_id)
        request = next(each for each in known if each.id == request_id)
        before = in_force(found.value, request, now)
        # Two in one second have one name, so that the second would not be told.
        if before is None or (before.by.id != person and before.since != now):
            store.looks.write(request_id, Versioned(Look(Decider(person), now), found.etag))

    def advance(self, span: timedelta | float) -> None:
        """Time passes."""
        self.clock.advance(span)
