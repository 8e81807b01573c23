"""Microsoft Graph as far as Multi Admin Approval goes, on a real socket.

A test sets what the tenant holds and looks at what was asked::

    with FakeGraph() as graph:
        graph.requests = [make_request(now=now), make_request(now=now, status="approved")]
        graph.fail_page(2, reply(503))
        ...
        assert {call.method for call in graph.calls} == {"GET"}
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.wire import Fake, HttpResponse, Seen, reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

LISTING = "/beta/deviceManagement/operationApprovalRequests"
LIFETIME = timedelta(days=3)

BEYOND_THE_SENTINEL = frozenset(
    {
        "operationApprovalPolicy",
        "autopilot",
        "windows365",
        "deviceEnrollment",
        "deviceUpdate",
        "enrollmentRestriction",
        "tenantConfiguration",
        "tunnel",
        "endpointPrivilegeManagement",
        "deviceSecurityAction",
        "deviceDeprovision",
    }
)
"""Policy types that Graph spells out only for clients which send ``Prefer: include-unknown-enum-members``."""


def make_request(
    *, now: datetime | None = None, age: timedelta = timedelta(minutes=1), **overrides: object
) -> dict[str, Any]:
    """Return a raw approval request as Graph sends it, filed ``age`` before ``now``.

    Overrides replace or add fields. Without any it is a device wipe that waits for a decision, with the
    undocumented fields seen in the wild.
    """
    filed = (now or datetime.now(UTC)) - age
    device = f"CONTOSO-LT-{uuid.uuid4().hex[:4].upper()}"
    return {
        "id": str(uuid.uuid4()),
        "status": "needsApproval",
        "requestDateTime": graph_time(filed),
        "expirationDateTime": graph_time(filed + LIFETIME),
        "lastModifiedDateTime": graph_time(filed),
        "requestor": user("Mira Holt", "mira.holt@contoso.com"),
        "approver": None,
        "requestJustification": "Laptop left in a taxi, ticket INC-20418",
        "approvalJustification": None,
        "requiredOperationApprovalPolicyTypes": ["deviceWipe"],
        **_device_wipe(device),
        **overrides,
    }


def decided(
    request: dict[str, Any], status: str, *, now: datetime | None = None, **overrides: object
) -> dict[str, Any]:
    """Return the same request after somebody else moved it to another status."""
    return {
        **deepcopy(request),
        "status": status,
        "lastModifiedDateTime": graph_time(now or datetime.now(UTC)),
        "approver": user("Aiko Mori", "aiko.mori@contoso.com"),
        "approvalJustification": "Agreed with the service desk",
        **overrides,
    }


def user(name: str | None, upn: str | None = None) -> dict[str, Any]:
    """Return an identity set that holds a person, with the undocumented capital ``Upn`` when there is one."""
    person: dict[str, Any] = {"id": str(uuid.uuid4()), "displayName": name}
    return {"application": None, "device": None, "user": {**person, **({"Upn": upn} if upn else {})}}


def application(name: str) -> dict[str, Any]:
    """Return an identity set that holds an application."""
    return {"application": {"id": str(uuid.uuid4()), "displayName": name}, "device": None, "user": None}


def graph_time(moment: datetime) -> str:
    """Write a time as Graph does: UTC with seven digits behind the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


def _device_wipe(device: str) -> dict[str, Any]:
    """Return the undocumented half of a wipe request."""
    return {
        "payloadName": device,
        "payloadOperation": "Action",
        "payloadType": "Microsoft.Management.Services.Api.ManagedDevice",
        "payloadId": str(uuid.uuid4()),
        "actionName": "wipe",
        "actionParameters": '{"keepEnrollmentData":false,"keepUserData":false}',
        "displayPayload": f'[{{"DeviceName":"{device}","SerialNumber":"5CG1234XYZ","actionName":"wipe"}}]',
        "payload": None,
    }


