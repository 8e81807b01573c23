"""The HTTP client for MSAL: bounded, quiet, and with credentials for one sign-in service only.

MSAL gets only complete JSON objects from that service. Everything else becomes a typed error here, before
MSAL could log it, cache it or fail on it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError, is_loopback, origin_of

_LIMITS = Limits(max_bytes=512 * 1024)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ALIASES = {"https://login.chinacloudapi.cn:443": "https://login.partner.microsoftonline.cn:443"}
"""Sign-in services that name endpoints at their other host."""


@dataclass(frozen=True, slots=True)
class MsalResponse:
    """An HTTP answer in the shape that MSAL reads."""

    status_code: int
    headers: Mapping[str, str]
    text: str = field(repr=False)


class MsalHttp:
    """An HTTP client in the shape that MSAL asks for."""

    def __init__(self, authority: str | None, limits: Limits = _LIMITS) -> None:
        """`authority` is the origin that credentials may be sent to; None for Azure's local endpoints."""
        self._limits = limits
        self._authority = authority or ""
        origin = origin_of(self._authority)
        self._allowed = {origin, _ALIASES.get(origin, origin)}
        self._is_plain = self._authority.startswith("http://") and is_loopback(self._authority)
        self._clients: dict[str, HttpClient] = {}

    def get(self, url: str, params: Mapping[str, str] | None = None, **options: Any) -> MsalResponse:  # noqa: ANN401
        """A GET as `requests` would do it."""
        full = f"{url}?{urlencode(params)}" if params else url
        return self._request("GET", full, options.get("headers") or {}, None)

    def post(self, url: str, data: Mapping[str, Any] | str = "", **options: Any) -> MsalResponse:  # noqa: ANN401
        """A POST of a form as `requests` would do it."""
        form = data if isinstance(data, str) else urlencode(data)
        return self._request("POST", url, {**_FORM, **(options.get("headers") or {})}, form.encode())

    def close(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> MsalResponse:
        url = url.replace("https://", "http://", 1) if self._is_plain else url
        client = self._client_for(url)
        try:
            response = client.request(method, url, headers=headers, content=content, limits=self._limits)
        except NoResponseError as error:
            raise GraphUnavailable(f"{self._service()}: {error}; nothing was compared") from None
        return MsalResponse(response.status, response.headers, self._checked(response))

    def _client_for(self, url: str) -> HttpClient:
        origin = origin_of(url)
        if self._authority and origin not in self._allowed:
            raise GraphDenied(
                "the sign-in service points to another host, which was sent nothing:"
                " check MAA_CLOUD and MAA_AUTHORITY_URL"
            )
        return self._clients.setdefault(origin, HttpClient(url, direct=not self._authority))

    def _checked(self, response: HttpResponse) -> str:
        if (
            response.status == HTTPStatus.TOO_MANY_REQUESTS
            or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            raise GraphUnavailable(f"{self._service()} answered {response.status}", response.retry_after)
        text = response.body.decode("utf-8", "replace")
        if response.fault or not _is_object(text):
            problem = response.fault or "its answer is no JSON object"
            raise GraphUnavailable(f"{self._service()} answered {response.status}: {problem}")
        # MSAL insists on https; an authority on this very machine names its endpoints without.
        return text.replace(self._authority, f"https{self._authority[4:]}") if self._is_plain else text

    def _service(self) -> str:
        if self._authority:
            return "the sign-in service"
        return "the managed identity service (there is one inside Azure only)"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
