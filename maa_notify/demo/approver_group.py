"""The one approver group of the simulated tenant: who of its people is in it, and who may decide."""

import uuid
from collections.abc import Callable
from typing import Final

from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.errors import UnknownPersonError
from maa_notify.demo.samples import PEOPLE, SAMPLES, Json, Person

NAME: Final = "MAA approvers"
_NOT_SELECTABLE: Final = "operationApprovalPolicy"
"""Changes of access policies are always protected, by no policy of their own."""


class ApproverGroup:
    """The people of the demo in the group that all its access policies name."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Make the policies, and let those into the group who approve at the start."""
        self.access = SimulatedAccess(on_change)
        self._group_id = self.access.add_group(NAME)
        self.named = (self._group_id, NAME)
        """Its id and its name, as an audit log tells them."""
        for policy_type in sorted({each.policy_type for each in SAMPLES.values()} - {_NOT_SELECTABLE}):
            self.access.add_policy(policy_type, self._group_id)
        self._candidates = {key: each for key, each in PEOPLE.items() if _user(each)}
        for key, person in self._candidates.items():
            if person.approves:
                self.set_member(key, is_member=True)

    def members(self) -> tuple[str, ...]:
        """Return the keys of those who are in the group, in the order of the demo."""
        inside = {each["id"] for each in self.access.members[self._group_id]}
        return tuple(key for key, person in self._candidates.items() if _id(key, person) in inside)

    def set_member(self, key: str, *, is_member: bool) -> None:
        """Let somebody into the group or take them out; who is where they should be stays."""
        person = self._person(key, tuple(self._candidates))
        if is_member == (key in self.members()):
            return
        if is_member:
            fields = {"id": _id(key, person), "isManagementRestricted": True}
            self.access.add_person(self._group_id, person.name, **fields)
        else:
            self.access.remove_member(self._group_id, _id(key, person))

    def people(self, first: str) -> list[str]:
        """Return the ids of all who may be in the group, one of them before the others."""
        keys = sorted(self._candidates, key=lambda key: key != first)
        return [_id(key, self._candidates[key]) for key in keys]

    def decider(self, key: str) -> Person:
        """Return somebody from the group, or say who is in it."""
        return self._person(key, self.members())

    def view(self) -> list[Json]:
        """Return who may be in the group and who is, for the page."""
        inside = self.members()
        return [
            {"key": key, "name": person.name, "member": key in inside}
            for key, person in self._candidates.items()
        ]

    def _person(self, key: str, among: tuple[str, ...]) -> Person:
        if key not in among:
            raise UnknownPersonError(key, among or ("nobody",))
        return self._candidates[key]


def _user(person: Person) -> Json:
    """Return the user in a person's identity; empty for an application, or where Graph tells nothing."""
    return (person.identity or {}).get("user") or {}


def _id(key: str, person: Person) -> str:
    """Return the id in the directory, also of somebody whose id the requests do not tell."""
    return str(_user(person).get("id") or uuid.uuid5(uuid.NAMESPACE_DNS, f"{key}.contoso.com"))
