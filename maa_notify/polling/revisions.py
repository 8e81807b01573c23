"""From where the news of a request are counted on after memory was lost."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import RequestEvent, storage_key
from maa_notify.polling.source import News
from maa_notify.storage.journal import Journal
from maa_notify.storage.snapshot import Snapshot


def counted_on(news: News, snapshot: Snapshot, journal: Journal) -> News:
    """The news, where a request that memory lost counts on from what was told of it before.

    Else its card, which stands from before, would take all that comes for older than what it shows.

    Raises:
        StateError: the state store failed.
    """
    if not any(_is_repeat(each.event) for each in news.changes):
        return news
    last: dict[str, int] = {}
    for key, revision in _told(snapshot, journal):
        last[key] = max(revision, last.get(key, 0))
    return replace(news, changes=[_counted_on(each, last) for each in news.changes])


def _is_repeat(event: object) -> bool:
    return isinstance(event, RequestEvent) and event.memory_lost


def _told(snapshot: Snapshot, journal: Journal) -> Iterator[tuple[str, int]]:
    """The storage keys of requests, and the revisions that wait, were told, or were given up."""
    for (key, _), revision in snapshot.waiting().items():
        yield key, revision
    for entry in (*journal.read_sent(), *(each.value for each in journal.read_dead())):
        event = entry.notification.event
        yield storage_key(event.subject_id), event.revision


def _counted_on(change: Change[Any], last: Mapping[str, int]) -> Change[Any]:
    event, after = change.event, change.after
    if event is None or after is None or not _is_repeat(event):
        return change
    revision = last.get(storage_key(change.subject_id), 0) + 1
    return replace(change, after=replace(after, revision=revision), event=replace(event, revision=revision))
