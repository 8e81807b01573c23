"""The national clouds: where Graph, sign-in and the Intune admin centre are.

Sources: Microsoft Graph documentation, "National cloud deployments"; for the audience of a managed identity
that stands for an app registration, Entra documentation, "Configure an application to trust a managed
identity". The addresses of the Intune admin centre outside the global cloud are not confirmed; in China it is
reached through the Azure portal. That a tenant may stand in the address is known of the global cloud, where
public clients such as CIPP have it so.
"""

from msgspec import Struct

_NODE = "/#view/Microsoft_Intune_DeviceSettings/TenantAdminMenu/~/multiAdminApproval"


class Cloud(Struct, frozen=True):
    """One cloud: origins without a trailing slash."""

    name: str
    graph: str
    authority: str
    portal: str
    storage_audience: str
    exchange_audience: str

    @property
    def approvals_url(self) -> str:
        """Intune's own page of Multi Admin Approval."""
        return self.portal + _NODE

    def approvals_url_of(self, tenant: str) -> str:
        """The same for a tenant by its id or domain name, where an address may name one."""
        return f"{self.portal}/{tenant}{_NODE}" if self.name == "global" else self.approvals_url


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            "https://graph.microsoft.com",
            "https://login.microsoftonline.com",
            "https://intune.microsoft.com",
            "https://storage.azure.com",
            "api://AzureADTokenExchange",
        ),
        Cloud(
            "usgov",
            "https://graph.microsoft.us",
            "https://login.microsoftonline.us",
            "https://intune.microsoft.us",
            "https://storage.azure.us",
            "api://AzureADTokenExchangeUSGov",
        ),
        Cloud(
            "dod",
            "https://dod-graph.microsoft.us",
            "https://login.microsoftonline.us",
            "https://intune.microsoft.us",
            "https://storage.azure.us",
            "api://AzureADTokenExchangeUSGov",
        ),
        Cloud(
            "china",
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
            "https://portal.azure.cn",
            "https://storage.azure.cn",
            "api://AzureADTokenExchangeChina",
        ),
    )
}
