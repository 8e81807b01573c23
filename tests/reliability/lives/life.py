"""One life: acts at random, then a calm, then what the oracle says; and the fewest steps that show a flaw."""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace as changed
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.routing import Route, route
from maa_notify.storage.records import SETTINGS
from maa_notify.storage.rows import Delete, Rows
from maa_notify.storage.store import StateStore
from tests.reliability.lives.chances import Chances
from tests.reliability.lives.chat_oracle import unsettled
from tests.reliability.lives.chats import EVERYBODY
from tests.reliability.lives.looks import looks_now, wrong_looks
from tests.reliability.lives.oracle import flaws
from tests.reliability.lives.pollers import run_pollers
from tests.reliability.lives.teams import ANSWERS, FOR_EVER, HAPPENED, Trouble
from tests.reliability.lives.timely import untimely
from tests.reliability.lives.watch import Watch
from tests.reliability.lives.world import EVENTS, EVERYTHING, NEWCOMERS, PLANS, QUIET, ROUTES, World

STEPS = 24
MOST_SHOWN = 5
"""Broken lives after which no more are looked for: each is lived again to find the fewest steps."""

CALM = (60, 60, 60, 4_300, 60, 60, 300, 300)
LONG_CALM = (*CALM, *(600,) * 24, *(3_600,) * 8, 86_400, 60, 60, 86_400, 60, 300, 300, 300)
"""Seconds between the last polls; the long one outlasts every pause of what was in doubt or gone."""

Open = Callable[[], Rows]


