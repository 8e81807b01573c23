"""The environment of programs of others that we start: all but what may be secret in ours."""

import re
from collections.abc import Mapping

_NOT_FOR_OTHERS = re.compile(
    r"(?:MAA_|AZURE|APPSETTING_|APPLICATIONINSIGHTS_|ARM_|AWS_|GITHUB_|GOOGLE_|IDENTITY_|IMDS_|MSI_|WEBSITE_).*"
    r"|.*(?:CONNECTION_?STRING|CONNSTR|CREDENTIAL|PASSPHRASE|PASSWORD|PASSWD|SECRET|TOKEN|WEBHOOK).*"
    r"|.*_(?:KEY|PAT|SAS)",
    re.IGNORECASE,
)
"""Names of our settings and of clouds, and words of which the names of secrets are made.

A secret of a fleet's tenant has whatever name somebody gave it: `CONTOSO_WEBHOOK`.
"""


def environment_of_child(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for a browser or Node.js, which have no use for our settings."""
    return {name: value for name, value in environ.items() if not _NOT_FOR_OTHERS.fullmatch(name)}
