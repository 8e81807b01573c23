"""Reads Graph's list of approval requests: all pages, or an error. It sends only GET requests.

`GET /beta/deviceManagement/operationApprovalRequests` exists in the beta only. No query option is documented
for it, so none is sent; the undocumented fields would be lost with `$select`. The header
`Prefer: include-unknown-enum-members` makes Graph name policy types beyond the ones it had at first.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urljoin
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import __version__, logs
from maa_notify.clock import Clock
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.graph.listing import Page, PageReader, read_object
from maa_notify.graph.requests import MalformedRequestError, parse_request
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    PERMISSION,
    TokenSource,
    claims_problem,
    issued_at,
    missing_permission,
    permission_problem,
    roles_of,
    told_roles,
)
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError, origin_of

# Without $filter, since a list of waiting requests could never show an outcome.
COLLECTION = "/beta/deviceManagement/operationApprovalRequests"

_LOG = logs.logger(__name__)
_MALFORMED_LOGGED = 20
_CODE = re.compile(r"[A-Za-z0-9_.]{1,64}")
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_PAGE = Limits(seconds=30.0, max_bytes=64 * 1024 * 1024)

_Read = TypeVar("_Read")


class Bounds(Struct, frozen=True):
    """The limits of a listing; one that exceeds them is broken.

    Attributes:
        pages: pages of one listing.
        page: size and time of one page.
        seconds: time for the whole listing.
        look_up_seconds: time for looking up one request.
        tries: attempts for one page.
        patience: the longest wait that a `Retry-After` may ask for within one poll, in seconds.
    """

    pages: int = 2_000
    page: Limits = _PAGE
    seconds: float = 120.0
    look_up_seconds: float = 10.0
    tries: int = 3
    patience: float = 20.0


class GraphClient:
    """Reads approval requests with one identity."""

    def __init__(  # noqa: PLR0913 - whom to ask, as whom, and within which bounds
        self,
        origin: str,
        scope: str,
        tokens: TokenSource,
        clock: Clock,
        bounds: Bounds = Bounds(),
        *,
        tenant_id: str = "",
    ) -> None:
        """Reads from the Graph at this origin; the token is sent to no other.

        Only tokens of `tenant_id` are used; with a domain name, which no token holds, those of any.
        """
        self._origin = origin
        self._own_origin = origin_of(origin)
        self._scope = scope
        self._tenant_id = tenant_id
        self._tokens = tokens
        self._clock = clock
        self._bounds = bounds
        self._http = HttpClient(origin)
        self._reader = PageReader()
        self._roles_used: list[tuple[str, ...] | None] = []

    def list_requests(self) -> Listing:
        """Lists all requests, all pages.

        Raises:
            GraphError: any page could not be had; half a list is never returned.
        """
        requests: list[ApprovalRequest] = []
        malformed: list[MalformedRequestError] = []
        self._reader.begin()
        self._roles_used.clear()
        for page in self._pages():
            requests += page.requests
            malformed += page.malformed
        # Logged, not raised: one entry that cannot be read must not hide all others.
        for problem in malformed[:_MALFORMED_LOGGED]:
            _LOG.warning("graph.malformed", request=problem.request_id, reason=str(problem))
        return Listing(tuple(requests), len(malformed), _common(self._roles_used))

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """Looks up one request; None when Graph does not know it any more.

        Raises:
            GraphError: Graph could not tell.
        """
        url = f"{self._origin}{COLLECTION}/{quote(request_id, safe='')}"
        found = self._get(
            url, self._clock.monotonic() + self._bounds.look_up_seconds, read_object, tries=1, of_one=True
        )
        if found is None:
            return None
        try:
            return parse_request(found)
        except MalformedRequestError as error:
            raise GraphUnavailable(f"Graph's answer for one request makes no sense: {error}") from None

    def disconnect(self) -> None:
        """Closes the connections to Graph; the next call opens new ones."""
        self._http.close()

    def close(self) -> None:
        """Closes the connections, those of the sign-in too."""
        self._http.close()
        self._tokens.invalidate()

    def _pages(self) -> Iterator[Page]:
        deadline = self._clock.monotonic() + self._bounds.seconds
        url: str | None = self._origin + COLLECTION
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= self._bounds.pages:
                raise GraphUnavailable("Graph's list does not end: its pages go in circles or are too many")
            seen.add(url)
            page = self._get(url, deadline, self._reader.read, tries=self._bounds.tries) or Page(None)
            yield page
            url = self._next(url, page.next_link)

    def _next(self, url: str, link: object) -> str | None:
        """The address of the next page; refused if it is on another origin, since the token goes along."""
        is_blank = isinstance(link, str) and not any(each.isprintable() and each != " " for each in link)
        if is_blank or not link:
            return None
        # A fragment or an empty query names the same page again.
        target = _joined(url, link).partition("#")[0].removesuffix("?")
        if origin_of(target) != self._own_origin:
            raise GraphUnavailable(
                "Graph's list continues at another host than MAA_GRAPH_URL names;"
                " not followed, nothing was compared"
            )
        return target

    def _get(
        self, url: str, deadline: float, read: Callable[[bytes], _Read], *, tries: int, of_one: bool = False
    ) -> _Read | None:
        """The response as `read` parses it; None for a request that is gone. Retries within the bounds."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._get_once(url, deadline, read, of_one=of_one)
            except GraphUnavailable as error:
                wait = _back_off(attempt) if error.retry_after is None else error.retry_after
                is_too_long = wait > self._bounds.patience or self._clock.monotonic() + wait >= deadline
                if attempt >= tries or is_too_long:
                    raise
            self._clock.sleep(wait)

    def _get_once(
        self, url: str, deadline: float, read: Callable[[bytes], _Read], *, of_one: bool
    ) -> _Read | None:
        response, token = self._request(url, deadline)
        if response.status == HTTPStatus.UNAUTHORIZED:
            # A cached token may have been revoked; if a new one is refused, too, a person has to act.
            self._tokens.invalidate()
            response, token = self._request(url, deadline)
        if response.status in _DENIED:
            self._tokens.invalidate()  # the next one may hold what has been granted meanwhile
            text = f"Graph refused ({_trace(response)}): {denial_reason(token, response.status)}"
            raise GraphDenied(text, missing_permission(token), issued_at(token), told_roles(token))
        # For the list a 404 is a failure: taken for an empty list, all requests would be missing.
        if of_one and response.status in _GONE:
            return None
        if response.status != HTTPStatus.OK:
            raise GraphUnavailable(
                f"Graph answered {_trace(response)}; nothing was compared", response.retry_after
            )
        if response.fault:
            raise GraphUnavailable(f"Graph (MAA_GRAPH_URL): {response.fault}; nothing was compared")
        return read(response.body)

    def _request(self, url: str, deadline: float) -> tuple[HttpResponse, Secret]:
        token = self._tokens.token(self._scope).value
        if problem := claims_problem(token, self._scope, self._tenant_id, self._clock.now()):
            self._tokens.invalidate()  # the next one may be sound
            raise GraphDenied(f"Graph was not asked: the token {problem}", token_issued_at=issued_at(token))
        headers = {
            "Authorization": f"Bearer {token.reveal()}",
            "Accept": "application/json",
            "Prefer": "include-unknown-enum-members",
            "User-Agent": f"maa-notify/{__version__}",
            "client-request-id": str(uuid4()),
        }
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise GraphUnavailable("Graph took longer than a poll can wait for it")
        limits = replace(self._bounds.page, seconds=min(self._bounds.page.seconds, left))
        try:
            answer = self._http.request("GET", url, headers=headers, limits=limits)
        except NoResponseError as error:
            raise GraphUnavailable(f"Graph (MAA_GRAPH_URL): {error}; nothing was compared") from None
        self._roles_used.append(told_roles(token))
        return answer, token