class Life:
    """One life in one world."""

    def __init__(self, world: World, most_pollers: int) -> None:
        """Begins with nothing."""
        self.world = world
        self.most_pollers = most_pollers
        self.watch = Watch()

    def run(self, steps: int) -> list[str]:
        """Lives so many steps and a calm end; returns what broke the promise."""
        if self.world.tenant.is_next_list_empty:
            self._has_a_past()
        acts = {name: weight for name, weight in self.world.chances.acts().items() if weight}
        for _ in range(steps):
            [act] = self.world.rng.choices(list(acts), list(acts.values()))
            getattr(self, act)()
        is_harder = any(name not in _EVERYDAY_ACTS for name in acts)
        self.world.chances = changed(self.world.chances, fault=0.0, kill=0.0, change=0.0)
        self.world.tenant.calm()
        self.world.teams.calm()
        for pause in LONG_CALM if is_harder else CALM:
            self.world.advance(pause)
            self._poll(1)
        return flaws(self.world)

    def create(self) -> None:
        """Somebody files a request."""
        self.world.tenant.create()

    def change(self) -> None:
        """A request takes another status."""
        self.world.tenant.change()

    def drop(self) -> None:
        """A request leaves the list."""
        self.world.tenant.drop()

    def relist(self) -> None:
        """One comes back."""
        self.world.tenant.relist()

    def passes(self) -> None:
        """Time passes without a poll."""
        self.world.advance(self.world.rng.choice((5, 60, 600, 7_200)))

    def set_back(self) -> None:
        """Somebody turns the clock back."""
        self.world.clock.set_back(timedelta(minutes=self.world.rng.choice((1, 90))))
        self.world.early.update({each for each in self.world.owed if each.what not in HAPPENED})

    def poll(self) -> None:
        """One or several pollers poll."""
        self._poll(self.world.rng.randint(1, self.most_pollers))
        self.world.advance(self.world.rng.choice((1, 60)))

    def hours(self) -> None:
        """A poll every few minutes."""
        for _ in range(12):
            self.world.advance(self.world.rng.choice((300, 600)))
            self._poll(1)

    def nights(self) -> None:
        """Reminders of a new request come due in quiet hours, or are held until they end."""
        self.world.settings.plan = self.world.rng.choice(PLANS[:2])
        self.world.settings.quiet = self.world.rng.choice(QUIET[1:])
        self.world.tenant.create()
        for _ in range(72):
            self._poll(1)
            self.world.advance(3_600)

    def touch(self) -> None:
        """Somebody deletes the row of the settings, which the next poll notices if it was ever read."""
        world = self.world
        row, mark = world.rows.get(SETTINGS), StateStore(world.rows).requests.read_mark("approvals")
        if row is not None and mark is not None and mark.settings:
            world.rows.commit([Delete(SETTINGS, row.etag)])
            world.noted_settings, world.is_touched = None, True
            # What ended within a day and is not in the journal is told after that, history or not.
            world.tenant.closed_before.clear()

    def ill(self) -> None:
        """A request at a destination, or a person, is not taken."""
        world, rng = self.world, self.world.rng
        if not world.tenant.listed:
            world.tenant.create()
        until = rng.choice((90.0, 3_600.0, 12 * 3_600.0, FOR_EVER)) + world.clock.monotonic()
        is_new = rng.random() < 0.5
        request = world.tenant.create() if is_new else rng.choice(list(world.tenant.listed.values()))
        event = RequestEvent(EventKind.CREATED, request, 1, world.clock.now())
        taken = rng.choice(route(event, tuple(world.settings.listed.values())))
        if taken.destination == APPROVER_CHAT:
            answer = rng.choice((*ANSWERS, "absent", "absent"))
            world.teams.troubles.append(Trouble(APPROVER_CHAT, rng.choice(EVERYBODY), answer, until))
        elif taken.recipient and rng.random() < 0.6:
            answer = rng.choice((*ANSWERS, "absent", "absent", "absent"))
            world.teams.troubles.append(Trouble(taken.destination, taken.recipient, answer, until))
        else:
            whom = rng.choice((request.id, request.id, f"{request.id}/1", f"{request.id}/2"))
            world.teams.troubles.append(Trouble(taken.destination, whom, rng.choice(ANSWERS), until))

    def down(self) -> None:
        """A destination takes nothing for a time."""
        self._trouble(self.world.rng.choice(("busy", "refused", "throttled", "silent")))

    def slow(self) -> None:
        """The cards of a destination arrive, and no answer comes."""
        self._trouble("slow")

    def settings(self) -> None:
        """An administrator changes something else than the destinations."""
        settings, rng = self.world.settings, self.world.rng
        settings.digest_above = rng.choice((2, 5, 30, 100))
        settings.plan = rng.choice(PLANS)
        settings.quiet = rng.choice(QUIET)
        # A newcomer keeps all events, so that it has to hear of everything that is open.
        for name in ("devices", "audit"):
            if name in settings.routes and rng.random() < 0.5:
                settings.routes[name] = replace(settings.routes[name], events=rng.choice(EVENTS))

    def leave(self) -> None:
        """A destination is taken out of the settings."""
        settings = self.world.settings
        others = [each for each in settings.listed if each != EVERYTHING.name]
        if not others:
            return
        before, gone = set(settings.listed), self.world.rng.choice(others)
        if gone == APPROVER_CHAT:
            settings.approver_chat = False
        else:
            del settings.routes[gone]
        self.world.joined.pop(gone, None)
        self.world.once_away |= before - settings.listed.keys()

    def join(self) -> None:
        """A destination comes back, or is new."""
        world = self.world
        present, chats = world.settings.routes, Route(APPROVER_CHAT, to_approvers=True)
        away = [each for each in (*ROUTES, *NEWCOMERS) if each.name not in present]
        if world.chances.approvers and not world.settings.approver_chat:
            away.append(chats)
        if not away:
            return
        route = world.rng.choice(away)
        if route is chats:
            world.settings.approver_chat = True
            return
        present[route.name] = route
        is_first = route in NEWCOMERS and not any(each.destination == route.name for each in world.owed)
        if is_first and not world.is_new_to_us():
            visible = [each for each in world.tenant.listed.values() if each.id not in world.tenant.hidden]
            world.joined[route.name] = {
                each.id: world.last_told(each.id) for each in visible if not each.is_closed
            }

    def away(self) -> None:
        """A destination is out of the settings for some polls, in which a request leaves the list."""
        settings, tenant = self.world.settings, self.world.tenant
        routes, approver_chat = dict(settings.routes), settings.approver_chat
        self.leave()
        for act in (tenant.change, tenant.drop, tenant.drop, lambda: None):
            act()
            self._poll(1)
            self.world.advance(60)
        settings.routes, settings.approver_chat = routes, approver_chat

    def hide(self) -> None:
        """Lists omit a request from now on."""
        self.world.tenant.hide()

    def unfindable(self) -> None:
        """The look-up of a hidden request fails, and all of them change."""
        tenant, rng = self.world.tenant, self.world.rng
        for _ in range(3):
            tenant.hide()
        if tenant.hidden:
            until = rng.choice((3_600.0, FOR_EVER)) + self.world.clock.monotonic()
            tenant.unfindable[rng.choice(sorted(tenant.hidden))] = until
            tenant.change_hidden()

    def doubled(self) -> None:
        """Lists name a request twice."""
        self.world.tenant.name_twice(self.world.clock.monotonic() + 3_600)
        for _ in range(6):
            self.world.advance(60)
            self._poll(1)

    def glitch(self) -> None:
        """An open request is nowhere to be found for a second."""
        tenant = self.world.tenant
        open_ones = [
            each.id
            for each in tenant.listed.values()
            if not each.is_closed and each.id not in tenant.false_alarms
        ]
        if not open_ones:
            return
        gone = self.world.rng.choice(open_ones)
        tenant.vanished.add(gone)
        tenant.false_alarms.add(gone)
        for _ in range(2):
            self._poll(1)
            self.world.advance(1)
        tenant.vanished.discard(gone)
        self._poll(1)

    def ahead(self) -> None:
        """The clock is wrong for one poll."""
        span = timedelta(hours=self.world.rng.choice((1, 24, 24 * 90)))
        self.world.clock.set_back(-span)
        self.world.is_ahead = True
        self._poll(1)
        self.world.is_ahead = False
        self.world.clock.set_back(span)

    def off(self) -> None:
        """Nobody polls for eight days, and a destination is down when somebody does again."""
        world = self.world
        for answer, span in (("throttled", 2.0), ("throttled", 8 * 86_400.0), ("busy", 60.0)):
            self._trouble(answer, 1.0, world.settings.listed)
            world.tenant.create()
            self._poll(1)
            world.advance(span)

    def burst(self) -> None:
        """Sixty requests at once, each on a card of its own or many on one, as the settings will."""
        self.world.settings.digest_above = self.world.rng.choice((5, 100))
        for _ in range(60):
            self.world.tenant.create("deviceWipe")
        for _ in range(4):
            self.world.advance(300)
            self._poll(1)
        self.world.settings.digest_above = 5

    def wave(self) -> None:
        """All requests change at once, and wait behind a new one."""
        self._trouble("busy", 30.0, self.world.settings.listed)
        self.world.tenant.create("deviceWipe")
        self._poll(1)
        self.world.tenant.change_all()
        self.world.advance(60)

    def unpin(self) -> None:
        """Somebody deletes a bot's card."""
        self.world.teams.unpin(self.world.rng)

    def people(self) -> None:
        """Somebody joins those who can decide, or leaves them."""
        self.world.chats.regroup(self.world.rng)

    def looks(self) -> None:
        """Somebody says that they look at a request."""
        self.world.press()

    def _has_a_past(self) -> None:
        """Some requests were filed an hour before the notifier begins."""
        for _ in range(6):
            self.world.tenant.create()
        self.world.advance(3_600)

    def _trouble(self, answer: str, span: float | None = None, names: Iterable[str] | None = None) -> None:
        rng, now = self.world.rng, self.world.clock.monotonic()
        until = now + (span or rng.choice((90.0, 3_600.0, 6 * 3_600.0)))
        for name in names or [rng.choice(list(self.world.settings.listed))]:
            self.world.teams.troubles.append(Trouble(name, "", answer, until))

    def _poll(self, pollers: int) -> None:
        """So many pollers at once."""
        world = self.world
        is_first = world.is_new_to_us()
        closed = {request.id for request in world.tenant.listed.values() if request.is_closed}
        first, before, began = world.polls + 1, dict(world.tenant.shown), world.clock.now()
        world.together |= dict.fromkeys(range(first, first + pollers), first)
        looks = looks_now(world) if world.chances.looks else {}
        run_pollers(world, pollers)
        is_calm = world.disturbed.isdisjoint(range(first, world.polls + 1))
        if is_first:
            everything = (*world.tenant.listed.values(), *world.tenant.dropped)
            world.silent |= closed | {each.id for each in everything if each.is_closed}
        if world.chances.hours or world.chances.ill:
            self.watch.look(world, is_calm=is_calm)
        if is_calm and pollers == 1 and not world.is_ahead:
            same = [each for each in world.tenant.shown.values() if before.get(each.id) is each]
            world.flaws += untimely(world, same, began)
            world.flaws += wrong_looks(world, looks, began) if world.chances.looks else []
            world.flaws += unsettled(world) if world.chances.approvers else []


