"""What broke the promise in a life, in words."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations, pairwise

from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.event import EventKind
from maa_notify.domain.notification import Notification
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.times import SKEW
from maa_notify.storage.records import OUTBOX, decode
from maa_notify.storage.rows import prefix_end
from tests.reliability.lives.bot_cards import of_wrong_clocks, wrong_cards
from tests.reliability.lives.chat_oracle import chat_flaws, failed_for_long
from tests.reliability.lives.teams import HAPPENED, Post, Seen
from tests.reliability.lives.watch import is_excused
from tests.reliability.lives.world import NEWCOMERS, World

COPIES_A_DAY = 8
"""So often an event in doubt is sent within a day, plus once for each card accepted there and later news."""

OVERTAKEN_AFTER = 50 * 60
"""Seconds: news may pass earlier ones of their request that have failed for so long."""

SECOND_LOOK = 60
"""Seconds: a person is given up after two looks at least so far apart, by the clock of the notifier."""

UNREACHED_FOR = 25 * 3_600
"""Seconds: for no longer than that a person is left alone without another look."""

_DAY = 86_400
_ROUNDING = 0.001
"""Seconds by which a sum of times may be off."""


def flaws(world: World) -> list[str]:
    """What broke the promise; empty when it was kept."""
    return [
        *world.flaws,
        *world.teams.flaws,
        *_unarrived(world),
        *_doubled(world),
        *_copied(world),
        *_mixed(world),
        *_hurried(world),
        *_out_of_order(world),
        *_reminded_too_soon(world),
        *_untold(world),
        *_untrue(world),
        *_rung_falsely(world),
        *_unrung(world),
        *_unmet(world),
        *_left_behind(world),
        *_announced(world),
        *(wrong_cards(world) if world.chances.bots else ()),
        *(chat_flaws(world) if world.chances.approvers else ()),
        *(_torn(world) if world.chances.digests else ()),
    ]


def _told(world: World) -> Mapping[tuple[str, str], list[Seen]]:
    """What arrived, first arrivals only, by destination and request."""
    told: dict[tuple[str, str], dict[Seen, None]] = defaultdict(dict)
    for post in world.teams.posts:
        for each in post.events if post.arrived else ():
            told[each.destination, each.request_id].setdefault(each)
    return {line: list(seens) for line, seens in told.items()}


def _unarrived(world: World) -> list[str]:
    """What was put into the outbox has arrived, but for what is ill for ever, or was given up with reason."""
    arrived = {each for line in _told(world).values() for each in line}
    pending = [decode(row, Notification) for row in list(world.rows.read(OUTBOX, prefix_end(OUTBOX)))]
    # What waits for the chats with approvers is looked at with them.
    pending = [each for each in pending if not each.is_for_approver]
    waiting = {(each.destination, each.event.subject_id) for each in pending if is_excused(world, each)}
    found = [
        f"still pending: {each.key}"
        for each in pending
        if (each.destination, each.event.subject_id) not in waiting
    ]
    left = {each.key for each in pending}
    given_up = {each.told for each in world.unreached} | world.dead | world.left_out
    found += [
        f"lost: {told}"
        for told, notification in world.owed.items()
        if told not in arrived and told not in given_up and notification.key not in left
        if not told.is_of_look
    ]
    for told in world.dead:
        tries = (each for each in world.teams.posts if told in each.events)
        found += [] if failed_for_long(tries) else [f"given up too soon: {told}"]
    found += [
        f"left out, and nothing newer: {told}" for told in world.left_out if not _is_untrue(world, told)
    ]
    return found + _abandoned(world)


def _is_untrue(world: World, told: Seen) -> bool:
    """Whether it says who looked, or is a reminder of a status that its request has no more."""
    _, is_reminder = told.place
    later = (each for each in world.owed if _is_later_news(each, told) and not each.is_of_look)
    return told.is_of_look or (is_reminder and any(later))


def _abandoned(world: World) -> list[str]:
    """A person is given up after a second look only, and looked at once a day."""
    found = []
    for lost in world.unreached:
        looks = [
            post
            for post in world.teams.posts
            if post.answer == "absent" and post.recipient == lost.recipient and post.at <= lost.at
        ]
        # A clock that is ahead for one poll brings the second look forward: nobody can tell that it is.
        is_second = any(
            _apart(first, later) >= SECOND_LOOK
            for first, later in combinations(looks, 2)
            if later.at >= lost.at - UNREACHED_FOR
        )
        if not is_second:
            found.append(f"nobody looked twice for the person of {lost.told}")
    return found


def _apart(first: Post, later: Post) -> float:
    """The seconds between two posts, by the clock of the notifier if that says more."""
    return max(later.at - first.at, (later.wall - first.wall).total_seconds())


def _doubled(world: World) -> list[str]:
    """Nothing is recorded twice; each card that is not recorded has a lost answer, a kill or a lost store.

    What a digest told is recorded once more when the card is changed after it, in silence.
    """
    ringing = [post for post in world.teams.posts if not post.is_silent]
    recorded = Counter(told for post in ringing for told in post.recorded)
    found = [f"recorded twice: {told}" for told, count in recorded.items() if count > 1 + world.early[told]]
    unrecorded: dict[int, list[Post]] = defaultdict(list)
    for post in world.teams.posts:
        if post.answer == "accepted" and not set(post.events) <= post.recorded:
            unrecorded[post.poll].append(post)
    found += [
        f"posted and not recorded in poll {poll}: {[each.events for each in posts]}"
        for poll, posts in unrecorded.items()
        if len(posts) > world.strikes[poll]
    ]
    return found


def _copied(world: World) -> list[str]:
    """What is in doubt is not sent again and again."""
    copies: dict[Seen, list[Post]] = defaultdict(list)
    for post in world.teams.posts:
        for told in post.events if post.arrived and not post.is_silent else ():
            copies[told].append(post)
    found = []
    for told, posts in copies.items():
        within = [each for each in posts if each.at - posts[0].at < _DAY]
        between = _accepted_between(world, told.destination, posts[0].at, within[-1].at)
        # Later news of the same request wait for one more try of what is in doubt.
        later = sum(_is_later_news(each, told) for each in world.owed)
        strikes = sum(world.strikes[each.poll] for each in within)
        if len(within) > COPIES_A_DAY + between + later + strikes:
            found.append(f"{len(within)} copies within a day: {told}")
    return found


def _is_later_news(told: Seen, earlier: Seen) -> bool:
    is_same = (told.destination, told.request_id) == (earlier.destination, earlier.request_id)
    return is_same and told.place > earlier.place


def _accepted_between(world: World, destination: str, first: float, last: float) -> int:
    return sum(
        post.answer == "accepted" and first <= post.at <= last for post in _posts_beside(world, destination)
    )


def _posts_beside(world: World, destination: str) -> list[Post]:
    """The messages to a destination and others at its address."""
    address_of = world.settings.address_of
    address = address_of(destination)
    return [post for post in world.teams.posts if address_of(post.destination) == address]


def _torn(world: World) -> list[str]:
    """A digest whose answer was lost stays that digest, the first and the second time."""
    found = []
    lines: dict[tuple[str, str], list[Post]] = defaultdict(list)
    for post in world.teams.posts:
        lines[post.destination, post.recipient].append(post)
    for posts in lines.values():
        losses = Counter[Seen]()
        for before, after in pairwise(posts):
            losses.update(before.events if before.answer in {"lost", "silent"} else ())
            is_early = min(losses[each] for each in before.events) < 3
            # A poll that was killed, or whose store failed, may have written down nothing of it.
            is_known = before.answer == "lost" and not world.strikes[before.poll]
            is_digest = is_known and len(before.events) > 1 and is_early
            shared = {*before.events} & {*after.events}
            if is_digest and shared and {*before.events} != {*after.events}:
                found.append(f"{len(before.events)} of a digest, then {len(after.events)}: {after.events}")
    return found


def _hurried(world: World) -> list[str]:
    """No address takes more than its pace, but for what could not be recorded and where a clock was set."""
    limits = DeliveryLimits()
    span, found = limits.rate_window.total_seconds(), []
    for name in {each.destination for each in world.teams.posts}:
        taken = [each for each in _posts_beside(world, name) if each.answer == "accepted"]
        for first, last in zip(taken, taken[limits.rate_limit :], strict=False):
            between = [each for each in taken if first.at <= each.at <= last.at]
            clocks = {round(each.wall.timestamp() - each.at) for each in between}
            is_excused = len(clocks) > 1 or any(world.strikes[each.poll] for each in between)
            if last.at - first.at < span - _ROUNDING and not is_excused:
                found.append(f"more than {limits.rate_limit} in {last.at - first.at} s at {name}")
    return found[:1]


def _mixed(world: World) -> list[str]:
    return [f"not for one reader alone: {post.events}" for post in world.teams.posts if len(post.readers) > 1]


def _out_of_order(world: World) -> list[str]:
    may_pass = _overtakable(world) | of_wrong_clocks(world)
    return [
        f"out of order at {line[0]}: {[(each.revision, each.what) for each in seens]}"
        for line, seens in _told(world).items()
        if line not in may_pass and [each.place for each in seens] != sorted(each.place for each in seens)
    ]


def _reminded_too_soon(world: World) -> list[str]:
    """A reminder comes after the card that it reminds of, unless that one is ill or was given up."""
    given_up = {each.told for each in world.unreached} | world.dead
    promised = world.owed.keys() - given_up
    found = []
    for (destination, _), seens in _told(world).items():
        cards: set[int] = set()
        for each in seens:
            _, is_reminder = each.place
            card = replace(each, what=EventKind.CREATED if each.revision == 1 else EventKind.STATUS_CHANGED)
            if not is_reminder:
                cards.add(each.revision)
            elif card in promised and each.revision not in cards and not _is_ill(world, destination, card):
                found.append(f"before its card: {each}")
    return found


def _is_ill(world: World, destination: str, card: Seen) -> bool:
    """Whether a card was refused, or others were taken after it had failed."""
    posts = _posts_beside(world, destination)
    failed = [post for post in posts if card in post.events and not post.arrived]
    is_refused = any(post.answer == "odd" for post in failed)
    return is_refused or any(
        post.answer == "accepted" and card not in post.events and post.at > failed[0].at
        for post in posts
        if failed
    )


def _overtakable(world: World) -> set[tuple[str, str]]:
    """The destinations and requests where a card was refused, is in doubt or has failed for long."""
    failed: dict[Seen, list[Post]] = defaultdict(list)
    found = set()
    for post in world.teams.posts:
        for told in () if post.answer == "accepted" else post.events:
            failed[told].append(post)
            if post.answer in {"odd", "lost", "silent"}:
                found.add((told.destination, told.request_id))
    for told, posts in failed.items():
        # By any of the tries, since a clock may have been ahead for one poll.
        if any(_apart(posts[0], each) > OVERTAKEN_AFTER for each in posts):
            found.add((told.destination, told.request_id))
    return found


def _untold(world: World) -> list[str]:
    """The last status of each request that can be seen is told somewhere, and each one before it."""
    by_request: dict[str, list[Seen]] = defaultdict(list)
    for told in world.owed:
        by_request[told.request_id].append(told)
    found = []
    for request in world.tenant.listed.values():
        events = sorted(by_request[request.id], key=lambda each: each.place)
        if not world.tenant.is_findable(request.id):
            continue
        if not events and (request.id in world.silent or _is_history(world, request)):
            continue
        if request.id in world.tenant.hidden and (not events or _is_over(request, events[-1])):
            continue  # nobody asks for what nobody saw, or what was over when it left the list
        if not events or events[-1].status != request.status:
            found.append(f"{request.id} is {request.status}, told were {[each.status for each in events]}")
        revisions = {each.revision for each in events}
        whole = set(range(min(revisions, default=0), max(revisions, default=0)))
        found += [f"{request.id}: revision {gap} was never told" for gap in whole - revisions]
    return found


def _is_history(world: World, request: ApprovalRequest) -> bool:
    """Whether a request that is new to the notifier ended before the first list, by the times that it has.

    Intune's may lag, and a clock that is ahead again cannot tell that it was ahead then.
    """
    since, ended_at = world.watched_since, request.modified_at
    return request.is_closed and since is not None and ended_at is not None and ended_at < since


def _is_over(request: ApprovalRequest, told: Seen) -> bool:
    """Whether a request was closed, or told as gone, with the last that was told of it."""
    return told.what == EventKind.NO_LONGER_LISTED or replace(request, status=told.status).is_closed


def _untrue(world: World) -> list[str]:
    """What was told of a request has to be what happened to it, in that order, though not all of it."""
    lines: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for each in world.owed:
        if each.what in HAPPENED:
            lines[each.destination, each.request_id].append(each)
    found = []
    for (_, request_id), line in lines.items():
        told = [each.status for each in sorted(line, key=lambda each: each.place)]
        happened = iter(world.tenant.history[request_id])
        if not all(status in happened for status in told):
            found.append(f"{request_id} was {world.tenant.history[request_id]}, told were {told}")
    return found


def _rung_falsely(world: World) -> list[str]:
    """What nobody could find for a second is not told as gone."""
    return [
        f"told as gone after a second: {told}"
        for told in world.owed
        if told.what == EventKind.NO_LONGER_LISTED
        if told.request_id in world.tenant.false_alarms - world.tenant.ever_dropped
    ]


def _unrung(world: World) -> list[str]:
    """Each change of the settings was written down, and so told; how, is looked at when that happens."""
    found = [] if world.noted_settings == world.settings.parts else ["a change of the settings rang nowhere"]
    return found + (["a row that is gone rang nowhere"] if world.is_touched else [])


def _unmet(world: World) -> list[str]:
    """A destination that is new is told of each request that was open then."""
    met = {(each.destination, each.request_id) for each in world.owed}
    return [
        f"{name} was new and never heard of {request_id}"
        for name, open_then in world.joined.items()
        if name in world.settings.routes
        for request_id, told_then in open_then.items()
        if (name, request_id) not in met and request_id in world.tenant.listed
        # What lists omit since then, perhaps no poll has ever seen.
        if request_id not in world.tenant.hidden
        if not _was_over_again(world, request_id, told_then)
    ]


def _left_behind(world: World) -> list[str]:
    """A destination that takes everything is told the last of each request that it has heard of.

    Also of one that ended, or left the list, while it was not in the settings.
    """
    newest: dict[tuple[str, str], int] = defaultdict(int)
    for told in (each for each in world.owed if each.status):
        for line in ((told.destination, told.request_id), ("", told.request_id)):
            newest[line] = max(told.revision, newest[line])
    whole = {each.name for each in NEWCOMERS} & world.settings.routes.keys()
    return [
        f"{destination} was told of {request_id} up to {told}, others up to {newest['', request_id]}"
        for (destination, request_id), told in newest.items()
        if destination in whole and told < newest["", request_id]
    ]


def _was_over_again(world: World, request_id: str, told_then: Seen | None) -> bool:
    """Whether no poll saw a request open: it was known as closed, and is so again, with nothing to tell."""
    request = world.tenant.listed[request_id]
    is_known_as_closed = told_then is None or replace(request, status=told_then.status).is_closed
    return is_known_as_closed and request.is_closed and world.last_told(request_id) == told_then


def _announced(world: World) -> list[str]:
    """What was over when the first list was empty by mistake is no news."""
    return [
        f"was over before: {told}"
        for told in world.owed
        if told.request_id in world.tenant.closed_before
        if world.tenant.closed_before[told.request_id] == len(world.tenant.history[told.request_id])
        if not _ended_just_then(world, told.request_id)
    ]


def _ended_just_then(world: World, request_id: str) -> bool:
    """Whether a request ended within what clocks may differ by before the first list: that is told."""
    since, ended_at = world.watched_since, world.tenant.listed[request_id].modified_at
    return since is not None and ended_at is not None and ended_at > since - SKEW
