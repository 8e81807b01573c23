"""What tenants log: ways around approval, and what only looks like one."""

import json
import uuid
from types import MappingProxyType
from typing import Final

from maa_notify.demo.audit_events import device, intune_event, wiped
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR
from tests.insight.watch.capture_shapes import (
    FIM,
    GRAPH,
    MINUTE,
    MIRA,
    NEW_APP,
    OLD_KEY,
    PIM,
    PUPPET,
    READER,
    RELEASE,
    SECOND,
    SECRETS,
    STRANGER,
    USER_ADMINISTRATOR,
    WIPES,
    Capture,
    bare,
    by_app,
    by_pim,
    by_user,
    consented,
    did,
    entra,
    granted,
    intune,
    joined,
    key,
    on,
    policy_changed,
    policy_event,
    role_given,
    rule,
    scope_granted,
    touched,
    value,
)

BYPASSES: Final = MappingProxyType(
    {
        "B1": Capture(lambda t, at: entra(granted(at, by_user())), ("B1",), ("fabrikam-release",)),
        "B1 without the grantee's object id": Capture(
            lambda t, at: entra(granted(at, by_app("contoso-provisioning"), ObjectID=None)), ("B1",)
        ),
        "B1 with an id in capitals and no value": Capture(
            lambda t, at: entra(granted(at, by_user(), (WIPES[0].upper(), ""))), ("B1",)
        ),
        "B1 by name alone": Capture(lambda t, at: entra(granted(at, by_user(), ("", WIPES[1]))), ("B1",)),
        "B1, two roles and a consent of one act": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add service principal",
                    by_user(),
                    on("ServicePrincipal", NEW_APP[0], "fabrikam-release"),
                ),
                granted(at, by_user()),
                granted(at + SECOND, by_user(), ("", "DeviceManagementRBAC.ReadWrite.All")),
                consented(at + SECOND, "openid User.Read"),
            ),
            ("B1", "B4"),
        ),
        "B1 for two apps": Capture(
            lambda t, at: entra(
                granted(at, by_user()),
                did(
                    at,
                    "Add app role assignment to service principal",
                    by_user(),
                    on(
                        "ServicePrincipal",
                        GRAPH,
                        "Microsoft Graph",
                        value("AppRole.Value", WIPES[1]),
                        value("ServicePrincipal.ObjectID", STRANGER),
                    ),
                    on("ServicePrincipal", STRANGER),
                ),
            ),
            ("B1", "B1"),
        ),
        "B2": Capture(
            lambda t, at: entra(scope_granted(at, " openid DeviceManagementRBAC.ReadWrite.All")), ("B2",)
        ),
        "B2 for two apps": Capture(
            lambda t, at: entra(
                scope_granted(at, " DeviceManagementRBAC.ReadWrite.All"),
                scope_granted(at + SECOND, " DeviceManagementRBAC.ReadWrite.All", "Principal", STRANGER),
            ),
            ("B2", "B2"),
        ),
        "B2 with its consent": Capture(
            lambda t, at: entra(
                consented(at, "DeviceManagementRBAC.ReadWrite.All"),
                scope_granted(at, " DeviceManagementRBAC.ReadWrite.All"),
            ),
            ("B2",),
        ),
        "B2 by its consent alone": Capture(
            lambda t, at: entra(consented(at, "User.Read DeviceManagementRBAC.ReadWrite.All")), ("B2",)
        ),
        "B5 on the registration": Capture(
            lambda t, at: entra(
                did(
                    at,
                    SECRETS,
                    by_app("contoso-provisioning"),
                    on("Application", t.app[2], "fabrikam-release", value("KeyDescription", [key()], [])),
                    more=[("User-Agent", "x"), ("AppId", t.app[1])],
                )
            ),
            ("B5",),
        ),
        "B5 on the registration without an app id": Capture(
            lambda t, at: entra(
                did(
                    at,
                    SECRETS,
                    by_user(),
                    on("Application", t.app[2], None, value("KeyDescription", [key()], [])),
                )
            ),
            ("B5",),
        ),
        "B5 on the service principal": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add service principal credentials",
                    by_user(),
                    on("ServicePrincipal", t.app[0], None, value("KeyDescription", [key(), key("Sign")], [])),
                )
            ),
            ("B5",),
        ),
        "B5 beside one that stays": Capture(
            lambda t, at: entra(
                did(
                    at,
                    SECRETS,
                    by_user(),
                    on(
                        "Application",
                        t.app[2],
                        None,
                        value("KeyDescription", [OLD_KEY, key("Verify", "AsymmetricX509Cert")], [OLD_KEY]),
                    ),
                    more=[("AppId", t.app[1])],
                )
            ),
            ("B5",),
        ),
        "B6 on the registration": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add owner to application",
                    by_user(),
                    on(
                        "User",
                        PUPPET,
                        None,
                        value("Application.ObjectID", t.app[2]),
                        value("Application.DisplayName", "fabrikam-release"),
                        value("Application.AppId", t.app[1]),
                        userPrincipalName="puppet@contoso.com",
                    ),
                    on("Application", t.app[2]),
                )
            ),
            ("B6",),
        ),
        "B7, the unit deleted": Capture(
            lambda t, at: entra(
                did(at, "Delete administrative unit", by_user(), on("AdministrativeUnit", t.unit))
            ),
            ("B7",),
        ),
        "B7, the group taken out": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Remove member from restricted management administrative unit",
                    by_user(),
                    on(
                        "Group",
                        t.group,
                        None,
                        value("AdministrativeUnit.ObjectID", None, t.unit),
                        value("AdministrativeUnit.DisplayName", None, "RAU"),
                    ),
                    on("AdministrativeUnit", t.unit),
                )
            ),
            ("B7",),
        ),
        "B7, a new ruler": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add member to role scoped over Restricted Management Administrative Unit",
                    by_user(),
                    on("User", PUPPET, None, value("Role.TemplateId", USER_ADMINISTRATOR)),
                    on("AdministrativeUnit", t.unit, "RAU"),
                )
            ),
            ("B7",),
        ),
        "B8": Capture(lambda t, at: entra(joined(at, by_user(), t.group)), ("B8",), ("puppet@contoso.com",)),
        "B8 by an app": Capture(lambda t, at: entra(joined(at, by_app("Directory sync"), t.group)), ("B8",)),
        "B8, a service principal joins": Capture(
            lambda t, at: entra(joined(at, by_user(), t.group, STRANGER, kind="ServicePrincipal")), ("B8",)
        ),
        "B8, a group joins": Capture(
            lambda t, at: entra(joined(at, by_user(), t.group, STRANGER, kind="Group")), ("B8",)
        ),
        "B8, values bare": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add member to group",
                    by_user(),
                    on("User", PUPPET, None, bare("Group.ObjectID", t.group)),
                )
            ),
            ("B8",),
        ),
        "B8, in and out again": Capture(
            lambda t, at: entra(
                joined(at, by_user(), t.group), joined(at + MINUTE, by_user(), t.group, verb="Remove")
            ),
            ("B8",),
            ("Somebody was added",),
        ),
        "B8, one out, one in": Capture(
            lambda t, at: entra(
                joined(at, by_user(), t.group, STRANGER, verb="Remove"),
                joined(at + MINUTE, by_user(), t.group),
            ),
            ("B8",),
            ("Somebody was added",),
        ),
        "B8 by two people at once": Capture(
            lambda t, at: entra(
                joined(at, by_user(), t.group),
                joined(at, by_user(STRANGER, "other@contoso.com"), t.group, STRANGER),
            ),
            ("B8", "B8"),
        ),
        "B8, an owner": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add owner to group",
                    by_user(),
                    on("User", PUPPET, None, value("Group.ObjectID", t.group)),
                )
            ),
            ("B8",),
        ),
        "B8, eligible by PIM for Groups": Capture(
            lambda t, at: entra(
                by_pim(
                    at,
                    "Add eligible member to role in PIM completed (permanent)",
                    by_user(),
                    "",
                    group=t.group,
                )
            ),
            ("B8",),
        ),
        "B8, an app that calls itself MS-PIM": Capture(
            lambda t, at: entra(joined(at, PIM, t.group)), ("B8",)
        ),
        "B8, deleted": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Delete group",
                    by_user(),
                    on("Group", t.group, None, value("Is Hard Deleted", "False")),
                )
            ),
            ("B8",),
        ),
        "B9, the directory": Capture(
            lambda t, at: entra(role_given(at, by_user(), GLOBAL_ADMINISTRATOR)), ("B9",)
        ),
        "B9, to a service principal": Capture(
            lambda t, at: entra(
                role_given(at, by_user(), USER_ADMINISTRATOR, STRANGER, kind="ServicePrincipal")
            ),
            ("B9",),
        ),
        "B9 by two names of one act": Capture(
            lambda t, at: entra(
                role_given(at, by_user(), GLOBAL_ADMINISTRATOR),
                by_pim(
                    at + MINUTE,
                    "Add member to role outside of PIM (permanent)",
                    by_user("9DFD0000-000A-4000-8000-000000000009", None, displayName="Azure AD PIM"),
                    GLOBAL_ADMINISTRATOR,
                    AuditType="RoleElevatedOutsidePimAlert",
                ),
            ),
            ("B9",),
        ),
        "B9, eligible for good": Capture(
            lambda t, at: entra(
                by_pim(
                    at,
                    "Add eligible member to role in PIM completed (permanent)",
                    by_user(),
                    GLOBAL_ADMINISTRATOR,
                ),
                role_given(at + SECOND, PIM, GLOBAL_ADMINISTRATOR, activity="Add eligible member to role"),
            ),
            ("B9",),
        ),
        "B9, an app that calls itself MS-PIM": Capture(
            lambda t, at: entra(role_given(at, PIM, GLOBAL_ADMINISTRATOR)), ("B9",)
        ),
        "B9, the rules of a role": Capture(
            lambda t, at: entra(by_pim(at, "Update role setting in PIM", by_user(), GLOBAL_ADMINISTRATOR)),
            ("B9",),
        ),
        "B9, another definition": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add role assignment to role definition",
                    by_user(),
                    on(
                        "ServicePrincipal",
                        STRANGER,
                        "x",
                        value("RoleDefinition.TemplateId", "3a2c62db-5318-420d-8d74-23affee5d9d5".upper()),
                    ),
                )
            ),
            ("B9",),
        ),
        "B10, switched off": Capture(
            lambda t, at: entra(policy_changed(at, rule("disabled"), rule())), ("B10",)
        ),
        "B10, somebody excluded": Capture(
            lambda t, at: entra(policy_changed(at, rule(excluded=[PUPPET]), rule())), ("B10",)
        ),
        "B10, asks for less": Capture(
            lambda t, at: entra(policy_changed(at, rule(controls=["compliantDevice"]), rule())), ("B10",)
        ),
        "B10, deleted": Capture(
            lambda t, at: entra(policy_changed(at, None, rule(), "Delete Conditional Access policy")),
            ("B10",),
        ),
        "B10, a strength deleted": Capture(
            lambda t, at: entra(
                did(at, "Authentication Strength Policy Delete", by_user(), on("Policy", STRANGER, "Strong"))
            ),
            ("B10",),
        ),
        "B10, security defaults": Capture(
            lambda t, at: entra(
                did(at, "Update authorization policy", by_user(), on("AuthorizationPolicy", STRANGER, "x"))
            ),
            ("B10",),
        ),
        "B11, a password": Capture(
            lambda t, at: entra(
                touched(
                    at, "Reset password (by admin)", by_user(), t.approver, "Self-service Password Management"
                ),
                touched(at + SECOND, "Reset user password", FIM, t.approver),
            ),
            ("B11",),
            ("mal.lory@contoso.com",),
        ),
        "B11, a pass": Capture(
            lambda t, at: entra(
                touched(
                    at,
                    "Admin registered security info",
                    by_user(),
                    t.approver,
                    "Authentication Methods",
                    value("TemporaryAccessPass.Id", str(uuid.uuid4()), ""),
                )
            ),
            ("B11",),
        ),
        "B11, a number": Capture(
            lambda t, at: entra(
                touched(at, "Admin updated security info", by_user(), t.approver, "Authentication Methods")
            ),
            ("B11",),
        ),
        "B11, a factor by the attribute": Capture(
            lambda t, at: entra(
                touched(
                    at,
                    "Update user",
                    by_user(),
                    t.approver,
                    "Core Directory",
                    value("StrongAuthenticationMethod", [{"MethodType": 6, "Default": True}], []),
                    value("Included Updated Properties", "StrongAuthenticationMethod"),
                )
            ),
            ("B11",),
        ),
        "without approval": Capture(
            lambda t, at: intune(wiped(at, MIRA, str(uuid.uuid4()).upper())), ("executed_without_approval",)
        ),
        "without approval, a policy": Capture(
            lambda t, at: intune(policy_event(at, "Patch OperationApprovalPolicy")),
            ("executed_without_approval",),
        ),
        "by an app": Capture(
            lambda t, at: intune(wiped(at, RELEASE, str(uuid.uuid4()))), ("executed_by_app",)
        ),
        "by an app, a burst": Capture(
            lambda t, at: intune(
                *(wiped(at + number * SECOND, RELEASE, str(uuid.uuid4())) for number in range(7))
            ),
            ("executed_by_app",),
            ("7 times",),
        ),
        "a burst among approvals": Capture(
            lambda t, at: intune(
                *(wiped(at + number * MINUTE, MIRA, str(uuid.uuid4())) for number in range(5))
            ),
            ("executed_without_approval",),
        ),
    }
)
"""What must ring, and how often."""

