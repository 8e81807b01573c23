"""Access policies, their approver groups and the members of these, as Intune and Entra know them. Pure.

Of a person only what a card needs is held: id, name, account, and whether the account is enabled.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

ANY_PLATFORM = "notApplicable"
"""The platform of a policy for a type that has none."""


class AccessPolicy(Struct, frozen=True):
    """An access policy: which changes need approval, and which groups can approve them.

    Attributes:
        id: as Intune tells it.
        name: as somebody chose it.
        policy_types: what it protects, as Graph spells it; Intune makes policies of one type.
        platform: for which it does; `ANY_PLATFORM` or "" where it is not for one.
        group_ids: of the approver groups, in lower case; None where Graph does not tell them.
        modified_at: when it was last changed (UTC).
    """

    id: str
    name: str = ""
    policy_types: tuple[str, ...] = ()
    platform: str = ""
    group_ids: tuple[str, ...] | None = None
    modified_at: datetime | None = None


class Group(Struct, frozen=True):
    """A group of Entra. What the token may not read is None, which is not the same as False.

    Attributes:
        id: in lower case.
        name: as somebody chose it; "" where Graph does not let see it.
        is_security: members can be given rights.
        is_mail_enabled: it has an address. Intune takes only groups without one as approvers.
        is_unified: a Microsoft 365 group.
        is_dynamic: a rule makes members.
        is_synced: it comes from a directory on premises.
        is_role_assignable: fewer administrators may change its members.
        is_restricted: it stands in a restricted administrative unit.
    """

    id: str
    name: str = ""
    is_security: bool | None = None
    is_mail_enabled: bool | None = None
    is_unified: bool | None = None
    is_dynamic: bool | None = None
    is_synced: bool | None = None
    is_role_assignable: bool | None = None
    is_restricted: bool | None = None


class MemberKind(StrEnum):
    """What a direct member of a group is."""

    USER = "user"
    GUEST = "guest"
    GROUP = "group"
    SERVICE_PRINCIPAL = "servicePrincipal"
    OTHER = "other"


PEOPLE = frozenset({MemberKind.USER, MemberKind.GUEST})


class Member(Struct, frozen=True, omit_defaults=True):
    """A direct member of a group.

    Attributes:
        id: in lower case.
        kind: what it is.
        name: for people to read; "" where Graph does not let see it.
        account: the user principal name of a person; "" where Graph does not let see it.
        is_enabled: whether a person can sign in; None where Graph does not let see it.
        is_restricted: whether only few administrators may change the account, by a restricted administrative
            unit; None where Graph does not let see it.
    """

    id: str
    kind: MemberKind = MemberKind.USER
    name: str = ""
    account: str = ""
    is_enabled: bool | None = None
    is_restricted: bool | None = None
