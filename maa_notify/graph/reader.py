"""Reads any part of Microsoft Graph: objects, and collections with all their pages. It sends only GET."""

import copy
import math
import random
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urljoin
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import __version__
from maa_notify.clock import Clock
from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.graph.listing import read_entries, read_object
from maa_notify.graph.refusals import Surface, code_of, denied, is_in_graphs_words, trace
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    TokenSource,
    claims_problem,
    issued_at,
    told_roles,
)
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError, origin_of

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_PAGE = Limits(seconds=30.0, max_bytes=64 * 1024 * 1024)


class Bounds(Struct, frozen=True):
    """The limits of a listing; one that exceeds them is broken.

    Attributes:
        pages: pages of one listing.
        page: size and time of one page.
        seconds: time for the whole listing.
        look_up_seconds: time for looking up one object.
        tries: attempts for one page.
        patience: the longest wait that a `Retry-After` may ask for within one poll, in seconds.
    """

    pages: int = 2_000
    page: Limits = _PAGE
    seconds: float = 120.0
    look_up_seconds: float = 10.0
    tries: int = 3
    patience: float = 20.0


class _Linked(Protocol):
    """A page that may name the next one."""

    @property
    def next_link(self) -> object: ...


_Page = TypeVar("_Page", bound=_Linked)
_Read = TypeVar("_Read")


class _Question(Struct, frozen=True):
    """What is asked for: its address, and until when on the monotonic clock."""

    url: str
    surface: Surface
    deadline: float
    of_one: bool = False


class GraphReader:
    """Reads Graph with one identity."""

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
        self._end = math.inf
        self._http = HttpClient(origin)

    def until(self, end: float) -> Self:
        """The same reader, whose calls all end by this time on the monotonic clock; close only this one."""
        bounded = copy.copy(self)
        bounded._end = min(self._end, end)  # noqa: SLF001 - it is one of us
        return bounded

    def roles(self) -> tuple[str, ...] | None:
        """The permissions of the present token; None where it does not tell.

        Raises:
            GraphError: there is no token.
        """
        return told_roles(self._tokens.token(self._scope).value)

    def entries(self, path: str, surface: Surface) -> list[Any]:
        """All entries of a collection, from all its pages, each as Graph sent it.

        Args:
            path: from the version on, with its query: `/v1.0/groups/ID/members?$select=id`.
            surface: the part of Graph that it belongs to.

        Raises:
            GraphError: a page could not be had; half a collection is never returned.
        """
        return [entry for page, _ in self.pages(path, surface, read_entries) for entry in page.entries]

    def find(self, path: str, surface: Surface, *, tries: int = 1) -> dict[str, Any] | None:
        """One object; None when Graph has none there, or no more.

        Raises:
            GraphError: Graph could not tell.
        """
        deadline = self._deadline(self._bounds.look_up_seconds)
        question = _Question(self._origin + path, surface, deadline, of_one=True)
        return self._get(question, read_object, tries=tries)[0]

    def pages(
        self, path: str, surface: Surface, read: Callable[[bytes], _Page]
    ) -> Iterator[tuple[_Page, tuple[str, ...] | None]]:
        """The pages of a collection as `read` parses them, each with the permissions it was read with.

        Raises:
            GraphError: the next page could not be had.
        """
        deadline = self._deadline(self._bounds.seconds)
        url: str | None = self._origin + path
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= self._bounds.pages:
                raise GraphUnavailable("Graph's list does not end: its pages go in circles or are too many")
            seen.add(url)
            page, token = self._get(_Question(url, surface, deadline), read, tries=self._bounds.tries)
            if page is None:
                return
            yield page, told_roles(token)
            url = self._next(url, page.next_link)
            if url is not None and surface.pause:
                self._clock.sleep(surface.pause)

    def disconnect(self) -> None:
        """Closes the connections to Graph; the next call opens new ones."""
        self._http.close()

    def close(self) -> None:
        """Closes the connections, those of the sign-in too."""
        self._http.close()
        self._tokens.invalidate()

    def _deadline(self, seconds: float) -> float:
        return min(self._clock.monotonic() + seconds, self._end)

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
        self, question: _Question, read: Callable[[bytes], _Read], *, tries: int
    ) -> tuple[_Read | None, Secret]:
        """The response as `read` parses it, None for what is gone; and its token. Retries within bounds."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._get_once(question, read)
            except GraphUnavailable as error:
                wait = _back_off(attempt) if error.retry_after is None else error.retry_after
                is_too_long = (
                    wait > self._bounds.patience or self._clock.monotonic() + wait >= question.deadline
                )
                if attempt >= tries or is_too_long:
                    raise
            self._clock.sleep(wait)

    def _get_once(self, question: _Question, read: Callable[[bytes], _Read]) -> tuple[_Read | None, Secret]:
        response, token = self._request(question)
        if response.status == HTTPStatus.UNAUTHORIZED:
            # A cached token may have been revoked; if a new one is refused, too, a person has to act.
            self._tokens.invalidate()
            response, token = self._request(question)
        if response.status in _DENIED:
            self._tokens.invalidate()  # the next one may hold what has been granted meanwhile
            raise denied(response, token, question.surface)
        # For a collection a 404 is a failure: taken for an empty list, all of it would be missing. For one
        # object, too, if it is not in Graph's words: a proxy or a gateway knows nothing of the object.
        if question.of_one and response.status in _GONE and is_in_graphs_words(response):
            return None, token
        if response.status != HTTPStatus.OK:
            raise GraphUnavailable(
                f"Graph answered {trace(response)}; nothing was compared",
                response.retry_after,
                graph_code=code_of(response),
            )
        if response.fault:
            raise GraphUnavailable(f"Graph (MAA_GRAPH_URL): {response.fault}; nothing was compared")
        return read(response.body), token

    def _request(self, question: _Question) -> tuple[HttpResponse, Secret]:
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
            **question.surface.headers,
        }
        left = question.deadline - self._clock.monotonic()
        if left <= 0:
            raise GraphUnavailable("Graph took longer than a poll can wait for it")
        limits = replace(self._bounds.page, seconds=min(self._bounds.page.seconds, left))
        try:
            return self._http.request("GET", question.url, headers=headers, limits=limits), token
        except NoResponseError as error:
            raise GraphUnavailable(f"Graph (MAA_GRAPH_URL): {error}; nothing was compared") from None


def _back_off(attempt: int) -> float:
    """How long to wait after a failed attempt, in seconds: at random, so that tenants do not ask in step."""
    return min(5.0, 2.0**attempt / 4) + random.random()  # noqa: S311 - nothing is secret about a pause


def _joined(url: str, link: object) -> str:
    """The absolute address of a link that may be relative; "" when it is no link."""
    try:
        return urljoin(url, link) if isinstance(link, str) else ""
    except ValueError:
        return ""
