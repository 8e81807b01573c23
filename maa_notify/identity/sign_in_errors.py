"""What to do about a refused sign-in, by Entra's error number.

Source: Entra documentation, "Microsoft Entra authentication and authorization error codes". Microsoft may add
and change numbers, so nothing but the words of a message depends on them.
"""

_NO_SUCH_APP = (
    "the tenant knows no such application: check the client id and MAA_TENANT_ID, and give the tenant's admin"
    " consent to the app"
)
_NOT_TRUSTED = (
    "the app registration does not trust the managed identity: give it a federated credential whose subject"
    " is the identity's object id, whose issuer is its tenant, and whose audience is that of MAA_CLOUD"
)
_NO_SUCH_TENANT = "there is no such tenant: check MAA_TENANT_ID, and MAA_CLOUD for a tenant of another cloud"
_NO_TENANT_ID = "MAA_TENANT_ID is neither the id of a tenant nor one of its domain names"
_OTHER_CLOUD = "the tenant is in another cloud: check MAA_CLOUD"
_NO_CREDENTIAL = (
    "the application showed no proof that it is itself: give MAA_CLIENT_SECRET or MAA_CLIENT_CERTIFICATE_PATH"
)
_WRONG_CERTIFICATE = (
    "the certificate is not known or has expired: upload the one of MAA_CLIENT_CERTIFICATE_PATH to the"
    " app registration"
)
_BAD_PROOF = (
    "the signed proof is not valid: check the certificate or the trusted identity, MAA_CLIENT_ID, MAA_CLOUD,"
    " and the clock of this machine"
)
_CLOCK = "the signed proof is not valid at this time: set the clock of this machine"
_BLOCKED = (
    "a Conditional Access policy blocks the sign-in: have the application, or the address that it calls"
    " from, allowed"
)
_NO_ACCOUNT = "the account is not known in this tenant: check MAA_TENANT_ID"
_NO_SERVICE = "the tenant does not know the service the token is for: check MAA_CLOUD and MAA_TENANT_ID"
_NO_CONSENT = "nobody consented to the application in this tenant: give it the tenant's admin consent"

SIGN_IN_ADVICE = {
    7000215: "the client secret is wrong: MAA_CLIENT_SECRET takes the secret's value, not its id",
    7000222: "the client secret has expired: make a new one and put its value into MAA_CLIENT_SECRET",
    70002: "secret or certificate is wrong: check MAA_CLIENT_SECRET or MAA_CLIENT_CERTIFICATE_PATH",
    7000216: _NO_CREDENTIAL,
    7000218: _NO_CREDENTIAL,
    7000112: "the application is disabled: enable it under Enterprise applications in the tenant",
    7000229: _NO_SUCH_APP,
    700016: _NO_SUCH_APP,
    700038: _NO_SUCH_APP,
    70001: _NO_SUCH_APP,
    50105: "the tenant lets only assigned applications in: assign this one under Enterprise applications",
    50057: "the account is disabled: enable it in the tenant",
    50013: _BAD_PROOF,
    500133: _CLOCK,
    700022: "the sign-in asked for several services at once: check MAA_CLOUD",
    700222: _NOT_TRUSTED,
    700223: _NOT_TRUSTED,
    70021: _NOT_TRUSTED,
    900432: _OTHER_CLOUD,
    500208: "this sign-in service is not for such tenants: check MAA_TENANT_ID and MAA_AUTHORITY_URL",
    90009: "the application asks for a token of itself: check MAA_CLIENT_ID and MAA_CLOUD",
    90094: _NO_CONSENT,
    700025: "the app registration is a public client, which needs no secret: check MAA_CLIENT_ID",
    700021: "the signed proof is of another application: check MAA_CLIENT_ID",
    700023: "the signed proof is for another sign-in service: check MAA_CLOUD and MAA_AUTHORITY_URL",
    700024: _CLOCK,
    700027: _WRONG_CERTIFICATE,
    700030: _WRONG_CERTIFICATE,
    50012: _WRONG_CERTIFICATE,
    1000502: _WRONG_CERTIFICATE,
    700211: _NOT_TRUSTED,
    700212: _NOT_TRUSTED,
    700213: _NOT_TRUSTED,
    90002: _NO_SUCH_TENANT,
    50128: _NO_SUCH_TENANT,
    900021: _NO_TENANT_ID,
    900023: _NO_TENANT_ID,
    50059: _NO_TENANT_ID,
    90019: _NO_TENANT_ID,
    90038: _OTHER_CLOUD,
    900382: _OTHER_CLOUD,
    50194: "the app registration is for its own tenant alone: make it multitenant, or check MAA_TENANT_ID",
    50034: _NO_ACCOUNT,
    50020: _NO_ACCOUNT,
    53000: _BLOCKED,
    53001: _BLOCKED,
    53002: _BLOCKED,
    53003: _BLOCKED,
    53004: _BLOCKED,
    53011: _BLOCKED,
    530032: _BLOCKED,
    530035: "the tenant's security defaults block the sign-in: have the application allowed",
    500021: "the network lets nobody sign in there (tenant restrictions): have MAA_TENANT_ID allowed",
    65001: _NO_CONSENT,
    650056: _NO_CONSENT,
    50001: _NO_SERVICE,
    500011: _NO_SERVICE,
    650052: _NO_SERVICE,
    650057: _NO_SERVICE,
    500014: "the service the token is for is disabled in the tenant: enable it under Enterprise applications",
    70011: "the service the token is for is not known: check MAA_CLOUD",
}
"""The reason and what to do, by the number after `AADSTS`."""

PASSING_NUMBERS = frozenset({90033, 90055, 90006, 50196})
"""Entra is busy, has a fault of its own, or wants fewer sign-ins: that passes by itself."""
