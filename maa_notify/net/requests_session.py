"""A `requests` session, for a library that needs one, with the same proxies and certificates as all else."""

import re
from http.client import HTTPException
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import ProxyManager

from maa_notify.net.client import causes, known_reason, proxy_refusal
from maa_notify.net.environment import ConnectionSettingError, ca_path, proxy_for

_MOST_WAIT = 2.0
"""In seconds, before one further try; whoever asks for more is tried again all the same."""
_WAITS = {"Retry-After": 1.0, "retry-after-ms": 1000.0, "x-ms-retry-after-ms": 1000.0}
"""The headers that the Azure SDK obeys, however long it takes, with their units in a second."""
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_REFUSED = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


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
            self.mount(scheme, _Adapter(pool_maxsize=connections))

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


class _TunnelError(OSError):
    """The proxy gave no tunnel; the text says why."""


class _Connection(HTTPSConnection):
    def _tunnel(self) -> None:
        # urllib3 calls an answer that breaks off, or is no HTTP, that of the service behind the proxy.
        try:
            super()._tunnel()
        except (OSError, HTTPException) as error:
            refused = _REFUSED.match(str(error))
            reason = known_reason(error) or f"the exchange broke off ({type(error).__name__})"
            raise _TunnelError(proxy_refusal(refused[1]) if refused else f"the proxy: {reason}") from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:  # noqa: ANN401 - as in requests
        """As in requests, with connections that know the proxy's failures from those of the service."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _Pool}
        return manager


def failure_kind(error: BaseException) -> str:
    """What failed while connecting, without an address: a setting, the proxy, or what the type says."""
    chain = [*causes(error)]
    told = next((str(each) for each in chain if isinstance(each, ConnectionSettingError | _TunnelError)), "")
    is_proxy = any(isinstance(each, requests.exceptions.ProxyError) for each in chain)
    reason = known_reason(error) or type(error).__name__
    return told or (f"the proxy: {reason}" if is_proxy else reason)
