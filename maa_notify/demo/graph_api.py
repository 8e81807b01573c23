"""Microsoft Graph as far as the notifier uses it: the list of approval requests, and one by id.

It reads only. Whatever else it is asked for it refuses, and it keeps a record of every method it saw,
so that a test can show that nothing but GET ever came.
"""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from maa_notify.demo.errors import UnknownRequestError
from maa_notify.demo.samples import Json
from maa_notify.demo.tenant import SimulatedTenant
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

ROOT: Final = "/beta/"
COLLECTION: Final = "/beta/deviceManagement/operationApprovalRequests"

PREFERENCE: Final = "include-unknown-enum-members"

BELOW_SENTINEL: Final = frozenset(
    {"unknown", "deviceWipe", "deviceRetire", "deviceDelete", "app", "script", "role", "tenantConfiguration"}
)
"""The policy types that a caller gets without asking for the rest."""


class GraphApi:
    """Answers the notifier's questions about the simulated tenant."""

    def __init__(self, tenant: SimulatedTenant, *, page_size: int = 3) -> None:
        """Serve that tenant, a few requests a page so that paging is real."""
        self._tenant = tenant
        self._page_size = page_size
        self.methods_seen: Counter[str] = Counter()
        """How often each HTTP method was used on Graph."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request under `/beta/`."""
        self.methods_seen[request.method] += 1
        if request.method != "GET":
            return _error(
                HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", "Only GET is served.", {"Allow": "GET"}
            )
        if not _has_bearer(request):
            return _unauthorized()
        if request.path == COLLECTION:
            return self._page(request)
        if request.path.startswith(f"{COLLECTION}/"):
            return self._one(request, request.path.removeprefix(f"{COLLECTION}/"))
        return _error(HTTPStatus.NOT_FOUND, "ResourceNotFound", "There is no such resource here.")

    def _page(self, request: HttpRequest) -> HttpAnswer:
        token = request.query.get("$skiptoken", "0")
        if not token.isascii() or not token.isdigit():
            return _error(HTTPStatus.BAD_REQUEST, "BadRequest", "The skip token is not one of ours.")
        listed, start = self._tenant.requests(), int(token)
        end = start + self._page_size
        page: Json = {
            "@odata.context": f"{request.origin}/beta/$metadata#deviceManagement/operationApprovalRequests",
            "value": [_as_asked(request, raw) for raw in listed[start:end]],
        }
        if end < len(listed):
            page["@odata.nextLink"] = f"{request.origin}{COLLECTION}?$skiptoken={end}"
        return json_answer(HTTPStatus.OK, page, _headers(request))

    def _one(self, request: HttpRequest, request_id: str) -> HttpAnswer:
        try:
            raw = self._tenant.get(request_id)
        except UnknownRequestError as unknown:
            return _error(HTTPStatus.NOT_FOUND, "ResourceNotFound", str(unknown))
        context = f"{request.origin}/beta/$metadata#deviceManagement/operationApprovalRequests/$entity"
        return json_answer(
            HTTPStatus.OK, {"@odata.context": context, **_as_asked(request, raw)}, _headers(request)
        )


def _has_bearer(request: HttpRequest) -> bool:
    scheme, _, token = request.header("Authorization").partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def _as_asked(request: HttpRequest, raw: Json) -> Json:
    """Hide the enum members above the sentinel from a caller that did not ask for them."""
    if _prefers_all(request):
        return raw
    known = [
        member if member in BELOW_SENTINEL else "unknownFutureValue"
        for member in raw["requiredOperationApprovalPolicyTypes"]
    ]
    return {**raw, "requiredOperationApprovalPolicyTypes": known}


def _prefers_all(request: HttpRequest) -> bool:
    return PREFERENCE in (part.strip().lower() for part in request.header("Prefer").split(","))


def _headers(request: HttpRequest) -> dict[str, str]:
    applied = {"Preference-Applied": PREFERENCE} if _prefers_all(request) else {}
    return {"request-id": str(uuid.uuid4()), **applied}


def _unauthorized() -> HttpAnswer:
    return _error(
        HTTPStatus.UNAUTHORIZED,
        "InvalidAuthenticationToken",
        "The access token is empty.",
        {"WWW-Authenticate": 'Bearer realm=""'},
    )


def _error(
    status: HTTPStatus, code: str, message: str, headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    trace = str(uuid.uuid4())
    inner = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": trace,
        "client-request-id": trace,
    }
    payload = {"error": {"code": code, "message": message, "innerError": inner}}
    return json_answer(status, payload, {"request-id": trace, **(headers or {})})
