"""What the watch has to know of the tenant. Pure."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from msgspec import Struct, field

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


class Protected(Struct, frozen=True):
    """Since when a policy type is protected by an access policy, and until when it was (UTC)."""

    since: datetime
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether it was protected then."""
        return self.since <= at and (self.until is None or at < self.until)


class Ground(Struct, frozen=True):
    """What is known of the tenant; None for what is not known, since a permission is missing.

    All ids are in lower case.

    Attributes:
        approver_groups: names of the approver groups, by id.
        members: ids of the direct members of these groups, by the group's id.
        units: names of the restricted units that protect the groups, by id.
        unit_admins: ids of those who rule these units.
        powerful_apps: ids of the service principals that can go around approval.
        app_ids: by their app ids and the ids of their registrations these service principals.
        protected: since when each policy type is protected; None where it is not known.
        history_since: since when all requests are known (UTC); None before the first good poll.
        is_whole: whether all could be read that the permissions open; if not, a later look tells more.
    """

    approver_groups: Mapping[str, str] | None = None
    members: Mapping[str, frozenset[str]] | None = None
    units: Mapping[str, str] | None = None
    unit_admins: frozenset[str] = frozenset()
    powerful_apps: frozenset[str] | None = None
    app_ids: Mapping[str, str] = field(default_factory=dict)
    protected: Mapping[str, Protected] | None = None
    history_since: datetime | None = None
    is_whole: bool = True

    def principal_of(self, *ids: str) -> str:
        """The service principal that one of these ids is of, where it can go around approval; else ""."""
        apps = self.powerful_apps or frozenset()
        found = (each if each in apps else self.app_ids.get(each, "") for each in ids)
        return next(filter(None, found), "")

    def is_guardian(self, account_id: str) -> bool:
        """Whether an account can approve, or administers a unit that protects an approver group."""
        return account_id in self.unit_admins or any(
            account_id in members for members in (self.members or {}).values()
        )


def protected_after(
    before: Mapping[str, Protected] | None, types: Collection[str], now: datetime
) -> Mapping[str, Protected]:
    """Since when each policy type is protected, now that these are.

    At the first look they count as protected for ever, since nobody can tell since when they are.
    """
    if before is None:
        return {kind: Protected(_EVER) for kind in types}
    found = {kind: _ended(each, now) if kind not in types else each for kind, each in before.items()}
    begun = {kind: Protected(now) for kind in types if kind not in found or found[kind].until is not None}
    return {**found, **begun}


def _ended(protected: Protected, now: datetime) -> Protected:
    return protected if protected.until is not None else Protected(protected.since, now)
