"""What the tenants of one process share: identities with their tokens, connections to the state store."""

from collections.abc import Callable

from azure.data.tables import TableServiceClient

from maa_notify.identity.tokens import ManagedIdentity, TokenSource


class SharedResources:
    """What tenants of one process have in common: identities with their tokens, ways to the state store."""

    def __init__(self) -> None:
        """Has nothing yet."""
        self._identities: dict[str, TokenSource] = {}
        self._services: dict[tuple[str, TokenSource | None], TableServiceClient] = {}

    def identity(self, client_id: str) -> TokenSource:
        """The managed identity with this client id; "" for the system-assigned one."""
        return self._identities.setdefault(client_id, ManagedIdentity(client_id or None))

    def service(
        self, address: str, identity: TokenSource | None, connect: Callable[[], TableServiceClient]
    ) -> TableServiceClient:
        """The connections to an address of the state store that an identity has; by `connect` at first."""
        if (address, identity) not in self._services:
            self._services[address, identity] = connect()
        return self._services[address, identity]

    def close(self) -> None:
        """Lets go of tokens and connections; whoever needs them again gets new ones."""
        for identity in self._identities.values():
            identity.invalidate()
        for service in self._services.values():
            service.close()
