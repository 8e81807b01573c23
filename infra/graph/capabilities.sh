# What the notifier can do beside telling of requests, for sourcing: `choose_capabilities` and `is_wanted`.
# capability|permission|id|what it is for|what stops without it; the same as in maa_notify/domain/capabilities.py.

# A function: bash before 4 does not read a text with an apostrophe into a variable.
beside_requests() {
    cat <<'END'
approvers|DeviceManagementRBAC.Read.All|58ca0d9a-1575-47e1-a3cb-007ef2e4583b|shows the access policies and their groups|Nobody knows who can decide
approvers|GroupMember.Read.All|98830695-27a2-44f7-8c18-0c3ebc9698f6|shows the members of the approver groups|Nobody knows who can decide
approvers|User.Read.All|df021288-bdef-4463-88db-98f22de89214|shows names, and which accounts are disabled|Approvers have no names, and a disabled one counts
audit|DeviceManagementApps.Read.All|7a6ee1e7-141e-4cec-ae74-d9db155731ff|opens Intune's audit log (and shows the apps)|What was done without approval is not told
watch|AuditLog.Read.All|b0afded3-3588-46d8-8b3d-9842eff778da|opens Entra's audit log (and the sign-ins, which are not read)|Changes of groups, roles, apps and consent are not told
posture|RoleManagement.Read.Directory|483bed4a-2ad3-4361-a73b-c83ccdbdc53c|shows who holds which role|Roles and their rules are not checked
posture|Policy.Read.All|246dd0d5-5bd0-4def-940b-0421030a5b68|shows consent, sign-in and Conditional Access policies|Consent and Conditional Access are not checked
posture|Application.Read.All|9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30|shows which apps hold which permissions|Apps that could go around approval are not checked
posture|AdministrativeUnit.Read.All|134fd756-38ce-4afd-ba33-e9623dbe66c2|shows which groups stand in a restricted unit|The protection of approver groups is not checked
END
}
readonly KNOWN_CAPABILITIES='requests, approvers, audit, watch, posture'

# The capabilities that were asked for, as ",requests,audit,"; empty: requests alone.
capabilities=

# Takes the list of --capabilities. Twice is a mistake that `usage` tells.
choose_capabilities() {
    local name names
    [[ -z $capabilities ]] || usage
    IFS=, read -ra names <<<"${1-}"
    ((${#names[@]})) || stop "--capabilities takes some of these, with commas between: $KNOWN_CAPABILITIES."
    for name in "${names[@]}"; do
        [[ ", $KNOWN_CAPABILITIES, " == *", $name, "* && $name != *[!a-z]* && -n $name ]] ||
            stop "There is no capability \"$name\". Known are: $KNOWN_CAPABILITIES."
    done
    capabilities=,$1,
}

# Whether a capability was asked for.
is_wanted() {
    [[ ${capabilities:-,requests,} == *",$1,"* ]]
}

# The table of all that the scripts know, a permission of a capability in each line; those of requests by family.
permissions() {
    awk '{ print "requests|" $2 "|" $3 "|shows requests of the family " $1 "|Requests of the family " $1 " may be hidden|" $1 }' \
        <<<"$FAMILIES"
    beside_requests
}