_EVERYDAY_ACTS = frozenset(Chances().acts()) - {name for name, each in Chances().acts().items() if not each}


def live(
    seed: int, chances: Chances, most_pollers: int, steps: int = STEPS, open_rows: Open | None = None
) -> list[str]:
    """One life; returns what broke the promise. `open_rows` opens an empty store, by default in memory."""
    if open_rows is None:
        return Life(World(random.Random(seed), chances), most_pollers).run(steps)
    rows = open_rows()
    try:
        return Life(World(random.Random(seed), chances, rows, open_rows), most_pollers).run(steps)
    finally:
        rows.close()


def seeds(first: int, number: int) -> Iterator[int]:
    """The seeds to live through, from the environment or so many from the first."""
    wish = os.environ.get("LIVES", "")
    if wish.startswith("seed:"):
        return iter([int(wish.removeprefix("seed:"))])
    return iter(range(first, first + (int(wish) if wish else number)))


def broken(number: int, chances: Chances, most_pollers: int, first: int = 0, steps: int = STEPS) -> list[str]:
    """The flaws of the first broken ones of so many lives, each with its seed and the fewest steps."""
    found = []
    for seed in seeds(first, number):
        again = partial(live, seed, chances, most_pollers)
        if again(steps):
            fewest = next(each for each in range(1, steps + 1) if again(each))
            found.append(f"LIVES=seed:{seed} shows after {fewest} steps: {'; '.join(again(fewest))}")
        if len(found) == MOST_SHOWN:
            break
    return found