def denial_reason(token: Secret, status: int) -> str:
    """Why Graph refused a token and what to do, as far as the token itself tells."""
    if problem := permission_problem(token):
        return f"the token {problem}"
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            f"the token has expired or is not valid here (it needs {PERMISSION}): check MAA_TENANT_ID and"
            " MAA_CLOUD, and renew MAA_ACCESS_TOKEN where that is used"
        )
    if roles_of(token) is None:
        return f"grant the application permission {PERMISSION} with admin consent"
    return (
        "the token has the permission, so either that was taken away after the token was issued or the tenant"
        " refuses for another reason: check the grant, then the Intune licence"
    )


def _common(roles_used: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The permissions in all tokens of one listing, since a page read with fewer may hide requests."""
    told = [set(roles) for roles in roles_used if roles is not None]
    return tuple(sorted(set.intersection(*told))) if told and len(told) == len(roles_used) else None


def _back_off(attempt: int) -> float:
    """How long to wait after a failed attempt, in seconds: at random, so that tenants do not ask in step."""
    return min(5.0, 2.0**attempt / 4) + random.random()  # noqa: S311 - nothing is secret about a pause


def _joined(url: str, link: object) -> str:
    """The absolute address of a link that may be relative; "" when it is no link."""
    try:
        return urljoin(url, link) if isinstance(link, str) else ""
    except ValueError:
        return ""


def _trace(response: HttpResponse) -> str:
    """Status, error code and request id of a response; never its message, which may repeat what was sent."""
    error = (response.json_object() or {}).get("error")
    word = error.get("code") if isinstance(error, dict) else None
    code = "without a code" if word is None else "with an odd code"
    if isinstance(word, str) and _CODE.fullmatch(word):
        code = word
    number = response.headers.get("request-id", "")
    request_id = number if _CODE.fullmatch(number.replace("-", "")) else "unknown"
    return f"{response.status} {code}, request-id {request_id}"
