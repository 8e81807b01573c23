"""The table of `doctor --permissions`: what each capability takes, what is there, what stops without."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from maa_notify import app
from maa_notify.domain.capabilities import CAPABILITIES, Permission
from maa_notify.identity.tokens import told_roles

GRANTED, MISSING, UNKNOWN = "granted", "missing", "unknown"


class Row(Struct, frozen=True):
    """One permission of one capability.

    Attributes:
        capability: its name, as the scripts that grant it have it.
        label: what the notifier does with it.
        is_wanted: the settings ask for that.
        permission: of Microsoft Graph.
        state: `granted`, `missing`, or `unknown` where the token does not tell.
        purpose: what it is for.
        without: what stops without it.
    """

    capability: str
    label: str
    is_wanted: bool
    permission: str
    state: str
    purpose: str
    without: str

    def as_object(self) -> dict[str, Any]:
        """The row for `--json`."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        found["wanted"] = found.pop("is_wanted")
        return found


def permission_rows(notifier: app.App) -> list[Row]:
    """All permissions of all capabilities, compared with the present token.

    Raises:
        MaaNotifyError: there is no token.
    """
    roles = told_roles(notifier.tokens.token(app.graph_scope(notifier.settings)).value)
    wanted = notifier.settings.capabilities
    return [
        Row(
            each.name,
            each.label,
            each in wanted,
            permission.name,
            _state(permission, roles),
            permission.purpose,
            permission.without,
        )
        for each in CAPABILITIES
        for permission in each.permissions
    ]


def _state(permission: Permission, roles: Sequence[str] | None) -> str:
    if roles is None:
        return UNKNOWN
    return GRANTED if permission.is_in(roles) else MISSING


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The table for people: a heading for each capability, and a line for each of its permissions."""
    width = max(len(each.permission) for each in rows)
    for _, found in groupby(rows, key=lambda each: each.capability):
        group = list(found)
        first = group[0]
        yield f"{first.capability}: {first.label}" + ("" if first.is_wanted else " (not asked for)")
        for each in group:
            stops = f". {each.without}." if each.state == MISSING and each.is_wanted else "."
            yield f"  {each.state:<8} {each.permission:<{width}}  {each.purpose}{stops}"
    yield "Grant and take away: infra/graph/grant.sh --capabilities LIST PRINCIPAL_ID"
