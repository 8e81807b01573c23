"""Whom a notification for many people is for."""

from collections.abc import Sequence

from msgspec.structs import replace

from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import Outbox, PendingNotification


def addressees(value: Notification, waiting: Sequence[PendingNotification], outbox: Outbox) -> list[str]:
    """The people to whom a notification for many goes, by their Entra object ids, each once.

    That is whoever it names, and whoever has the card of its request already, or soon will: a card that shows
    a request as open has to learn what became of it. Not those for whom the very same waits: it is recorded
    twice where a clock was ahead, and where memory was lost.

    Args:
        value: the notification.
        waiting: what waits for these people, this one, too.
        outbox: where their cards are remembered.
    """
    people: Sequence[str] = value.people
    # Who has the card already is asked before the first of them are told.
    if not value.is_rest:
        subject = value.event.subject_id
        soon = [each.value.recipient for each in waiting if each.value.event.subject_id == subject]
        people = [*people, *soon, *outbox.people_with_card(value.destination, subject)]
    # So is this one, which names nobody yet.
    known = {each.value.key for each in waiting}
    return [each for each in dict.fromkeys(people) if replace(value, recipient=each).key not in known]
