"""Streams of log entries with labels: what an attacker does, among what happens in any tenant all day.

Each stream is made from a number, so that the same number always gives the same stream.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from maa_notify.demo.audit_events import (
    app,
    changed,
    details,
    entra_event,
    member_added,
    member_removed,
    permission_granted,
    person,
    secret_added,
    target,
)
from maa_notify.demo.samples import Json
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR, POWERFUL_APP_ROLES, POWERFUL_ROLES
from tests.insight.watch.conftest import APPROVER, GROUP, NOON, POWERFUL, UNIT

Step = Callable[[random.Random, float], list[Json]]
"""Entries that something leaves in the log, at a number of minutes after noon."""

READS = ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read")
PIM = app("0e000000-0000-4000-8000-000000000004", "MS-PIM")
REVIEWS = app("0e000000-0000-4000-8000-000000000005", "Azure AD Access Reviews")
MICROSOFT = app("0e000000-0000-4000-8000-000000000006", "Microsoft Azure AD Internal - Jit Provisioning")
PIPELINE = app("0e000000-0000-4000-8000-000000000007", "release-pipeline")


@dataclass(frozen=True)
class Stream:
    """Raw entries of Entra's log, and the kinds of alerts that they must raise, medium or worse."""

    entries: Sequence[Json]
    expected: frozenset[str]


def _some_id(chance: random.Random) -> str:
    return f"{chance.getrandbits(32):08x}-0000-4000-8000-{chance.getrandbits(48):012x}"


def _somebody(chance: random.Random) -> Json:
    return person(
        _some_id(chance), f"user{chance.randrange(500)}@contoso.com", f"203.0.113.{chance.randrange(256)}"
    )


def _some_app(chance: random.Random) -> tuple[str, str, str]:
    return _some_id(chance), _some_id(chance), f"app-{chance.randrange(500)}"


def _spelled(chance: random.Random, name: str) -> str:
    """The name of an activity as one log or another writes it."""
    return chance.choice([name, name.upper(), f"{name}.", f" {name} ", name.replace(" - ", " \N{EN DASH} ")])


def _grant(chance: random.Random, minute: float) -> list[Json]:
    by, grantee, at = _somebody(chance), _some_app(chance), NOON + timedelta(minutes=minute)
    roles = chance.sample(sorted(POWERFUL_APP_ROLES.items()), chance.randint(1, 3))
    return [permission_granted(at, by, role_id, name, grantee) for role_id, name in roles]


def _delegated(chance: random.Random, minute: float) -> list[Json]:
    scopes = ["openid", "profile", chance.choice(sorted(POWERFUL_APP_ROLES.values())), "User.Read"]
    chance.shuffle(scopes)
    resource = target(
        "ServicePrincipal",
        _some_id(chance),
        "Microsoft Graph",
        changed("DelegatedPermissionGrant.Scope", f" {' '.join(scopes)}"),
        changed("DelegatedPermissionGrant.ConsentType", chance.choice(["AllPrincipals", "Principal"])),
        changed("ServicePrincipal.ObjectID", _some_id(chance)),
    )
    return [
        entra_event(
            "Add delegated permission grant", NOON + timedelta(minutes=minute), _somebody(chance), resource
        )
    ]


def _secret(chance: random.Random, minute: float) -> list[Json]:
    return [secret_added(NOON + timedelta(minutes=minute), _somebody(chance), POWERFUL)]


def _owner(chance: random.Random, minute: float) -> list[Json]:
    targets = [
        target("User", _some_id(chance), account="x@contoso.com"),
        target("ServicePrincipal", POWERFUL[0], POWERFUL[2]),
    ]
    chance.shuffle(targets)
    return [
        entra_event(
            "Add owner to service principal", NOON + timedelta(minutes=minute), _somebody(chance), *targets
        )
    ]


def _unit(chance: random.Random, minute: float) -> list[Json]:
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    return [
        chance.choice(
            [
                entra_event(
                    "Delete administrative unit", at, by, target("AdministrativeUnit", UNIT[0], UNIT[1])
                ),
                entra_event("Update administrative unit", at, by, target("AdministrativeUnit", UNIT[0])),
                entra_event(
                    "Add scoped member to role",
                    at,
                    by,
                    target("Role", "x"),
                    target("AdministrativeUnit", UNIT[0]),
                ),
                entra_event(
                    "Remove member from restricted management administrative unit",
                    at,
                    by,
                    target("Group", GROUP[0]),
                ),
            ]
        )
    ]


def _puppet(chance: random.Random, minute: float) -> list[Json]:
    raw = member_added(
        NOON + timedelta(minutes=minute), _somebody(chance), GROUP, (_some_id(chance), "p@contoso.com")
    )
    raw["targetResources"] = chance.sample(raw["targetResources"], 2)
    return [{**raw, "activityDisplayName": _spelled(chance, raw["activityDisplayName"])}]


def _role(chance: random.Random, minute: float) -> list[Json]:
    role = chance.choice(sorted(POWERFUL_ROLES))
    activity, service = chance.choice(
        [
            ("Add member to role", "Core Directory"),
            ("Add role assignment to role definition", "Core Directory"),
            ("Add member to role outside of PIM (permanent)", "PIM"),
            ("Add eligible member to role in PIM completed (permanent)", "PIM"),
        ]
    )
    place = chance.choice(
        [target("Role", role), target("Role", _some_id(chance), None, changed("Role.TemplateId", role))]
    )
    user = target("User", _some_id(chance), account="x@contoso.com")
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    return [entra_event(_spelled(chance, activity), at, by, place, user, loggedByService=service)]


