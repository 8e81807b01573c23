"""Reads Graph's list of approval requests: all pages, or an error.

`GET /beta/deviceManagement/operationApprovalRequests` exists in the beta only. No query option is documented
for it, so none is sent; the undocumented fields would be lost with `$select`. The header
`Prefer: include-unknown-enum-members` makes Graph name policy types beyond the ones it had at first.
"""

from collections.abc import Sequence
from urllib.parse import quote

from maa_notify import logs
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.listing import PageReader
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.requests import MalformedRequestError, parse_request
from maa_notify.identity.tokens import SUFFICIENT_PERMISSIONS

# Without $filter, since a list of waiting requests could never show an outcome.
COLLECTION = "/beta/deviceManagement/operationApprovalRequests"

APPROVAL_REQUESTS = Surface(SUFFICIENT_PERMISSIONS)

_LOG = logs.logger(__name__)
_MALFORMED_LOGGED = 20


class GraphClient:
    """Reads approval requests."""

    def __init__(self, reader: GraphReader) -> None:
        """Reads through `reader`."""
        self._reader = reader
        self._pages = PageReader()

    def list_requests(self) -> Listing:
        """Lists all requests, all pages.

        Raises:
            GraphError: any page could not be had; half a list is never returned.
        """
        requests: list[ApprovalRequest] = []
        malformed: list[MalformedRequestError] = []
        roles_used: list[tuple[str, ...] | None] = []
        self._pages.begin()
        for page, roles in self._reader.pages(COLLECTION, APPROVAL_REQUESTS, self._pages.read):
            requests += page.requests
            malformed += page.malformed
            roles_used.append(roles)
        # Logged, not raised: one entry that cannot be read must not hide all others.
        for problem in malformed[:_MALFORMED_LOGGED]:
            _LOG.warning("graph.malformed", request=problem.request_id, reason=str(problem))
        return Listing(tuple(requests), len(malformed), _common(roles_used))

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """Looks up one request; None when Graph does not know it any more.

        Raises:
            GraphError: Graph could not tell.
        """
        found = self._reader.find(f"{COLLECTION}/{quote(request_id, safe='')}", APPROVAL_REQUESTS)
        if found is None:
            return None
        try:
            return parse_request(found)
        except MalformedRequestError as error:
            raise GraphUnavailable(f"Graph's answer for one request makes no sense: {error}") from None


def _common(roles_used: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The permissions in all tokens of one listing, since a page read with fewer may hide requests."""
    told = [set(roles) for roles in roles_used if roles is not None]
    return tuple(sorted(set.intersection(*told))) if told and len(told) == len(roles_used) else None
