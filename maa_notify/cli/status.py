"""`status`: what waits and whether the notifier works, from the state store alone. Graph is not asked."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, REFUSED
from maa_notify.cli.terminal import Screen, screen_of
from maa_notify.cli.text import counted, print_json

if TYPE_CHECKING:
    from maa_notify.cards.times import TimeFormat
    from maa_notify.cli.overview import Overview, Standing, Waiting

_TONES = {
    "ok": "good",
    "degraded": "doubtful",
    "starting": "doubtful",
    "stale": "bad",
    "failing": "bad",
    "high": "bad",
    "medium": "doubtful",
    "low": "",
}
_HEADINGS = {
    "approver": "Waits for an approver",
    "requestor": "Approved, waits for its requestor to press Complete",
    "application": "Approved, waits for the application that filed it",
    "unknown": "In a status that is new to this version",
}
_UNWELL = frozenset({"failing", "stale"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Shows what waits for whom and until when, what was told last, and whether the notifier is well, as"
        " the last poll left it. Reads the state store alone."
    )
    add_json(parser, "print the same as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Shows how things stand; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app
    from maa_notify.cli.overview import overview_of

    notifier = app.build()
    try:
        found = overview_of(notifier)
    finally:
        notifier.close()
    if options.json:
        print_json(found.as_object())
    else:
        print("\n".join(Page(screen_of(sys.stdout), notifier.cards.times, found).lines()))
    return exit_code_of(found)


def exit_code_of(found: "Overview") -> int:
    """1 when polls fail or do not come; 3 when a card does not reach its destination; else 0."""
    if found.health.status in _UNWELL:
        return FAILED
    is_stuck = (
        found.health.overdue or found.health.dead or any(each.failing_since for each in found.destinations)
    )
    return REFUSED if is_stuck else OK


class Page:
    """The overview as text for people."""

    def __init__(self, screen: Screen, times: "TimeFormat", found: "Overview") -> None:
        """Takes where it is shown, the form of times, and what there is to tell."""
        self._screen, self._times, self._found = screen, times, found

    def lines(self) -> Iterator[str]:
        """The whole page, an entry for each item, which may be several lines."""
        yield self._health()
        for kind, heading in _HEADINGS.items():
            chosen = [each for each in self._found.waiting if each.waits_for == kind]
            if chosen or kind == "approver":
                yield from self._requests(heading, chosen)
        yield from ("", self._screen.toned("Destinations", "strong"))
        yield from map(self._destination, self._found.destinations)

    def _health(self) -> str:
        health, who = self._found.health, self._found.tenant_name or self._found.tenant
        last = self._ago(health.last_good_poll) if health.last_good_poll else "there was none yet"
        notes = [f"last good poll: {last}"]
        if health.reason:
            lacking = f": the token lacks {health.missing_permission}" if health.missing_permission else ""
            notes.append(f"the last one failed: {health.reason}{lacking} (maa-notify doctor says more)")
        hidden = [each.family for each in health.visibility if each.state == "hidden"]
        if hidden:
            notes.append(f"may be hidden: {', '.join(hidden)} (maa-notify doctor says why)")
        if health.overdue or health.dead:
            notes.append(f"{health.overdue} overdue, {health.dead} given up (maa-notify outbox list)")
        return self._screen.item(health.status.upper(), _TONES[health.status], f"tenant {who}", *notes)

    def _requests(self, heading: str, chosen: Sequence["Waiting"]) -> Iterator[str]:
        yield ""
        yield self._screen.toned(f"{heading}: {len(chosen) or 'nothing'}", "strong")
        yield from map(self._request, chosen)

    def _request(self, each: "Waiting") -> str:
        ends = self._times.deadline(each.expires_at, self._found.at)
        about = [
            f"{'until ' if each.expires_at else 'end '}{ends}",
            f"asked by {each.requestor or 'somebody'}",
        ]
        if each.waits_for == "unknown":
            about.append(f"status {each.status}")
        if each.missing_since:
            about.append("not in the list at the last poll")
        return self._screen.item(
            each.risk.upper(), _TONES[each.risk], f"{each.key}  {each.subject}", "; ".join(about)
        )

    def _destination(self, each: "Standing") -> str:
        label, tone = ("FAILING", "bad") if each.failing_since else ("OK", "good")
        if not each.in_settings:
            label, tone = "UNKNOWN", "bad"
        notes = []
        if each.pending:
            waits = "waits" if each.pending == 1 else "wait"
            notes.append(f"{counted(each.pending, 'notification')} {waits} (maa-notify outbox list)")
        if not each.in_settings:
            notes.append("not in the settings: add it again, or discard what waits")
        if each.failing_since:
            notes.append(f"since {self._ago(each.failing_since)}: {each.last_error}")
        told = each.last_told
        last = f"{self._ago(told.at)}: {told.key} {told.event}, {told.subject}" if told else "nothing yet"
        return self._screen.item(label, tone, each.destination, *notes, f"last told {last}")

    def _ago(self, at: datetime) -> str:
        return self._times.deadline(at, self._found.at)
