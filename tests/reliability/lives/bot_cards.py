"""What is wrong with the bots' cards in channels, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import takewhile

from maa_notify.domain.event import NoticeKind
from tests.reliability.lives.teams import BotCard, Post
from tests.reliability.lives.world import BOTS, World


def wrong_cards(world: World) -> list[str]:
    """A bot's card shows the newest that was told of its request, and there is one of it.

    Of what arrived while the answer was lost, or before a kill, nobody knows, so it cannot be kept right.
    """
    newest: dict[tuple[str, str], int] = {}
    for told in (each for post in world.teams.posts for each in post.recorded):
        line = told.destination, told.request_id
        newest[line] = max(told.revision, newest.get(line, 0))
    shown: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (destination, _), card in world.teams.cards.items():
        if destination in BOTS and card.shown_by.recorded:
            # One that somebody deleted shows nobody anything, and stays as it was if a digest told the news.
            line = destination, card.request_id
            is_known_late = not card.is_there or _came_late(world.teams.posts, card)
            shown[line].append(newest[line] if is_known_late else card.revision)
    wrong_clocks = of_wrong_clocks(world)
    excuses = Counter(world.teams.deleted) + Counter(_unknown_cards(world.teams.posts))
    found = []
    # The reply to an older card of an alarm is the whole alarm, so nothing is missed there.
    for line, revisions in ((line, each) for line, each in shown.items() if line not in wrong_clocks):
        # What a digest told before its destination left the settings waits, as all else does there.
        if revisions[-1] != newest[line] and line[0] in world.settings.routes:
            found.append(f"the card at {line} shows {revisions[-1]}, told was {newest[line]}")
        if len(revisions) > 1 + excuses[line]:
            found.append(f"{len(revisions)} cards at {line}")
    return found + _mixed_digests(world)


def _came_late(posts: Iterable[Post], card: BotCard) -> bool:
    """Whether a digest had told newer news before the card came, which says so at its foot."""
    before = takewhile(lambda each: each is not card.shown_by, posts)
    return card.shown_by.is_new_card and any(
        post.arrived and len(post.events) > 1 and post.destination == card.shown_by.destination
        for post in before
        for told in post.events
        if told.request_id == card.request_id and told.revision > card.revision
    )


def _unknown_cards(posts: Iterable[Post]) -> list[tuple[str, str]]:
    """New cards of whose place nothing could be written down."""
    return [
        (post.destination, told.request_id)
        for post in posts
        if post.is_new_card
        for told in post.events
        if told not in post.recorded
    ]


def _mixed_digests(world: World) -> list[str]:
    """No digest tells of a request that has a card beside one that has none.

    Of the former many changes wait, and the cards are changed after it.
    """
    found = []
    with_card: set[tuple[str, str]] = set()
    for post in world.teams.posts:
        if post.destination not in BOTS or not post.arrived:
            continue
        subjects = {(each.destination, each.request_id) for each in post.events}
        if len(post.events) > 1 and 0 < len(subjects & with_card) < len(subjects):
            found.append(f"some of a digest have a card, others have none: {post.events}")
        elif len(post.events) == 1 and post.is_new_card and post.recorded:
            with_card |= subjects
    return found


def of_wrong_clocks(world: World) -> set[tuple[str, str]]:
    """Where alarms were recorded in another order than that of their times, which order them."""
    alarms: dict[tuple[str, str], list[int]] = defaultdict(list)
    for told in world.owed:
        if told.what == NoticeKind.ALARM:
            alarms[told.destination, told.request_id].append(told.revision)
    return {line for line, times in alarms.items() if times != sorted(times)}
