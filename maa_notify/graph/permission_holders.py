"""Reads which applications hold permissions of Microsoft Graph that lead around approval.

Asked of Graph's own service principal, which has one list of all, whatever the number of applications in the
tenant; only the few that hold such a permission are then looked at one by one.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar
from urllib.parse import quote

from maa_notify.errors import GraphUnavailable
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.requests import parse_time
from maa_notify.graph.wire import convert
from maa_notify.insight.identifiers import GRAPH_APP_ID, POWERFUL_APP_ROLES
from maa_notify.insight.posture.apps import is_microsofts
from maa_notify.insight.posture.directory import Application, AppRoleAssignment, Principal, Wire
from maa_notify.insight.posture.facts import Gap, PermissionHolder

APPS = Surface(("Application.Read.All", "Directory.Read.All"), licence="Entra")

MOST_HOLDERS = 100
"""Applications that are looked at one by one; of more only the permissions are told."""

_TRIES = 3
_PRINCIPALS = "/v1.0/servicePrincipals"
_APPLICATIONS = "/v1.0/applications"
_OF_A_PRINCIPAL = (
    "id,appId,displayName,appOwnerOrganizationId,servicePrincipalType,accountEnabled,passwordCredentials,"
    "keyCredentials"
)
_NAMES = frozenset(POWERFUL_APP_ROLES.values())
_TOO_MANY = Gap(f"the details of more than {MOST_HOLDERS} applications")

_Read = TypeVar("_Read")
_Found = TypeVar("_Found")


class Part(Protocol):
    """Reads a part, or returns the gap in its place."""

    def __call__(self, name: str, read: Callable[[], _Found], *surfaces: Surface) -> _Found | Gap:
        """What `read` returns, if the token opens all surfaces and Graph answers."""
        ...


class _AppRole(Wire, frozen=True):
    id: str
    value: str | None = None


class _Resource(Wire, frozen=True):
    id: str
    app_roles: tuple[_AppRole, ...] = ()


class HolderReader:
    """Reads the holders of powerful permissions."""

    def __init__(self, reader: GraphReader, part: Part, tenant_id: str) -> None:
        """Reads through `reader`, each part by `part`; `tenant_id` is "" where it is not known."""
        self._reader = reader
        self._part = part
        self._tenant_id = tenant_id

    def read(self) -> tuple[PermissionHolder, ...] | Gap:
        """Every application with such a permission, also where its details could not be read."""
        granted = self._part("permissions of applications", self._granted, APPS)
        if isinstance(granted, Gap):
            return granted
        by_app: dict[str, list[tuple[str, AppRoleAssignment]]] = {}
        for name, assignment in granted:
            by_app.setdefault(assignment.principal_id, []).append((name, assignment))
        return tuple(
            self._holder(app_id, held, is_looked_at=number < MOST_HOLDERS)
            for number, (app_id, held) in enumerate(by_app.items())
        )

    def _granted(self) -> list[tuple[str, AppRoleAssignment]]:
        """The powerful permissions of all applications, each with its name."""
        path = f"{_PRINCIPALS}(appId='{GRAPH_APP_ID}')?$select=id,appRoles"
        graph = self._find(path, _Resource)
        if graph is None:
            raise GraphUnavailable("Graph does not tell its own permissions")
        # By name, since this tenant's Graph knows its ids best; and by id, where it lists fewer.
        names = {each.id: each.value for each in graph.app_roles if each.value in _NAMES}
        known = {**POWERFUL_APP_ROLES, **names}
        entries = self._reader.entries(f"{_PRINCIPALS}/{_quoted(graph.id)}/appRoleAssignedTo?$top=999", APPS)
        found = convert(entries, tuple[AppRoleAssignment, ...])
        return [(known[each.app_role_id] or "", each) for each in found if each.app_role_id in known]

    def _holder(
        self, app_id: str, held: list[tuple[str, AppRoleAssignment]], *, is_looked_at: bool
    ) -> PermissionHolder:
        times = [parse_time(each.created_date_time) for _, each in held]
        name = next((each.principal_display_name for _, each in held if each.principal_display_name), "")
        permissions = tuple(sorted({permission for permission, _ in held}))
        principal = self._principal(app_id) if is_looked_at else _TOO_MANY
        application = self._application(principal)
        return PermissionHolder(
            app_id,
            name,
            permissions,
            max(filter(None, times), default=None),
            principal,
            application,
            self._owners(principal, application),
            self._federated(application),
        )

    def _principal(self, app_id: str) -> Application | Gap:
        def read() -> Application:
            found = self._find(f"{_PRINCIPALS}/{_quoted(app_id)}?$select={_OF_A_PRINCIPAL}", Application)
            if found is None:
                raise GraphUnavailable("Graph has it no more")
            return found

        return self._part("applications", read, APPS)

    def _application(self, principal: Application | Gap) -> Application | Gap | None:
        """The registration; None where that is in another tenant, or there is none."""
        if isinstance(principal, Gap):
            return principal
        owner = principal.app_owner_organization_id or ""
        is_foreign = bool(owner and self._tenant_id) and owner != self._tenant_id
        if is_foreign or principal.service_principal_type == "ManagedIdentity" or not principal.app_id:
            return None
        fields = "id,appId,passwordCredentials,keyCredentials"
        path = f"{_APPLICATIONS}(appId='{_quoted(principal.app_id)}')?$select={fields}"
        return self._part("applications", lambda: self._find(path, Application), APPS)

    def _owners(
        self, principal: Application | Gap, application: Application | Gap | None
    ) -> tuple[Principal, ...] | Gap:
        if isinstance(principal, Gap):
            return principal
        if is_microsofts(principal):
            return ()
        paths = [f"{_PRINCIPALS}/{_quoted(principal.id)}/owners"]
        if isinstance(application, Application):
            paths.append(f"{_APPLICATIONS}/{_quoted(application.id)}/owners")
        return self._part("owners of applications", lambda: self._all_of(paths), APPS)

    def _all_of(self, paths: Iterable[str]) -> tuple[Principal, ...]:
        entries = [
            each for path in paths for each in self._reader.entries(f"{path}?$select=id,displayName", APPS)
        ]
        return convert(entries, tuple[Principal, ...])

    def _federated(self, application: Application | Gap | None) -> int | Gap:
        if isinstance(application, Gap):
            return application
        if application is None:
            return 0
        path = f"{_APPLICATIONS}/{_quoted(application.id)}/federatedIdentityCredentials?$select=id"
        return self._part("trust of applications", lambda: len(self._reader.entries(path, APPS)), APPS)

    def _find(self, path: str, kind: type[_Read]) -> _Read | None:
        found = self._reader.find(path, APPS, tries=_TRIES)
        return None if found is None else convert(found, kind)


def _quoted(text: str) -> str:
    return quote(text, safe="")