def _rule(chance: random.Random, minute: float) -> list[Json]:
    new = chance.choice(["disabled", "enabledForReportingButNotEnforced"])
    policy = changed("ConditionalAccessPolicy", {"state": new, "x": "y"}, {"state": "enabled"})
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    return [
        entra_event(
            "Update conditional access policy", at, by, target("Policy", _some_id(chance), "CA01", policy)
        )
    ]


def _password(chance: random.Random, minute: float) -> list[Json]:
    activity = chance.choice(["Reset password", "Admin registered security info", "Enable account"])
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    return [entra_event(_spelled(chance, activity), at, by, target("User", APPROVER[0], account=APPROVER[1]))]


ATTACKS: dict[str, Step] = {
    "B1": _grant,
    "B2": _delegated,
    "B5": _secret,
    "B6": _owner,
    "B7": _unit,
    "B8": _puppet,
    "B9": _role,
    "B10": _rule,
    "B11": _password,
}


def _pipeline(chance: random.Random, minute: float) -> list[Json]:
    """A pipeline renews the secret of an app without power: two entries of one act."""
    at, owner = NOON + timedelta(minutes=minute), _some_app(chance)
    return [secret_added(at, PIPELINE, owner), secret_added(at, PIPELINE, owner)]


def _saml(chance: random.Random, minute: float) -> list[Json]:
    return [secret_added(NOON + timedelta(minutes=minute), MICROSOFT, _some_app(chance), use="Sign")]


def _activation(chance: random.Random, minute: float) -> list[Json]:
    """Somebody activates a role: PIM's own entries, and the twin of the directory."""
    user, at = _some_id(chance), NOON + timedelta(minutes=minute)
    account = target("User", user, account="admin@contoso.com")
    role = target(
        "Role", GLOBAL_ADMINISTRATOR, "Global Administrator", changed("TemplateId", GLOBAL_ADMINISTRATOR)
    )
    by = person(user, "admin@contoso.com")
    return [
        entra_event(
            "Add member to role requested (PIM activation)", at, by, role, account, loggedByService="PIM"
        ),
        entra_event(
            "Add member to role completed (PIM activation)",
            at,
            by,
            role,
            account,
            loggedByService="PIM",
            additionalDetails=details(TemplateId=GLOBAL_ADMINISTRATOR, Justification="patching"),
        ),
        entra_event("Add member to role", at + timedelta(seconds=2), PIM, role, account),
    ]


def _review(chance: random.Random, minute: float) -> list[Json]:
    return [
        member_removed(
            NOON + timedelta(minutes=minute), REVIEWS, GROUP, (_some_id(chance), "left@contoso.com")
        )
    ]


def _everyday_consent(chance: random.Random, minute: float) -> list[Json]:
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    resource = target(
        "ServicePrincipal",
        _some_id(chance),
        "Microsoft Graph",
        changed("DelegatedPermissionGrant.Scope", " openid profile offline_access User.Read"),
    )
    consent = target(
        "ServicePrincipal", _some_id(chance), "Notes", changed("ConsentContext.IsAdminConsent", "False")
    )
    return [
        entra_event("Add delegated permission grant", at, by, resource),
        entra_event("Consent to application", at, by, consent),
        permission_granted(at, by, *READS, _some_app(chance)),
    ]


def _first_party(chance: random.Random, minute: float) -> list[Json]:
    at = NOON + timedelta(minutes=minute)
    kind = chance.choice(["DefaultMicrosoft", "Subscription", "ManagedServiceIdentity"])
    made = target("ServicePrincipal", _some_id(chance), "Microsoft Defender")
    return [
        entra_event(
            "Add service principal",
            at,
            MICROSOFT,
            made,
            additionalDetails=details(ServicePrincipalProvisioningType=kind),
        )
    ]


def _help_desk(chance: random.Random, minute: float) -> list[Json]:
    at, by = NOON + timedelta(minutes=minute), _somebody(chance)
    group = (_some_id(chance), f"Team {chance.randrange(99)}")
    return [
        entra_event("Reset password", at, by, target("User", _some_id(chance))),
        member_added(at, by, group, (_some_id(chance), "new@contoso.com")),
        entra_event("Update user", at, by, target("User", APPROVER[0])),
        {**member_added(at, by, GROUP, (_some_id(chance), "x@contoso.com")), "result": "failure"},
    ]


def _policy_as_code(chance: random.Random, minute: float) -> list[Json]:
    policy = changed("ConditionalAccessPolicy", {"state": "enabled", "v": 2}, {"state": "enabled", "v": 1})
    at = NOON + timedelta(minutes=minute)
    return [
        entra_event(
            "Update conditional access policy",
            at,
            PIPELINE,
            target("Policy", _some_id(chance), "CA02", policy),
        )
    ]


DAILY_LIFE: tuple[Step, ...] = (
    _pipeline,
    _saml,
    _activation,
    _review,
    _everyday_consent,
    _first_party,
    _help_desk,
    _policy_as_code,
)


def quiet(number: int) -> Stream:
    """Three hours of daily life."""
    chance = random.Random(number)
    return Stream(_daily_life(chance), frozenset())


def attack(number: int) -> Stream:
    """One to four steps of an attacker among three hours of daily life, in any order of the log."""
    chance = random.Random(number)
    kinds = chance.sample(sorted(ATTACKS), chance.randint(1, 4))
    steps = [entry for kind in kinds for entry in ATTACKS[kind](chance, chance.uniform(0, 180))]
    entries = [*_daily_life(chance), *steps, *chance.sample(steps, 1)]
    chance.shuffle(entries)
    return Stream(entries, frozenset(kinds))


def _daily_life(chance: random.Random) -> list[Json]:
    steps = chance.choices(DAILY_LIFE, k=chance.randint(10, 40))
    return [entry for step in steps for entry in step(chance, chance.uniform(0, 180))]
