"""Who is said to look at a request: as noted, and as the cards of bots say it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from maa_notify.domain.event import Look, storage_key
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore
from tests.reliability.lives.standing import given_up, pending, standing
from tests.reliability.lives.world import BOTS, World

LOOKS_FOR = timedelta(minutes=30)
"""For so long it counts that somebody looks."""


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
    waits, gone, wrong = {each.line for each in pending(world)}, given_up(world), wrongly_timed(world)
    after = {key: each.value for key, each in snapshot.looks.items()}
    found = []
    for each in standing(world):
        known, key = snapshot.tracked.get(each.request_id), storage_key(each.request_id)
        # The chats hear of looks by the words of the bot's channels.
        heard_by = {each.destination} | (BOTS if each.destination == APPROVER_CHAT else frozenset())
        is_away = each.destination not in world.settings.listed or bool(heard_by & world.once_away)
        is_new = key in after and after[key] != before.get(key)
        if known is None or is_away or is_new or each.lines & (waits | gone) or each.request_id in wrong:
            continue
        request = known.value.request
        look = _in_force(before.get(key), request, now)
        if request.status == NEEDS_APPROVAL and each.revision == known.value.revision and each.look != look:
            found.append(f"{each.destination} {each.person} says of {key} {each.look}, noted is {look}")
    kept = [
        key for key, look in after.items() if look == before.get(key) and _is_over(snapshot, key, look, now)
    ]
    return [*found, *(f"nobody forgets who looked at {key}" for key in kept)]


def _in_force(look: Look | None, request: ApprovalRequest, now: datetime) -> Look | None:
    """The look while it counts: lately said, of what can still be decided."""
    if look is None or request.status != NEEDS_APPROVAL or abs(now - look.since) >= LOOKS_FOR:
        return None
    return None if request.expires_at is not None and request.expires_at <= now else look


def _is_over(snapshot: Snapshot, key: str, look: Look, now: datetime) -> bool:
    requests = {storage_key(each): known.value.request for each, known in snapshot.tracked.items()}
    return key in requests and _in_force(look, requests[key], now) is None


def wrongly_timed(world: World) -> set[str]:
    """Requests whose news were recorded in another order than that of their times, which order looks too.

    Or two looks at the very same time, or a look and a reminder by two polls, as only the clock of a test
    allows.
    """
    chats = [(APPROVER_CHAT, each.request_id, each.key, each.recorded_at) for each in world.chats.promises]
    channels = [
        (told.destination, told.request_id, told.what, notification.recorded_at)
        for told, notification in world.owed.items()
    ]
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    looks: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for destination, request_id, what, at in (*chats, *channels):
        times[destination, request_id].append(at)
        if "looking" in what:
            looks[destination, request_id].append(at)
    found = {line for line, each in times.items() if each != sorted(each)}
    found |= {line for line, each in looks.items() if len(set(each)) < len(each)}
    return {request_id for _, request_id in found} | _at_once(world)


def _at_once(world: World) -> set[str]:
    """Requests of which two polls recorded a look and a reminder at the very same time."""
    polls: dict[tuple[str, datetime], set[int]] = defaultdict(set)
    for promise in world.chats.promises:
        if "looking" in promise.key or "reminder" in promise.key:
            polls[promise.request_id, promise.recorded_at].add(promise.poll)
    return {request_id for (request_id, _), found in polls.items() if len(found) > 1}
