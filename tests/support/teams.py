"""Channels behind Workflows webhooks, on a real socket.

A test hands out the address and looks at the cards that came::

    with FakeTeams() as teams:
        teams.fail_next(reply(429, headers={"Retry-After": "3"}))
        ...
        assert [card["type"] for card in teams.cards] == ["AdaptiveCard"]
        assert teams.secret not in caplog.text
"""

from __future__ import annotations

import secrets
import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from maa_notify.demo.channels import Channels, refusal, unauthorized
from tests.support.cards import strip
from tests.support.wire import Fake, HttpResponse, Seen, played

if TYPE_CHECKING:
    import ssl

GENERAL = "general"


class FakeTeams(Fake):
    """Any number of simulated channels, each behind the webhook address of its own flow.

    Faults are scripted for all posts, or with ``on`` for those to one channel.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Open the channel ``general``."""
        super().__init__(tls=tls)
        self.secret = secrets.token_urlsafe(32)
        """The signature inside every address: it must show up nowhere else."""
        self._changed = threading.Condition()
        self._names: dict[str, str] = {}
        self._channels = Channels(lambda: datetime.now(UTC), on_change=self._notify, kept=None)

    @property
    def url(self) -> str:
        """The webhook address of the channel ``general``."""
        return self.url_for(GENERAL)

    def url_for(self, channel: str) -> str:
        """Return the webhook address of a channel, which is opened by asking."""
        workflow = uuid.uuid5(uuid.NAMESPACE_OID, channel).hex
        path = f"/powerautomate/automations/direct/workflows/{workflow}/triggers/manual/paths/invoke"
        self._names[path] = channel
        query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self.secret}"
        return f"{self.origin}{path}?{query}"

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of all channels in order of arrival, none that was refused."""
        return [posted.card for posted in self._channels.cards()]

    def cards_in(self, channel: str) -> list[dict[str, Any]]:
        """Return the cards of one channel in order of arrival."""
        return [each.card for each in self._channels.cards() if self._names[each.channel] == channel]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[dict[str, Any]]:
        """Return the cards as soon as there are that many; fail when time runs out."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.cards) >= count, timeout):
                message = f"{len(self.cards)} of {count} cards arrived within {timeout} s"
                raise AssertionError(message)
        return self.cards

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _kind(self, seen: Seen) -> str:
        """Name the channel that a post is for."""
        return self._names.get(seen.path, "")

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one post as the flow's trigger would."""
        if seen.path not in self._names:
            return flow_error(404, "WorkflowNotFound", "The workflow could not be found.")
        if seen.method == "POST" and seen.params.get("sig") != self.secret:
            return played(unauthorized())
        return played(self._channels.answer(seen))


class ReadForNews(FakeTeams):
    """The same, read by somebody who leaves out alarms about the notifier itself."""

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of all channels, but for alarms."""
        return [card for card in super().cards if not is_alarm(card)]

    def cards_in(self, channel: str) -> list[dict[str, Any]]:
        """The cards of one channel, but for alarms."""
        return [card for card in super().cards_in(channel) if not is_alarm(card)]

    @property
    def alarms(self) -> list[str]:
        """The titles of the alarms in all channels."""
        return [strip(card) for card in super().cards if is_alarm(card)]


def is_alarm(card: dict[str, Any]) -> bool:
    """Whether a card is about the notifier itself, and no sign of life."""
    return strip(card).startswith("The notifier's")


def flow_error(status: int, code: str, message: str) -> HttpResponse:
    """Return an error in the shape Power Automate uses."""
    return played(refusal(status, code, message))
