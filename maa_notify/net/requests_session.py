"""A `requests` session, for a library that needs one, with the same proxies and certificates as all else."""

import re
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from maa_notify.net.environment import ConnectionSettingError, ca_path, proxy_for

_MOST_WAIT = 2.0
"""In seconds, before one further try; whoever asks for more is tried again all the same."""
_WAITS = {"Retry-After": 1.0, "retry-after-ms": 1000.0, "x-ms-retry-after-ms": 1000.0}
"""The headers that the Azure SDK obeys, however long it takes, with their units in a second."""
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")


class EnvironmentSession(requests.Session):
    """A session whose proxy and certificates are those of `net.environment`.

    `requests` itself would read REQUESTS_CA_BUNDLE, understand NO_PROXY in its own way, ask a proxy for
    `localhost`, and replace a library's sign-in by what a netrc file says.
    """

    def __init__(self, connections: int) -> None:
        """Keeps so many connections open at most."""
        super().__init__()
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def merge_environment_settings(
        self,
        url: str,
        proxies: Any,  # noqa: ANN401 - as in requests
        stream: bool | None,  # noqa: FBT001 - as in requests
        verify: Any,  # noqa: ANN401 - as in requests
        cert: Any,  # noqa: ANN401 - as in requests
    ) -> dict[str, Any]:
        """What `requests` uses for one request.

        Raises:
            ConnectionSettingError: the environment's proxy or certificates cannot be used.
        """
        merged = super().merge_environment_settings(url, proxies, stream, verify, cert)
        proxy = proxy_for(url)
        own = {"http": proxy, "https": proxy} if proxy else {}
        return {**merged, "proxies": own, "verify": ca_path() or merged["verify"]}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as in requests
        """The response; a wait that it asks for is two seconds at most, and none where it makes no sense.

        The Azure SDK would sleep for an hour, or fail on a word. A date counts as none: Azure sends seconds.
        """
        response = super().send(request, **kwargs)
        for name, units in _WAITS.items():
            asked = response.headers.pop(name, "").strip()
            if _NUMBER.fullmatch(asked):
                response.headers[name] = f"{min(float(asked), _MOST_WAIT * units):g}"
        return response


def failure_kind(error: BaseException) -> str:
    """What failed while connecting, without an address: a setting, the proxy, or the type of the error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionSettingError):
            return str(cause)
        if isinstance(cause, requests.exceptions.ProxyError):
            return "the proxy of HTTPS_PROXY or ALL_PROXY failed"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