DAILY_LIFE: Final = MappingProxyType(
    {
        "an activation": Capture(
            lambda t, at: entra(
                by_pim(
                    at, "Add member to role requested (PIM activation)", by_user(PUPPET), GLOBAL_ADMINISTRATOR
                ),
                by_pim(
                    at, "Add member to role completed (PIM activation)", by_user(PUPPET), GLOBAL_ADMINISTRATOR
                ),
                role_given(at + 2 * SECOND, PIM, GLOBAL_ADMINISTRATOR),
            )
        ),
        "an activation, ids in other cases": Capture(
            lambda t, at: entra(
                by_pim(
                    at,
                    "Add member to role completed (PIM activation)",
                    by_user(PUPPET),
                    GLOBAL_ADMINISTRATOR.upper(),
                ),
                role_given(at - SECOND, PIM, GLOBAL_ADMINISTRATOR, PUPPET.lower()),
            )
        ),
        "an approver activates his membership": Capture(
            lambda t, at: entra(
                by_pim(
                    at, "Add member to role completed (PIM activation)", by_user(PUPPET), "", group=t.group
                ),
                joined(at + SECOND, PIM, t.group),
                by_pim(
                    at + MINUTE, "Remove member from role (PIM activation expired)", PIM, "", group=t.group
                ),
                joined(at + MINUTE, PIM, t.group, verb="Remove"),
            )
        ),
        "the approver group joins another": Capture(
            lambda t, at: entra(joined(at, by_user(), STRANGER, t.group, kind="Group"))
        ),
        "an access review": Capture(
            lambda t, at: entra(joined(at, by_app("Azure AD Access Reviews"), t.group, verb="Remove"))
        ),
        "another group": Capture(lambda t, at: entra(joined(at, by_user(), STRANGER))),
        "another restricted unit": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Remove member from restricted management administrative unit",
                    by_user(),
                    on("User", PUPPET, None, value("AdministrativeUnit.ObjectID", None, STRANGER)),
                    on("AdministrativeUnit", STRANGER, "VIPs"),
                )
            )
        ),
        "somebody else leaves the unit": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Remove member from restricted management administrative unit",
                    by_user(),
                    on("User", STRANGER, None, value("AdministrativeUnit.ObjectID", None, t.unit)),
                    on("AdministrativeUnit", t.unit, "RAU"),
                )
            )
        ),
        "an everyday consent": Capture(
            lambda t, at: entra(
                did(at, "Add service principal", by_user(), on("ServicePrincipal", NEW_APP[0], "Notes")),
                scope_granted(at, " openid profile User.Read", "Principal"),
                granted(at, by_user(), ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read")),
                consented(at, "openid profile User.Read"),
            )
        ),
        "our own grants": Capture(
            lambda t, at: entra(
                granted(
                    at, by_user(), ("58ca0d9a-1575-47e1-a3cb-007ef2e4583b", "DeviceManagementRBAC.Read.All")
                ),
                granted(at, by_user(), ("b0afded3-3588-46d8-8b3d-9842eff778da", "AuditLog.Read.All")),
            )
        ),
        "words that were there": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add delegated permission grant",
                    by_user(),
                    on(
                        "ServicePrincipal",
                        GRAPH,
                        None,
                        value(
                            "DelegatedPermissionGrant.Scope",
                            " DeviceManagementRBAC.ReadWrite.All User.Read",
                            "DeviceManagementRBAC.ReadWrite.All",
                        ),
                    ),
                )
            )
        ),
        "a pipeline renews a secret": Capture(
            lambda t, at: entra(
                did(
                    at,
                    SECRETS,
                    by_app("pipeline"),
                    on("Application", STRANGER, "web", value("KeyDescription", [key()], [])),
                    more=[("AppId", NEW_APP[1])],
                ),
                did(
                    at,
                    "Update service principal",
                    by_app("Managed Service Identity"),
                    on("ServicePrincipal", t.app[0], None, value("KeyDescription", [key("Verify", "x")], [])),
                ),
            )
        ),
        "single sign-on rolls over": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add service principal credentials",
                    by_app("x"),
                    on("ServicePrincipal", t.app[0], None, value("KeyDescription", [key("Sign")], [])),
                )
            )
        ),
        "an app made, its keys empty": Capture(
            lambda t, at: entra(
                did(at, "Add application", by_user(), on("Application", STRANGER, "new")),
                did(
                    at, SECRETS, by_user(), on("Application", t.app[2], None, value("KeyDescription", [], []))
                ),
            )
        ),
        "Microsoft's own writers": Capture(
            lambda t, at: entra(
                *(
                    did(
                        at,
                        "Add service principal",
                        by_app("Microsoft Azure AD Internal - Jit Provisioning"),
                        on("ServicePrincipal", str(uuid.uuid4()), "Microsoft Graph"),
                        more=[("ServicePrincipalProvisioningType", kind)],
                    )
                    for kind in ("DefaultMicrosoft", "Subscription", "ManagedServiceIdentity")
                ),
                did(
                    at,
                    "Update service principal",
                    by_app("Microsoft.Azure.SyncFabric"),
                    on("ServicePrincipal", "x"),
                ),
            )
        ),
        "somebody resets his own password": Capture(
            lambda t, at: entra(
                touched(
                    at,
                    "Reset password (self-service)",
                    by_user(t.approver, "theo.brandt@contoso.com"),
                    t.approver,
                    "Self-service Password Management",
                ),
                touched(at + SECOND, "Reset user password", FIM, t.approver),
                touched(at + SECOND, "Update StsRefreshTokenValidFrom Timestamp", FIM, t.approver),
            )
        ),
        "somebody registers his phone": Capture(
            lambda t, at: entra(
                touched(
                    at,
                    "User registered security info",
                    by_user(t.approver, "theo.brandt@contoso.com"),
                    t.approver,
                    "Authentication Methods",
                ),
                touched(
                    at,
                    "Update user",
                    by_app("Azure Credential Configuration Endpoint Service"),
                    t.approver,
                    "Core Directory",
                    value("StrongAuthenticationMethod", [{"MethodType": 6}], []),
                ),
                touched(
                    at,
                    "Update user",
                    by_app("Azure MFA StrongAuthenticationService"),
                    t.approver,
                    "Core Directory",
                    value(
                        "StrongAuthenticationPhoneAppDetail",
                        [{"LastAuthenticatedTimestamp": "2"}],
                        [{"L": "1"}],
                    ),
                ),
            )
        ),
        "an approver's job title": Capture(
            lambda t, at: entra(
                touched(
                    at,
                    "Update user",
                    by_user(),
                    t.approver,
                    "Core Directory",
                    value("JobTitle", ["B"], ["A"]),
                )
            )
        ),
        "somebody else's password": Capture(
            lambda t, at: entra(touched(at, "Reset user password", by_user(), STRANGER))
        ),
        "a role without power": Capture(
            lambda t, at: entra(
                did(
                    at,
                    "Add member to role",
                    by_user(),
                    on("User", PUPPET, None, value("Role.TemplateId", READER)),
                )
            )
        ),
        "policies as code": Capture(
            lambda t, at: entra(
                policy_changed(at, rule(), rule()),
                policy_changed(at, rule(), None, "Add conditional access policy"),
                policy_changed(at, rule(controls=["mfa", "compliantDevice"]), rule()),
                policy_changed(at, rule(), rule(excluded=[PUPPET])),
                {
                    **policy_changed(at, '{"state":"enabled","conditions":{"us', json.dumps(rule())),
                    "initiatedBy": by_app("policies as code"),
                },
            )
        ),
        "what was refused": Capture(
            lambda t, at: entra({**joined(at, by_user(), t.group), "result": "failure", "resultReason": "no"})
        ),
        "what Intune does all day": Capture(
            lambda t, at: intune(
                intune_event("syncDevice ManagedDevice", at, MIRA, device("1")),
                intune_event("Create ClientCertificate", at, {**MIRA, "auditActorType": "IW"}),
                intune_event(
                    "Delete ManagedDeviceMobileAppConfiguration",
                    at,
                    MIRA,
                    device("2")["resourceId"]
                    and {
                        "displayName": "x",
                        "auditResourceType": "ManagedDeviceMobileAppConfiguration",
                        "resourceId": "2",
                    },
                ),
                intune_event(
                    "Delete ManagedDeviceCleanupRule",
                    at,
                    MIRA,
                    {"displayName": "x", "auditResourceType": "ManagedDeviceCleanupRule", "resourceId": "3"},
                ),
                intune_event("wipe ManagedDevice", at, {**MIRA, "auditActorType": "IW"}, device("4")),
                intune_event("Get OperationApprovalPolicy", at, MIRA, device("5")),
            )
        ),
    }
)
"""What must ring nowhere."""
