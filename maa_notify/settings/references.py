"""References in an entry of `MAA_TENANTS`: `{"setting": "NAME"}` stands for a secret in a setting of its own.

An entry may be written by somebody who must not learn the deployment's secrets, so a reference is taken in
the place of a secret only, and never to a variable of the deployment, the platform or the system.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from maa_notify.settings.fields import Setting
from maa_notify.settings.validation import did_you_mean

_REFERENCE = "setting"
_PLACES_WITHIN = frozenset({"", "webhook_url"})
"""Keys within a value that may be references; "" is the value itself."""
_LIKE_A_SETTING = re.compile("[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_LONGEST_SHOWN = 40
_NOT_FOR_ENTRIES = (
    *("MAA_", "AZURE", "WEBSITE_", "FUNCTIONS_", "APPLICATIONINSIGHTS_", "APPINSIGHTS_", "APPSETTING_"),
    *("IDENTITY_", "MSI_", "IMDS_", "SCM_", "WEBJOBS_", "CONTAINER_", "LEGION_", "KUBERNETES_", "PYTHON"),
    *("CUSTOMCONNSTR_", "SQLCONNSTR_", "SQLAZURECONNSTR_", "MYSQLCONNSTR_", "POSTGRESQLCONNSTR_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "PATH", "HOME"),
)
"""Beginnings of names that belong to the deployment, the platform or the system, in capitals.

App Service repeats each app setting under `APPSETTING_`, and each connection string under its kind
("Environment variables and app settings in Azure App Service").
"""


class References(Struct, frozen=True):
    """What the references in one key of an entry stand for.

    Attributes:
        row: the setting that the key is for.
        environ: the settings of the deployment.
    """

    row: Setting
    environ: Mapping[str, str]

    def resolved(self, value: Any, place: str = "") -> Any:  # noqa: ANN401 - any JSON
        """The value with each reference replaced by what its setting holds.

        Raises:
            ValueError: a reference is of no use, or not allowed. Only what looks like the name of a setting
                is repeated, since a secret may have been typed in its place.
        """
        if isinstance(value, list):
            return [self.resolved(each, place) for each in value]
        if not isinstance(value, dict):
            return value
        if set(value) != {_REFERENCE}:
            return {key: self.resolved(each, key) for key, each in value.items()}
        found = self._read(value[_REFERENCE])
        if not self.row.secret or place not in _PLACES_WITHIN:
            raise ValueError(
                f"has a reference in {self.row.key}, in a place that is shown: only a client_secret and the"
                " addresses of webhooks may be references"
            )
        return found

    def _read(self, name: object) -> str:
        shown = "a setting"
        if isinstance(name, str) and _LIKE_A_SETTING.fullmatch(name) and len(name) <= _LONGEST_SHOWN:
            shown = f"the setting {name}"
        if not isinstance(name, str):
            raise ValueError("refers to a setting by something that is not a name")  # noqa: TRY004 - of JSON
        if name.strip().upper().startswith(_NOT_FOR_ENTRIES):
            raise ValueError(
                f"refers to {shown}, which entries may not use: put the secret into a setting of its own"
            )
        if not self.environ.get(name, "").strip():
            raise ValueError(f"refers to {shown}, which does not exist{did_you_mean(name, self._names())}")
        return self.environ[name]

    def _names(self) -> list[str]:
        return [name for name in self.environ if not name.upper().startswith(_NOT_FOR_ENTRIES)]
