"""What broke the promise in the chats with approvers, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator

from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.domain.request import NEEDS_APPROVAL
from tests.reliability.lives.chats import Promise
from tests.reliability.lives.looks import wrongly_timed
from tests.reliability.lives.standing import given_up, pending, standing
from tests.reliability.lives.teams import Post
from tests.reliability.lives.watch import is_excused
from tests.reliability.lives.world import World

GIVEN_UP_AFTER = 6.9 * 86_400
"""Seconds: nothing that has failed for less is given up."""

MOST_AT_ONCE, AT_ONCE = 40, 30
"""So many messages at most in so many seconds to all chats together."""


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


def _left_out(world: World) -> list[str]:
    """Everybody whom an event for many names has one of their own, or it waits for all."""
    chats = world.chats
    waiting = {each.key: each for each in pending(world) if each.is_for_many}
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
    waiting = {each.key: each for each in pending(world) if each.person}
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
            found += [] if failed_for_long(_about(world, value)) else [f"given up too soon: {key}"]
        elif entry.unreached:
            found += [] if _was_absent(world, value.recipient) else [f"nobody looked for the person of {key}"]
        elif entry.outdated:
            # Who looks is said where a card stands, and whether it says so is looked at with the cards.
            is_untrue = value.event.only_changes_cards or _has_later(world, value)
            found += [] if is_untrue else [f"left out, and nothing newer told: {key}"]
        elif not value.event.only_changes_cards and not _was_shown(world, value, poll):
            found.append(f"written down as told, and never shown: {key}")
    return found


def _about(world: World, value: Notification) -> Iterator[Post]:
    for post in world.chats.posts:
        if post.recipient == value.recipient and any(
            each.request_id == value.event.subject_id for each in post.events
        ):
            yield post


def failed_for_long(tries: Iterable[Post]) -> bool:
    """Whether what was tried may be given up: one that shows and is never answered fails as well."""
    times = [each.at for each in tries if not each.arrived or each.answer == "lost"]
    return bool(times) and times[-1] - times[0] > GIVEN_UP_AFTER


def _was_absent(world: World, person: str) -> bool:
    return sum(each.answer == "absent" and each.recipient == person for each in world.chats.posts) > 1


def _has_later(world: World, value: Notification) -> bool:
    return value.event.subject_id in wrongly_timed(world) or any(
        each.notification.line == value.line
        and each.notification.place > value.place
        and not each.notification.event.only_changes_cards
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
        lines = {(post.recipient, each.request_id) for each in post.events}
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
    taken = [each for each in world.chats.posts if each.answer == "accepted"]
    for first, last in zip(taken, taken[MOST_AT_ONCE:], strict=False):
        between = [each for each in taken if first.at <= each.at <= last.at]
        clocks = {round(each.wall.timestamp() - each.at) for each in between}
        is_forgiven = len(clocks) > 1 or any(world.strikes[each.poll] for each in between)
        if last.at - first.at < AT_ONCE and not is_forgiven:
            return [f"more than {MOST_AT_ONCE} in {last.at - first.at} s in the chats"]
    return []


def unsettled(world: World) -> list[str]:
    """Each card in a chat shows the newest that was recorded of its request, unless that waits."""
    excused, newest = _excused(world), dict[str, int]()
    for promise in world.chats.promises:
        newest[promise.request_id] = max(promise.revision, newest.get(promise.request_id, 0))
    return [
        f"{each.person}: {each.request_id} is shown as {each.revision}, told was {newest[each.request_id]}"
        for each in standing(world)
        if each.destination == APPROVER_CHAT and each.revision != newest[each.request_id]
        if not each.lines & excused
    ]


def _excused(world: World) -> set[tuple[str, str, str]]:
    """The lines of which something waits, or was given up."""
    return {each.line for each in pending(world)} | given_up(world)


def _open_after_the_end(world: World) -> list[str]:
    """No card in a chat asks to decide what is decided."""
    if APPROVER_CHAT not in world.settings.listed:
        return []
    excused, tenant = _excused(world), world.tenant
    followed = {each.request_id for each in world.chats.promises}
    return [
        f"a card for {each.person} still asks to decide {each.request_id}"
        for each in standing(world)
        if each.status == NEEDS_APPROVAL and each.request_id in followed
        if each.request_id in tenant.listed and tenant.listed[each.request_id].status != NEEDS_APPROVAL
        if tenant.is_findable(each.request_id)
        if not each.lines & excused
    ]
