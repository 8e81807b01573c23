"""Which application permission lets a caller see which requests.

An application is told only of requests whose workload it may read; nothing in the answer says that others
were left out. Reported by one author from one tenant ("verified 2026-08-12"), so it is likely, not certain.
That the list as a whole needs one of two permissions is in Microsoft's permissions reference.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from maa_notify.demo.errors import UnknownFamilyError


@dataclass(frozen=True, slots=True)
class Family:
    """Requests about one kind of object, which are seen with one permission."""

    key: str
    label: str
    """What the page calls it."""
    permission: str
    """The least application permission; its `ReadWrite` twin opens the same."""
    policy_types: frozenset[str]
    """The enum members that Graph names for its requests."""


def _family(key: str, label: str, permission: str, *policy_types: str) -> Family:
    return Family(key, label, f"DeviceManagement{permission}.Read.All", frozenset(policy_types))


_CONFIGURATION = ("configurationPolicy", "compliancePolicy")
_DEVICE_ACTIONS = ("deviceAction", "deviceWipe", "deviceRetire", "deviceDelete")

_FAMILIES = (
    _family("apps", "Apps", "Apps", "app"),
    _family("configuration", "Configuration and compliance", "Configuration", *_CONFIGURATION),
    _family("devices", "Device actions", "ManagedDevices", *_DEVICE_ACTIONS),
    _family("scripts", "Scripts", "Scripts", "script"),
    _family("tenant", "Tenant configuration", "ServiceConfig", "tenantConfiguration"),
    _family("roles", "Roles and access policies", "RBAC", "role", "operationApprovalPolicy"),
)

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType({each.key: each for each in _FAMILIES})
"""Every family, by key."""

ALL_PERMISSIONS: Final = tuple(family.permission for family in _FAMILIES)
"""What an application needs to see every request."""

TO_LIST: Final = frozenset({FAMILIES["roles"].permission, FAMILIES["configuration"].permission})
"""Either is needed to list requests at all."""

Roles = frozenset[str] | None
"""The permissions of a caller; None where its token tells none, which stands for all."""


def permission_of(key: str) -> str:
    """Return the permission that shows a family's requests, or say which families there are."""
    try:
        return FAMILIES[key].permission
    except KeyError:
        raise UnknownFamilyError(key, tuple(FAMILIES)) from None


def roles_in(token: str) -> Roles:
    """Return the permissions that a token names; None when it is no JWT or has no such claim."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return frozenset(claims["roles"])
    except (LookupError, TypeError, ValueError):
        return None


def may_list(roles: Roles) -> bool:
    """Whether these permissions let requests be listed."""
    return roles is None or any(opens(permission, roles) for permission in TO_LIST)


def is_seen(raw: Any, roles: Roles) -> bool:  # noqa: ANN401 - a test may list anything
    """Whether these permissions show a request; one of no known family is always shown."""
    types = raw.get("requiredOperationApprovalPolicyTypes") if isinstance(raw, dict) else None
    if roles is None or not isinstance(types, list):
        return True
    needed = [each.permission for each in _FAMILIES if any(kind in each.policy_types for kind in types)]
    return not needed or any(opens(permission, roles) for permission in needed)


def opens(permission: str, roles: frozenset[str]) -> bool:
    """Whether one of these permissions is this one, or its twin that lets write."""
    return permission in roles or permission.replace(".Read.", ".ReadWrite.") in roles
