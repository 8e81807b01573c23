"""The log lines of a delivery: each failure is logged once, when it begins."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from maa_notify import logs
from maa_notify.delivery.retries import Verdict
from maa_notify.domain.log_fields import log_fields, seconds_since
from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import Outcome, PendingNotification

_LOG = logs.logger(__name__)

_MANY_COPIES = 3
"""So many of a card without an answer are said loudly, and each one after them."""


def sent(items: Iterable[PendingNotification], now: datetime) -> None:
    """Says of each notification that its destination took it."""
    for event, name in ((each.value.event, each.value.destination) for each in items):
        _LOG.info(
            "deliver.sent",
            key=event.short_key,
            destination=name,
            **log_fields(event),
            after_s=seconds_since(event, now),
        )


def recovered(destination: str, failing_since: datetime | None) -> None:
    """Says that a destination takes cards again, if it did not."""
    if failing_since:
        _LOG.warning("deliver.recovered", destination=destination, failing_since=failing_since)


def failed(
    destination: str, items: Sequence[PendingNotification], verdict: Verdict, *, is_news: bool, waiting: int
) -> None:
    """Says what a failure means: that the destination fails, a chat or a card, or that copies pile up.

    Args:
        destination: its name.
        items: what was tried.
        verdict: what follows.
        is_news: the destination did not fail before.
        waiting: how many notifications wait there.
    """
    if verdict.blame is not None and is_news:
        text = f"{verdict.blame}; what waits is kept"
        _LOG.error(
            "deliver.failing", destination=destination, code=verdict.blame.code, waiting=waiting, text=text
        )
    if verdict.kept[0].personal:
        error, until = verdict.kept[0].last_error, verdict.kept[0].not_before
        text = f"one person's chat is left alone until {until:%H:%M:%S} UTC, others are told: {error}"
        _LOG.warning("deliver.put_off", destination=destination, text=text)
    for before, after in zip((each.value for each in items), verdict.kept, strict=True):
        _ill(before, after)
        if after.doubts > max(before.doubts, _MANY_COPIES - 1):
            _LOG.error(
                "deliver.in_doubt",
                key=after.event.short_key,
                destination=after.destination,
                copies=after.doubts,
                text="no answer came, so it may be there as often; it is sent again at growing intervals."
                " See the run history of the flow",
            )


def _ill(before: Notification, after: Notification) -> None:
    if after.ill and not before.ill:
        what = f"other cards are taken there, this one is not: {after.last_error}"
    elif after.refused and not (before.refused or before.ill or after.digest):
        what = f"refused even in its smallest form: {after.last_error}"
    else:
        return
    _LOG.error(
        "deliver.ill",
        key=after.event.short_key,
        destination=after.destination,
        text=f"{what}. It is tried again and delays no other",
    )


def left(outcomes: Iterable[Outcome], days: int) -> None:
    """Says of each notification that was given up or whose recipient is out of reach that it is."""
    for entry, dead in ((each.entry, each.dead) for each in outcomes):
        if entry is None:
            continue
        value = entry.notification
        key, name = value.event.short_key, value.destination
        if dead:
            text = f"given up after {days} days; mend the destination and run 'maa-notify outbox retry'"
            _LOG.error("deliver.dead", key=key, destination=name, attempts=value.attempts, text=text)
        elif entry.unreached:
            _LOG.info("deliver.unreached", key=key, destination=name, text=value.last_error)


def unknown(waiting: Mapping[str, Sequence[PendingNotification]]) -> None:
    """Says of each destination that something waits for that it is not in the settings."""
    for name, items in waiting.items():
        _LOG.error(
            "deliver.unknown",
            destination=name,
            pending=len(items),
            text="it is not in the settings any more; add it again, or drop its notifications with"
            " 'maa-notify outbox discard'",
        )
