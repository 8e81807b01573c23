"""A fake channel behind a webhook, and one behind a bot, so that one test can run with both."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from tests.support.connector import GENERAL, FakeConnector
from tests.support.notifier import TENANT
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse


class FakeChannel(Protocol):
    """A channel, behind a webhook or a bot."""

    @property
    def settings(self) -> dict[str, str]:
        """The settings that make the notifier post there."""
        ...

    @property
    def rings(self) -> list[dict[str, Any]]:
        """The cards that notify somebody, in order; an update of a card notifies nobody."""
        ...

    @property
    def calls(self) -> int:
        """The number of calls so far."""
        ...

    @property
    def calls_a_try(self) -> int:
        """The most calls that one post takes."""
        ...

    def answer_all(self, answer: HttpResponse | None) -> None:
        """Gives one answer to all calls until told otherwise; None ends it."""
        ...

    def fail_next(self, answer: HttpResponse, *, posted: bool = False) -> None:
        """Gives this answer to the next call, which with `posted` has its effect all the same."""
        ...


@dataclass(frozen=True, slots=True)
class FakeWebhookChannel:
    """The flow of a channel."""

    teams: FakeTeams
    calls_a_try = 1

    @property
    def settings(self) -> dict[str, str]:
        return {"MAA_TEAMS_WEBHOOK_URL": self.teams.url}

    @property
    def rings(self) -> list[dict[str, Any]]:
        return self.teams.cards

    @property
    def calls(self) -> int:
        return len(self.teams.calls)

    def answer_all(self, answer: HttpResponse | None) -> None:
        self.teams.answer_all(answer)

    def fail_next(self, answer: HttpResponse, *, posted: bool = False) -> None:
        self.teams.fail_next(answer, posted=posted)


@dataclass(frozen=True, slots=True)
class FakeBotChannel:
    """A bot in a channel, and in the chats of requestors where a test asks for that."""

    service: FakeConnector
    calls_a_try = 3

    @property
    def settings(self) -> dict[str, str]:
        self.service.tenant_id = TENANT
        address = {"channel_id": GENERAL, "service_url": self.service.url}
        return {
            "MAA_TEAMS_WEBHOOK_URL": "",
            "MAA_DESTINATIONS": json.dumps([{"name": "approvers", "bot": address}]),
            "MAA_BOT_CLIENT_ID": self.service.bot_id,
            "MAA_BOT_ACCESS_TOKEN": self.service.token,
        }

    @property
    def rings(self) -> list[dict[str, Any]]:
        return [post.card for post in self.service.posts if post.kind in {"create", "reply"}]

    @property
    def calls(self) -> int:
        return len(self.service.calls)

    def answer_all(self, answer: HttpResponse | None) -> None:
        self.service.answer_all(answer)

    def fail_next(self, answer: HttpResponse, *, posted: bool = False) -> None:
        self.service.fail_next(answer, posted=posted)
