"""Microsoft Graph as far as the notifier uses it: the approval requests, and what a tenant adds to them.

It reads only: whatever else it is asked for it refuses. A caller is told of those requests only that the
permissions in its token show. Tests put their faults in front of this one.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from maa_notify.demo.graph_resources import (
    Resources,
    bad_skip_token,
    error_answer,
    forbidden,
    page_of,
)
from maa_notify.demo.permissions import Roles, is_seen, may_list, roles_in
from maa_notify.demo.samples import Json
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

ROOT: Final = "/beta/"
STABLE: Final = "/v1.0/"
COLLECTION: Final = "/beta/deviceManagement/operationApprovalRequests"

PREFERENCE: Final = "include-unknown-enum-members"

BELOW_SENTINEL: Final = frozenset(
    {"unknown", "deviceWipe", "deviceRetire", "deviceDelete", "app", "script", "role", "tenantConfiguration"}
)
"""The policy types that a caller gets without asking for the rest (Graph's metadata of August 2026)."""


class GraphApi:
    """Answers the notifier's questions about a tenant's requests."""

    def __init__(self, listed: Callable[[], Sequence[Any]], *, page_size: int = 3) -> None:
        """Serve what `listed` returns at each call, a few requests a page so that paging is real."""
        self._listed = listed
        self.page_size = page_size
        self.unlisted: list[Json] = []
        """Requests that the list omits and only a look-up by id finds."""
        self.resources = Resources()
        """What else of Graph is served: groups, policies, logs."""
        self.token: str | None = None
        """The one access token that is accepted; None: any bearer token."""
        self.methods_seen: Counter[str] = Counter()
        """How often each HTTP method was used on Graph."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request: check the token, then the method, then the path."""
        self.methods_seen[request.method] += 1
        scheme, _, token = request.header("Authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip() or token != (self.token or token):
            challenge = {"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'}
            text = "Access token is empty or expired."
            return error_answer(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", text, challenge)
        if request.method != "GET":
            allowed = {"Allow": "GET"}
            text = "Only GET is served."
            return error_answer(HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", text, allowed)
        roles = roles_in(token)
        served = self.resources.answer(request, roles, self.page_size)
        return self._of_requests(request, roles) if served is None else served

    def _of_requests(self, request: HttpRequest, roles: Roles) -> HttpAnswer:
        if not may_list(roles):
            return forbidden()
        if request.path == COLLECTION:
            return self._page(request, roles)
        if request.path.startswith(f"{COLLECTION}/"):
            return self._one(request, roles)
        return error_answer(HTTPStatus.NOT_FOUND, "ResourceNotFound", "There is no such resource here.")

    def _page(self, request: HttpRequest, roles: Roles) -> HttpAnswer:
        listed = [raw for raw in self._listed() if is_seen(raw, roles)]
        page = page_of(request, listed, self.page_size)
        if page is None:
            return bad_skip_token()
        page["value"] = [_as_asked(request, raw) for raw in page["value"]]
        return _found(request, "", page)

    def _one(self, request: HttpRequest, roles: Roles) -> HttpAnswer:
        request_id = unquote(request.path.removeprefix(f"{COLLECTION}/"))
        for raw in (*self._listed(), *self.unlisted):
            is_meant = isinstance(raw, dict) and str(raw.get("id")).lower() == request_id.lower()
            if is_meant and is_seen(raw, roles):
                return _found(request, "/$entity", _as_asked(request, raw))
        text = f"There is no request {request_id}."
        return error_answer(HTTPStatus.NOT_FOUND, "ResourceNotFound", text)


def _found(request: HttpRequest, kind: str, payload: Json) -> HttpAnswer:
    context = f"{request.origin}/beta/$metadata#{COLLECTION.removeprefix(ROOT)}{kind}"
    applied = {"Preference-Applied": PREFERENCE} if _prefers_all(request) else {}
    headers = {"request-id": str(uuid.uuid4()), **applied}
    return json_answer(HTTPStatus.OK, {"@odata.context": context, **payload}, headers)


def _as_asked(request: HttpRequest, raw: Any) -> Any:  # noqa: ANN401 - a test may list anything
    """Hide the enum members above the sentinel from a caller that did not ask for them."""
    types = raw.get("requiredOperationApprovalPolicyTypes") if isinstance(raw, dict) else None
    if _prefers_all(request) or not isinstance(types, list):
        return raw
    known = [member if member in BELOW_SENTINEL else "unknownFutureValue" for member in types]
    return {**raw, "requiredOperationApprovalPolicyTypes": known}


def _prefers_all(request: HttpRequest) -> bool:
    return PREFERENCE in (part.strip().lower() for part in request.header("Prefer").split(","))
