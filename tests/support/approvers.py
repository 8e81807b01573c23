"""A tenant whose wipes some people can approve, and a notifier whose bot writes to them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from maa_notify.demo.access import SimulatedAccess
from tests.support.channels import FakeBotChannel
from tests.support.connector import FakeConnector
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier

MIRA = "a1f4c0de-0001-4c1e-8f00-000000000001"
"""Who asks for the wipes."""


class House:
    """The tenant, its notifier and the chats."""

    def __init__(
        self, graph: FakeGraph, service: FakeConnector, make: Callable[..., Notifier], *names: str
    ) -> None:
        """With so many approvers by name."""
        self.graph, self.service = graph, service
        self.access = SimulatedAccess()
        self.access.serve(graph.resources)
        self.group = self.access.add_group("MAA approvers")
        self.access.add_policy("deviceWipe", self.group)
        self.people = {name: self.access.add_person(self.group, name) for name in names}
        self.settings = {
            **FakeBotChannel(service).settings,
            "MAA_APPROVERS": "on",
            "MAA_APPROVER_CHAT": "true",
        }
        self.notifier = make(**self.settings)

    def file(self, requestor: str = MIRA, **fields: Any) -> dict[str, Any]:
        """A wipe that somebody asks for."""
        who = {"user": {"id": requestor, "displayName": "Mira Holt"}}
        request = make_request(now=self.notifier.clock.now(), requestor=who, **fields)
        self.graph.requests.append(request)
        return request

    def approve(self, request: dict[str, Any], by: str = "Oskar Weiss") -> None:
        """One of them approves it now."""
        now = f"{self.notifier.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        approver = {"user": {"id": self.people.get(by, ""), "displayName": by}}
        request |= {"status": "approved", "lastModifiedDateTime": now, "approver": approver}

    def chat(self, name: str) -> list[dict[str, Any]]:
        """The cards in the chat with one of them, as they are now."""
        return self.service.chat_with(self.people[name])

    def chats(self) -> Counter[str]:
        """How many cards each of them has."""
        return Counter({name: len(self.chat(name)) for name in self.people})
