"""Resources that tenants of one process share: identities and connections to the state store."""

from collections.abc import Callable

from azure.data.tables import TableServiceClient

from maa_notify.identity.tokens import ManagedIdentity, TokenSource


class SharedResources:
    """The identities, with their tokens, and the connections that tenants of one process share."""

    def __init__(self) -> None:
        """Empty at first."""
        self._identities: dict[str, TokenSource] = {}
        self._services: dict[tuple[str, TokenSource | None], TableServiceClient] = {}

    def identity(self, client_id: str) -> TokenSource:
        """The managed identity with this client id; "" for the system-assigned one."""
        return self._identities.setdefault(client_id, ManagedIdentity(client_id or None))

    def service(
        self, address: str, identity: TokenSource | None, connect: Callable[[], TableServiceClient]
    ) -> TableServiceClient:
        """The client for a state store's address and an identity; the first call makes it with `connect`."""
        if (address, identity) not in self._services:
            self._services[address, identity] = connect()
        return self._services[address, identity]

    def close(self) -> None:
        """Lets go of tokens and connections; whoever needs them again gets new ones."""
        for identity in self._identities.values():
            identity.invalidate()
        for service in self._services.values():
            service.close()
