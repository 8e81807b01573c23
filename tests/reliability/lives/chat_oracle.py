"""What broke the promise in the chats with approvers, and who is said to look, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.event import Look, storage_key
from maa_notify.domain.looks import in_force
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.domain.request import NEEDS_APPROVAL
from maa_notify.storage.records import CARD, OUTBOX, StoredCard, decode
from maa_notify.storage.rows import prefix_end
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore
from tests.reliability.lives.chats import Promise
from tests.reliability.lives.teams import Post
from tests.reliability.lives.watch import is_excused
from tests.reliability.lives.world import World

GIVEN_UP_AFTER = 6.9 * 86_400
"""Seconds: nothing that has failed for less is given up."""


def chat_flaws(world: World) -> list[str]:
    """What broke the promise there; empty when it was kept."""
    return [
        *world.chats.flaws,
        *_left_out(world),
        *_unarrived(world),
        *_rung_again(world),
        *_rung_for_settled(world),
        *_hurried(world),
        *unsettled(world),
        *_open_after_the_end(world),
    ]


def _pending(world: World) -> list[Notification]:
    return [decode(row, Notification) for row in list(world.rows.read(OUTBOX, prefix_end(OUTBOX)))]


def _left_out(world: World) -> list[str]:
    """Everybody whom an event for many names has one of their own, or it waits for all."""
    chats = world.chats
    waiting = {each.key: each for each in _pending(world) if each.is_for_many}
    found = [f"nobody has it yet: {key}" for key, each in waiting.items() if not is_excused(world, each)]
    has_it = {(each.many, each.notification.recipient) for each in chats.addressed.values()}
    for promise in chats.promises:
        missed = [each for each in promise.people if (promise.key, each) not in has_it]
        if missed and promise.key not in waiting:
            found.append(f"left out: {missed} of {promise.key}")
    return found


def _unarrived(world: World) -> list[str]:
    """What one person is to be told has arrived, or left for a good reason."""
    chats, found = world.chats, []
    waiting = {each.key: each for each in _pending(world) if each.person}
    held = {each.line for each in waiting.values() if is_excused(world, each)}
    for key, addressed in chats.addressed.items():
        value = addressed.notification
        if key in waiting:
            found += [] if value.line in held else [f"still pending: {key}"]
            continue
        if key not in chats.left:
            found.append(f"lost: {key}")
            continue
        entry, poll, is_dead = chats.left[key]
        if is_dead:
            found += [] if _failed_for_long(world, value) else [f"given up too soon: {key}"]
        elif entry.unreached:
            found += [] if _was_absent(world, value.recipient) else [f"nobody looked for the person of {key}"]
        elif entry.is_outdated:
            found += [] if _has_later(world, value) else [f"left out, and nothing newer told: {key}"]
        elif not value.event.only_changes_cards and not _was_shown(world, value, poll):
            found.append(f"written down as told, and never shown: {key}")
    return found


def _about(world: World, value: Notification) -> Iterator[Post]:
    for post in world.chats.posts:
        if post.recipient == value.recipient and any(
            each.request_id == value.event.subject_id for each in post.events
        ):
            yield post


def _failed_for_long(world: World, value: Notification) -> bool:
    times = [each.at for each in _about(world, value) if not each.arrived or each.answer == "lost"]
    return bool(times) and times[-1] - times[0] > GIVEN_UP_AFTER


def _was_absent(world: World, person: str) -> bool:
    return sum(each.answer == "absent" and each.recipient == person for each in world.chats.posts) > 1


def _has_later(world: World, value: Notification) -> bool:
    return value.event.subject_id in _of_wrong_clocks(world) or any(
        each.notification.line == value.line and each.notification.place > value.place
        for each in world.chats.addressed.values()
    )


def _was_shown(world: World, value: Notification, poll: int) -> bool:
    return any(
        post.poll == poll and post.arrived and each.revision >= value.event.revision
        for post in _about(world, value)
        for each in post.events
        if each.request_id == value.event.subject_id
    )


def _rung_again(world: World) -> list[str]:
    """A person has one card of a request, and one more for each that could not be written down or was odd."""
    rung: Counter[tuple[str, str]] = Counter()
    excused: Counter[tuple[str, str]] = Counter()
    for post in world.chats.posts:
        lines = [(post.recipient, each.request_id) for each in post.events]
        if post.is_new_card and post.arrived:
            rung.update(lines)
        is_unrecorded = post.answer == "lost" or (post.arrived and world.strikes[post.poll] > 0)
        if is_unrecorded or post.answer == "odd":
            excused.update(lines)
    return [
        f"{count} cards of {request_id} for {person}"
        for (person, request_id), count in rung.items()
        if count > 1 + excused[person, request_id]
    ]


def _rung_for_settled(world: World) -> list[str]:
    """Nobody is rung to decide what is known to be decided."""
    found = []
    for post in world.chats.posts:
        if not (post.is_new_card and post.arrived) or post.is_doubtful:
            continue
        found += [
            f"rung for what is settled: {each}, {post.recipient}"
            for each in post.events
            if each.status == NEEDS_APPROVAL
            if any(
                _was_known(world, promise, post)
                for promise in world.chats.promises
                if promise.request_id == each.request_id and promise.revision > each.revision
            )
        ]
    return found


def _was_known(world: World, promise: Promise, post: Post) -> bool:
    """Whether the poll of a message knew of an event: of its own, or of a poll that was over."""
    return promise.poll == post.poll or world.together[promise.poll] < world.together[post.poll]


def _hurried(world: World) -> list[str]:
    """The chats together keep their pace, but for what could not be recorded and where a clock was set."""
    limits = DeliveryLimits().in_chats()
    span = limits.rate_window.total_seconds()
    taken = [each for each in world.chats.posts if each.answer == "accepted"]
    for first, last in zip(taken, taken[limits.rate_limit :], strict=False):
        between = [each for each in taken if first.at <= each.at <= last.at]
        clocks = {round(each.wall.timestamp() - each.at) for each in between}
        is_excused_ = len(clocks) > 1 or any(world.strikes[each.poll] for each in between)
        if last.at - first.at < span and not is_excused_:
            return [f"more than {limits.rate_limit} in {last.at - first.at} s in the chats"]
    return []


class Standing(Struct, frozen=True):
    """A card that the notifier knows of: of which request, where, what it shows, and where it stands."""

    destination: str
    request_id: str
    person: str
    revision: int
    status: str
    look: Look | None
    number: str


def standing(world: World) -> Iterator[Standing]:
    """The cards of bots and in the chats with approvers whose place the notifier has written down."""
    ids = {storage_key(each): each for each in world.tenant.history}
    for row in list(world.rows.read(CARD, prefix_end(CARD))):
        destination, key, *person = row.key.removeprefix(CARD).split(":")
        number, request_id = decode(row, StoredCard).location.activity_id, ids.get(key, "")
        if destination == APPROVER_CHAT:
            event = world.chats.cards[number].shown[request_id]
            status = event.request.status if str(event.kind) != "no_longer_listed" else "gone"
            yield Standing(destination, request_id, person[0], event.revision, status, event.look, number)
        elif (card := world.teams.cards.get((destination, number))) is not None and card.is_there:
            yield Standing(destination, request_id, "", card.revision, "", card.look, number)


def unsettled(world: World) -> list[str]:
    """Each card in a chat shows the newest that was recorded of its request, unless that waits."""
    waits = {each.line for each in _pending(world)}
    gone = _given_up(world)
    newest: dict[str, int] = {}
    for promise in world.chats.promises:
        newest[promise.request_id] = max(promise.revision, newest.get(promise.request_id, 0))
    return [
        f"a card for {each.person} shows {each.revision}, told was {newest[each.request_id]}: {each.request_id}"
        for each in standing(world)
        if each.destination == APPROVER_CHAT and each.revision != newest[each.request_id]
        if not {(APPROVER_CHAT, each.request_id, whom) for whom in ("", each.person)} & (waits | gone)
    ]


def _given_up(world: World) -> set[tuple[str, str, str]]:
    """The lines of which something was given up, or its person not reached."""
    left = world.chats.left.values()
    in_chats = {entry.notification.line for entry, _, is_dead in left if is_dead or entry.unreached}
    return in_chats | {(each.destination, each.request_id, "") for each in world.dead}


def _open_after_the_end(world: World) -> list[str]:
    """No card in a chat asks to decide what is decided."""
    if APPROVER_CHAT not in world.settings.listed:
        return []
    waits = {each.line for each in _pending(world)}
    gone, tenant = _given_up(world), world.tenant
    followed = {each.request_id for each in world.chats.promises}
    return [
        f"a card for {each.person} still asks to decide {each.request_id}"
        for each in standing(world)
        if each.status == NEEDS_APPROVAL and each.request_id in followed
        if each.request_id in tenant.listed and tenant.listed[each.request_id].status != NEEDS_APPROVAL
        if tenant.is_findable(each.request_id) and each.request_id not in world.unfollowed
        if not {(APPROVER_CHAT, each.request_id, whom) for whom in ("", each.person)} & (waits | gone)
    ]


def looks_now(world: World) -> dict[str, Look]:
    """Who is noted to look, by the storage key of the request."""
    return {key: each.value for key, each in StateStore(world.rows).requests.read_snapshot().looks.items()}


def wrong_looks(world: World, before: Mapping[str, Look], now: datetime) -> list[str]:
    """After a calm poll each card of an open request says who looks, and no card does so for longer.

    Args:
        world: as the poll left it.
        before: who was noted to look when the poll began.
        now: when the poll began (UTC).
    """
    snapshot = StateStore(world.rows).requests.read_snapshot()
    waits, gone, wrong = {each.line for each in _pending(world)}, _given_up(world), _of_wrong_clocks(world)
    after = {key: each.value for key, each in snapshot.looks.items()}
    found = []
    for each in standing(world):
        known, key = snapshot.tracked.get(each.request_id), storage_key(each.request_id)
        lines = {(each.destination, each.request_id, whom) for whom in ("", each.person)}
        is_away = each.destination in world.once_away or each.destination not in world.settings.listed
        is_new = key in after and after[key] != before.get(key)
        if known is None or is_away or is_new or lines & (waits | gone) or each.request_id in wrong:
            continue
        request = known.value.request
        look = in_force(before.get(key), request, now)
        if request.status == NEEDS_APPROVAL and each.revision == known.value.revision and each.look != look:
            found.append(f"{each.destination} {each.person} says of {key} {each.look}, noted is {look}")
    kept = [
        key for key, look in after.items() if look == before.get(key) and _is_over(snapshot, key, look, now)
    ]
    return [*found, *(f"nobody forgets who looked at {key}" for key in kept)]


def _of_wrong_clocks(world: World) -> set[str]:
    """Requests of which looks were recorded in another order than that of their times, which order them."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for each in world.chats.promises:
        if "looking" in each.key:
            times[each.request_id].append(each.recorded_at)
    return {request_id for request_id, each in times.items() if each != sorted(each)}


def _is_over(snapshot: Snapshot, key: str, look: Look, now: datetime) -> bool:
    requests = {storage_key(each): known.value.request for each, known in snapshot.tracked.items()}
    return key in requests and in_force(look, requests[key], now) is None
