#!/usr/bin/env bash
# Gives the notifier's identity its one permission of Microsoft Graph. Can be repeated; grants only what is missing.
#
#   infra/graph/grant.sh PRINCIPAL_ID            grant, unless it is there
#   infra/graph/grant.sh --check PRINCIPAL_ID    only look: 0 it is there, 3 it is missing, 1 could not look
#
# PRINCIPAL_ID is the object id of the managed identity. Needs the Azure CLI, signed in (Azure Cloud Shell is).
set -euo pipefail

readonly PERMISSION=DeviceManagementRBAC.Read.All
readonly ROLE_ID=58ca0d9a-1575-47e1-a3cb-007ef2e4583b
readonly GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
readonly TRIES=${GRANT_TRIES:-12}     # a new identity takes up to two minutes to be known everywhere
readonly WAIT=${GRANT_WAIT_SECONDS:-10}

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }

check_only=false
if [[ ${1-} == --check ]]; then
    check_only=true
    shift
fi
principal=${1-}
if [[ ! $principal =~ ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$ ]]; then
    stop "Usage: infra/graph/grant.sh [--check] PRINCIPAL_ID   (the object id of the managed identity, a GUID)"
fi
command -v az >/dev/null || stop "The Azure CLI (az) was not found. Azure Cloud Shell has it."

# The Graph address of the cloud that az is signed in to.
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv | tr -d '\r') ||
    stop "az could not say which cloud it is signed in to. Run: az login"
graph=${graph%/}

# Graph's answer, or its error.
answer=
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
call() {
    answer=$(az rest --only-show-errors "$@" 2>"$errors") && return 0
    answer=$(<"$errors")
    return 1
}

# The ids of the app roles that the identity has.
assigned() {
    call --method get --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --query 'value[].appRoleId' --output tsv
}

has_permission() {
    grep -qiF "$ROLE_ID" <<<"$answer"
}

is_unknown() {
    grep -qE 'Request_ResourceNotFound|Not Found\(|does not exist|PrincipalNotFound' <<<"$answer"
}

is_refused() {
    grep -qE 'Authorization_RequestDenied|Forbidden\(|Insufficient privileges' <<<"$answer"
}

# Runs a call again while Graph does not know the identity yet.
until_known() {
    local try
    for ((try = 1; try <= TRIES; try++)); do
        if "$@"; then return 0; fi
        if ! is_unknown || ((try == TRIES)); then return 1; fi
        say "Graph does not know the identity $principal yet; waiting $WAIT s ..."
        sleep "$WAIT"
    done
}

explain() {
    if is_refused; then
        stop "Graph refused: $1" \
            "It takes the role Privileged Role Administrator or Global Administrator in Entra. A role in Azure does not help."
    elif is_unknown; then
        stop "Graph does not know the identity $principal. Is it the object (principal) id, and is az signed in to the right tenant?"
    fi
    stop "Graph did not answer as expected: $answer"
}

grant() {
    local graph_principal body
    call --method get --url "$graph/v1.0/servicePrincipals(appId='$GRAPH_APP_ID')" --query id --output tsv ||
        explain "looking up Microsoft Graph in this tenant."
    graph_principal=$(tr -d '\r\n' <<<"$answer")
    body="{\"principalId\": \"$principal\", \"resourceId\": \"$graph_principal\", \"appRoleId\": \"$ROLE_ID\"}"
    until_known call --method post --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --headers Content-Type=application/json --body "$body" --output none ||
        is_there_already || explain "you may not grant $PERMISSION."
}

# Somebody may have granted it since we looked.
is_there_already() {
    grep -q 'already exists' <<<"$answer"
}

if $check_only; then
    assigned || explain "you may not read the permissions of the identity."
    if has_permission; then
        say "Present: $PERMISSION."
        exit 0
    fi
    say "Missing: $PERMISSION."
    exit 3
fi

until_known assigned || explain "you may not read the permissions of the identity."
if has_permission; then
    say "Present already: $PERMISSION. Nothing was changed."
    exit 0
fi
grant
say "Granted: $PERMISSION."
