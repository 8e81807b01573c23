"""Reads who can decide from Graph: access policies, the members of their groups, which groups have a role.

What cannot be read of a group stays as it was known, and the reason is told beside it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from maa_notify.domain.approvers import KnownGroup, Roll
from maa_notify.errors import GraphDenied, GraphError
from maa_notify.graph.access import AccessReader


class RollReader:
    """Reads one tenant."""

    def __init__(self, access: AccessReader) -> None:
        """Reads through `access`."""
        self._access = access

    def everything(
        self, before: Mapping[str, KnownGroup], now: datetime, end: float
    ) -> tuple[Roll, GraphError | None]:
        """All that Graph tells of who can decide, and what kept some of it from being read.

        Args:
            before: the groups as they were known, by id.
            now: the current time (UTC).
            end: when no more may be asked (monotonic seconds).

        Raises:
            GraphError: the policies could not be read.
        """
        access = self._access.until(end)
        policies = access.policies()
        with_roles, no_roles = _groups_with_roles(access)
        wanted = dict.fromkeys(each for policy in policies for each in policy.group_ids or ())
        read, problem = _groups(access, wanted, before, now)
        groups = {
            each.id: each if with_roles is None else replace(each, has_role=each.id in with_roles)
            for each in read
        }
        return Roll(now, tuple(policies), groups), problem or no_roles

    def groups(
        self, wanted: Iterable[str], before: Mapping[str, KnownGroup], now: datetime, end: float
    ) -> tuple[list[KnownGroup], GraphError | None]:
        """These groups, each as read now or, where that fails, as it was known; and what failed last."""
        return _groups(self._access.until(end), wanted, before, now)


def _groups_with_roles(access: AccessReader) -> tuple[frozenset[str] | None, GraphError | None]:
    try:
        return access.groups_with_roles(), None
    except GraphError as error:
        return None, error


def _groups(
    access: AccessReader, wanted: Iterable[str], before: Mapping[str, KnownGroup], now: datetime
) -> tuple[list[KnownGroup], GraphError | None]:
    found: dict[str, KnownGroup | None] = {}
    problem: GraphError | None = None
    for group_id in wanted:
        known = found[group_id] = before.get(group_id)
        if isinstance(problem, GraphDenied):
            continue
        try:
            found[group_id] = _group(access, group_id, known, now)
        except GraphError as error:
            problem = error
    return [each for each in found.values() if each is not None], problem


def _group(access: AccessReader, group_id: str, known: KnownGroup | None, now: datetime) -> KnownGroup:
    group = access.group(group_id)
    found = [] if group is None else access.members(group_id)
    members = [replace(each, is_restricted=None) for each in found]  # what nobody here asks is not kept
    return (known or KnownGroup(group_id, now, members=None)).after(group, members, now)
