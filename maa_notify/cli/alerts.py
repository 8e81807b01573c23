"""`alerts`: prints what the watch found."""

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from maa_notify.cli.arguments import add_json, whole_number
from maa_notify.cli.exit_codes import OK
from maa_notify.cli.text import print_json

if TYPE_CHECKING:
    from maa_notify.domain.alert import AlertState

_MOST_DAYS = 36_500
_DEFAULT_DAYS = 30
_NAME_LIMIT = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Prints the alerts of the watch, oldest first, with low and muted ones."
    parser.add_argument(
        "--days",
        type=whole_number(1, _MOST_DAYS),
        default=_DEFAULT_DAYS,
        metavar="N",
        help=f"of the last N days (default: {_DEFAULT_DAYS})",
    )
    add_json(parser, "print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Prints the alerts; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app

    notifier = app.build()
    try:
        notifier.store.requests.read_marks()  # refuses a state that another version wrote
        found = notifier.store.alerts.read_since(notifier.clock.now() - timedelta(days=options.days))
    finally:
        notifier.close()
    if options.json:
        print_json([as_object(each) for each in found])
    elif found:
        print("\n".join(map(_as_text, found)))
    else:
        watched = "" if notifier.settings.watch else "; the watch is off (MAA_WATCH)"
        print(f"no alerts in the last {options.days} days{watched}")
    return OK


def as_object(state: "AlertState") -> dict[str, Any]:
    """One alert for `--json`; what was logged is anybody's text, without controls and marks that turn it."""
    from maa_notify.cli.request_rows import in_one_line
    from maa_notify.insight.watch.notices import name_of

    alert = state.alert
    return {
        "id": state.subject_id,
        "kind": alert.kind,
        "severity": str(alert.severity),
        "at": alert.at.isoformat(timespec="seconds"),
        "actor": in_one_line(name_of(alert.actor)),
        "object": in_one_line(alert.object_name or alert.object_id),
        "summary": alert.title,
        "events": list(alert.events),
        "story": [
            f"{part.at.isoformat(timespec='seconds')} {part.what}: {in_one_line(part.who)}"
            for part in state.story
        ],
        "muted": state.muted or None,
    }


def _as_text(state: "AlertState") -> str:
    from maa_notify.cards.text import plain
    from maa_notify.domain.names import set_apart

    told = as_object(state)
    muted = f" (muted: {plain(state.muted, _NAME_LIMIT)})" if state.muted else ""
    actor, about = (set_apart(plain(told[name], _NAME_LIMIT)) for name in ("actor", "object"))
    return (
        f"{told['at']}  {told['severity']:8}  {told['kind']}: {told['summary']}: {about}, by {actor}{muted}"
    )
