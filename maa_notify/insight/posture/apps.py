"""P15: applications with permissions that lead around approval. Pure."""

from datetime import datetime, timedelta

from maa_notify.insight.identifiers import MICROSOFT_TENANTS
from maa_notify.insight.posture.directory import Application
from maa_notify.insight.posture.facts import Facts, Gap, PermissionHolder
from maa_notify.insight.posture.names import listed
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

_NEW = timedelta(days=30)


def is_microsofts(principal: Application | Gap) -> bool | None:
    """Whether Microsoft's own tenants own an application; None where its owner is not told.

    Its name says nothing. A managed identity has no owner, and is of this tenant.
    """
    if isinstance(principal, Gap):
        return None
    owner = principal.app_owner_organization_id
    is_told = owner is not None or principal.service_principal_type == "ManagedIdentity"
    return owner in MICROSOFT_TENANTS if is_told else None


def bypass_holders(facts: Facts, _: Limits) -> Remarks:
    """P15: no application can do what would need approval, or make itself able to."""
    if isinstance(facts.holders, Gap):
        yield facts.holders
        return
    for holder in facts.holders:
        permissions = ", ".join(holder.permissions)
        is_theirs = is_microsofts(holder.principal)
        if is_theirs:
            yield Seen(f"{holder.told} is Microsoft's own: {permissions}")
            continue
        if is_theirs is None:
            yield Gap(f"whether {holder.told} is Microsoft's own, which holds {permissions}")
        else:
            yield from _of_holder(holder, facts)
        yield from _gaps_of(holder)


def _of_holder(holder: PermissionHolder, facts: Facts) -> Remarks:
    traits: list[str] = []
    severity = Severity.NOTE
    principal = holder.principal
    if isinstance(principal, Application):
        owner = principal.app_owner_organization_id
        if owner and facts.tenant_id and owner != facts.tenant_id:
            severity = Severity.HIGH
            traits.append(f"of the foreign tenant {owner}")
        if principal.account_enabled is False:
            traits.append("disabled")
    if has_secret(holder, facts.at):
        severity = min(severity, Severity.MEDIUM, key=list(Severity).index)
        traits.append("signs in with a secret instead of a certificate")
    if not isinstance(holder.owners, Gap) and holder.owners:
        severity = min(severity, Severity.MEDIUM, key=list(Severity).index)
        owners = {each.id: each.told for each in holder.owners}
        traits.append(f"owned by {listed([*owners.values()])}")
    if holder.granted_at is not None and facts.at - holder.granted_at < _NEW:
        severity = min(severity, Severity.MEDIUM, key=list(Severity).index)
        traits.append(f"granted on {holder.granted_at:%Y-%m-%d}")
    if isinstance(holder.federated, int) and holder.federated:
        traits.append(f"trusts {holder.federated} other issuers")
    text = f"{holder.told} holds {', '.join(holder.permissions)}"
    yield Problem(severity, holder.id, "; ".join([text, *traits]))


def has_secret(holder: PermissionHolder, at: datetime) -> bool:
    """Whether one of the passwords of an application or its service principal is still good."""
    parts = [each for each in (holder.principal, holder.application) if isinstance(each, Application)]
    return any(secret.is_good(at) for part in parts for secret in part.password_credentials or ())


def _gaps_of(holder: PermissionHolder) -> Remarks:
    """What could not be told of a holder."""
    principal = holder.principal
    if isinstance(principal, Application) and principal.password_credentials is None:
        yield Gap(f"the token may not see how {holder.told} signs in")
    for part in (principal, holder.application, holder.owners, holder.federated):
        if isinstance(part, Gap):
            yield part
