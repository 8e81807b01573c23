"""P10 to P12: what users may do to bring applications into the tenant. Pure."""

from maa_notify.insight.posture.facts import Facts, Gap
from maa_notify.insight.posture.names import called
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

_FOR_SELF = "managepermissiongrantsforself."
_LEGACY = "microsoft-user-default-legacy"
_NOT_TOLD = Gap("Graph left the setting out of its answer")


def app_registration(facts: Facts, _: Limits) -> Remarks:
    """P10: users register no applications."""
    if isinstance(facts.authorization, Gap):
        yield facts.authorization
        return
    permissions = facts.authorization.default_user_role_permissions
    may_create = permissions.allowed_to_create_apps if permissions else None
    if may_create is None:
        yield _NOT_TOLD
    elif may_create:
        yield Problem(Severity.MEDIUM, "users", "every user may register applications")


def user_consent(facts: Facts, _: Limits) -> Remarks:
    """P11: users consent to nothing by themselves."""
    if isinstance(facts.authorization, Gap):
        yield facts.authorization
        return
    permissions = facts.authorization.default_user_role_permissions
    assigned = permissions.permission_grant_policies_assigned if permissions else None
    risky = facts.authorization.allow_user_consent_for_risky_apps
    if assigned is None or risky is None:
        yield _NOT_TOLD
    # The documentation spells the first letter small, the wire large.
    for policy in [each for each in assigned or () if each.lower().startswith(_FOR_SELF)]:
        name = policy[len(_FOR_SELF) :]
        if name.lower() == _LEGACY:
            yield Problem(Severity.HIGH, name, "users may consent to any application for themselves")
        else:
            yield Problem(
                Severity.NOTE,
                name,
                f"users may consent to what the consent policy {called(policy, name)} lets through",
            )
    if risky:
        yield Problem(Severity.MEDIUM, "risky", "users may consent even to applications that look risky")


def admin_consent(facts: Facts, _: Limits) -> Remarks:
    """P12: whoever wants an application asks an administrator."""
    workflow = facts.consent_requests
    if isinstance(workflow, Gap):
        yield workflow
    elif workflow.is_enabled is None:
        yield _NOT_TOLD
    elif not workflow.is_enabled:
        yield Problem(Severity.MEDIUM, "workflow", "the admin consent workflow is off")
    elif workflow.reviewers is None:
        yield _NOT_TOLD
    elif not workflow.reviewers:
        yield Problem(Severity.MEDIUM, "reviewers", "the admin consent workflow has no reviewers")
    else:
        yield Seen(f"{len(workflow.reviewers)} reviewers")
