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

SIGN_IN_ADVICE = {
    7000215: "the client secret is wrong: MAA_CLIENT_SECRET takes the secret's value, not its id",
    7000222: "the client secret has expired: make a new one and put its value into MAA_CLIENT_SECRET",
    7000112: "the application is disabled: enable it under Enterprise applications in the tenant",
    7000229: _NO_SUCH_APP,
    700016: _NO_SUCH_APP,
    700024: "the signed proof is not valid at this time: set the clock of this machine",
    700027: (
        "the certificate is not known or has expired: upload the one of MAA_CLIENT_CERTIFICATE_PATH to the"
        " app registration"
    ),
    700211: _NOT_TRUSTED,
    700212: _NOT_TRUSTED,
    700213: _NOT_TRUSTED,
    90002: "there is no such tenant: check MAA_TENANT_ID, and MAA_CLOUD for a tenant of another cloud",
    900023: "MAA_TENANT_ID is neither the id of a tenant nor one of its domain names",
    900382: "the tenant is in another cloud: check MAA_CLOUD",
    50034: "the account is not known in this tenant: check MAA_TENANT_ID",
    53003: (
        "a Conditional Access policy blocks the sign-in: have the application, or the address that it calls"
        " from, allowed"
    ),
    500011: "the tenant does not know the service the token is for: check MAA_CLOUD and MAA_TENANT_ID",
    500014: "the service the token is for is disabled in the tenant: enable it under Enterprise applications",
    70011: "the service the token is for is not known: check MAA_CLOUD",
}
"""The reason and what to do, by the number after `AADSTS`."""