class FakeGraph(Fake):
    """The two read calls of Multi Admin Approval, paged and guarded as Graph's are."""

    def __init__(self, *, page_size: int = 50, tls: ssl.SSLContext | None = None) -> None:
        """Hold an empty tenant."""
        super().__init__(tls=tls)
        self.requests: list[Any] = []
        """What the tenant holds: raw requests, or whatever else a broken answer might list."""
        self.unlisted: list[dict[str, Any]] = []
        """Requests that the list omits and only a look-up by id finds."""
        self.page_size = page_size
        self.token: str | None = None
        """The one access token that is accepted; None: any bearer token."""
        self._lock = threading.Lock()
        self._pages: dict[str, tuple[int, list[Any]]] = {}
        self._page_faults: dict[int, deque[HttpResponse]] = {}

    @property
    def url(self) -> str:
        """The origin, to be used in place of https://graph.microsoft.com."""
        return self._server.url

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Return the calls as soon as there are that many."""
        return self._server.wait_for(count, timeout)

    def fail_next(self, *answers: HttpResponse) -> None:
        """Give these answers to the next calls, whatever they ask; then serve again."""
        self._server.script(*answers)

    def fail_page(self, number: int, *answers: HttpResponse) -> None:
        """Give these answers when that page of a listing (1 is the first) is asked for, then serve it."""
        with self._lock:
            self._page_faults.setdefault(number, deque()).extend(answers)

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one call as Graph would."""
        refusal = self._refusal(seen)
        if refusal:
            return refusal
        with self._lock:
            if seen.path == LISTING:
                return self._list(seen)
            return self._get(seen)

    def _refusal(self, seen: Seen) -> HttpResponse | None:
        """Say no to the wrong token, the wrong verb and the wrong address."""
        scheme, _, token = seen.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or token != (self.token or token):
            challenge = {"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'}
            return graph_error(
                401, "InvalidAuthenticationToken", "Access token is empty or expired.", challenge
            )
        if seen.method != "GET":
            return graph_error(403, "Forbidden", f"{seen.method} needs a permission this application lacks.")
        if not f"{seen.path}/".startswith(f"{LISTING}/"):
            return graph_error(404, "BadRequest", f"Resource not found for the segment {seen.path!r}.")
        return None

    def _list(self, seen: Seen) -> HttpResponse:
        """Answer with one page; the pages of one listing show the tenant as it was at the first."""
        token = seen.params.get("$skiptoken")
        if token is None:
            return self._page(1, deepcopy(self.requests), seen)
        if token not in self._pages:
            return graph_error(400, "BadRequest", "Skip token is not valid.")
        return self._page(*self._pages[token], seen)

    def _page(self, number: int, rest: list[Any], seen: Seen) -> HttpResponse:
        """Show the first requests of the rest with a link to what remains, or this page's fault."""
        faults = self._page_faults.get(number)
        if faults:
            return faults.popleft()
        shown, hidden = rest[: self.page_size], rest[self.page_size :]
        page: dict[str, Any] = {"@odata.context": f"{self.url}/beta/$metadata#{LISTING[6:]}"}
        if hidden:
            page["@odata.nextLink"] = self._link(number + 1, hidden)
        return reply(json={**page, "value": [_as_asked(request, seen) for request in shown]})

    def _link(self, number: int, hidden: list[Any]) -> str:
        """Return a link to the next page whose token means nothing to the client."""
        token = uuid.uuid4().hex
        self._pages[token] = (number, hidden)
        return f"{self.url}{LISTING}?$skiptoken={token}"

    def _get(self, seen: Seen) -> HttpResponse:
        """Answer with one request, or with Intune's way of saying that there is none."""
        wanted = seen.path.removeprefix(f"{LISTING}/").lower()
        for request in filter(_is_object, [*self.requests, *self.unlisted]):
            if str(request.get("id")).lower() == wanted:
                context = {"@odata.context": f"{self.url}/beta/$metadata#{LISTING[6:]}/$entity"}
                return reply(json={**context, **_as_asked(request, seen)})
        return graph_error(404, "ResourceNotFound", "An error has occurred - Operation ID: not found")


def graph_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return an error in the shape all of Graph uses."""
    request_id = str(uuid.uuid4())
    inner = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", "request-id": request_id}
    error = {"code": code, "message": message, "innerError": {**inner, "client-request-id": request_id}}
    return reply(status, json={"error": error}, headers={"request-id": request_id, **(headers or {})})


def _is_object(request: object) -> bool:
    """Tell a request from what only stands in a request's place."""
    return isinstance(request, dict)


def _as_asked(request: Any, seen: Seen) -> Any:
    """Hide policy types beyond the enum's sentinel from clients that did not ask for them."""
    types = request.get("requiredOperationApprovalPolicyTypes") if _is_object(request) else None
    if "include-unknown-enum-members" in seen.headers.get("prefer", "") or not isinstance(types, list):
        return request
    known = ["unknownFutureValue" if kind in BEYOND_THE_SENTINEL else kind for kind in types]
    return {**request, "requiredOperationApprovalPolicyTypes": known}
