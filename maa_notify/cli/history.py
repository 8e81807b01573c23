"""`history`: the journal of what was told, for a spreadsheet or a script."""

import csv
import json
import sys
from datetime import datetime, timedelta

from maa_notify import app
from maa_notify.cards.subject import subject_of
from maa_notify.cards.text import safe
from maa_notify.domain.event import Event, Notice, RequestEvent
from maa_notify.domain.request import Identity
from maa_notify.storage.records import JournalEntry

COLUMNS = (
    "at",
    "state",
    "key",
    "event",
    "status",
    "subject",
    "policy_types",
    "requestor",
    "approver",
    "destination",
    "request",
    "attempts",
    "run_id",
    "message_id",
)
_FORMULA_START = ("=", "+", "-", "@")


def history(form: str, *, days: int | None) -> int:
    """Prints the journal, oldest first; returns the exit code."""
    notifier = app.build()
    try:
        since = notifier.clock.now() - timedelta(days=days) if days is not None else None
        sent = [_row(_receipt_of(entry), entry) for entry in notifier.store.journal.read_sent(since)]
        dead = [
            _row("dead", held.value)
            for held in notifier.store.journal.read_dead()
            if _is_since(held.value, since)
        ]
    finally:
        notifier.close()
    rows = sorted([*sent, *dead], key=lambda row: row["at"])
    if form == "json":
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return 0


def _is_since(entry: JournalEntry, since: datetime | None) -> bool:
    return since is None or entry.at >= since


def _row(state: str, entry: JournalEntry) -> dict[str, str]:
    notification = entry.notification
    event = notification.event
    request = event.request if isinstance(event, RequestEvent) else None
    approver = request.approver if request else Identity()
    values = (
        entry.at.isoformat(timespec="seconds"),
        state,
        event.short_key,
        event.name,
        request.status if request else event.name,
        _subject(event),
        " ".join(request.policy_types) if request else "",
        _who(event.requestor),
        _who(approver),
        notification.destination,
        event.subject_id,
        str(notification.attempts),
        entry.run_id,
        entry.message_id,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _subject(event: Event) -> str:
    """What it was about, as on its card."""
    return event.title if isinstance(event, Notice) else str(subject_of(event.request))


def _receipt_of(entry: JournalEntry) -> str:
    """What is known of a card.

    `confirmed`: it is in the channel. `accepted`: a flow run took it. `sent`: no receipt at all.
    `unreached`: its recipient could not be written to.
    """
    if entry.unreached:
        return "unreached"
    if entry.message_id:
        return "confirmed"
    return "accepted" if entry.run_id else "sent"


def _who(identity: Identity) -> str:
    return identity.upn or safe(identity.name, 120) or identity.id


def _cell(value: str) -> str:
    """A spreadsheet must not take somebody else's text for a formula."""
    return f"'{value}" if value.startswith(_FORMULA_START) else value
