#!/usr/bin/env bash
# Gives the notifier's identity its permissions of Microsoft Graph, all of them read-only. Can be repeated: says what is
# there, grants only what is missing, and takes nothing away.
#
#   infra/graph/grant.sh [--check] [--minimal | --families LIST] PRINCIPAL_ID
#
#   (neither)         the recommended set: one permission for each family of requests. Where that of a family is missing
#                     Graph may leave its requests out without a word: docs/security.md, "Permissions"
#   --minimal         DeviceManagementRBAC.Read.All alone: the list opens, and may lack all but roles and access policies
#   --families LIST   those of some families, such as apps,scripts,roles; a wrong name is told with the known ones
#   --check           only look: 0 all that was asked for is there · 4 some is missing, but requests can be listed ·
#                     3 requests cannot be listed · 1 could not look
#
# PRINCIPAL_ID is the object id of the managed identity. Needs the Azure CLI, signed in (Azure Cloud Shell is).
set -euo pipefail
# shellcheck source=infra/graph/families.sh
. "$(dirname "${BASH_SOURCE[0]}")/families.sh"

readonly GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
readonly TRIES=${GRANT_TRIES:-12}     # a new identity takes up to two minutes to be known everywhere
readonly WAIT=${GRANT_WAIT_SECONDS:-10}

usage() {
    stop "Usage: infra/graph/grant.sh [--check] [--minimal | --families LIST] PRINCIPAL_ID" \
        "  (the object id of the managed identity, a GUID)"
}

check_only=false
while [[ ${1-} == --* ]]; do
    case $1 in
        --check) check_only=true ;;
        --minimal) choose --minimal ;;
        --families)
            choose --families "${2-}"
            shift
            ;;
        *) usage ;;
    esac
    shift
done
principal=${1-}
[[ $# -eq 1 && $principal =~ ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$ ]] || usage
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
    # az would read what the caller still has to: the table of the families.
    answer=$(az rest --only-show-errors "$@" 2>"$errors" </dev/null) && return 0
    answer=$(<"$errors")
    return 1
}

# The ids of the app roles that the identity has.
assigned() {
    call --method get --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --query 'value[].appRoleId' --output tsv
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

# Somebody may have granted it since we looked.
is_there_already() {
    grep -q 'already exists' <<<"$answer"
}

# Grants a permission by name and id.
grant() {
    local body
    body="{\"principalId\": \"$principal\", \"resourceId\": \"$graph_principal\", \"appRoleId\": \"$2\"}"
    until_known call --method post --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --headers Content-Type=application/json --body "$body" --output none ||
        is_there_already || explain "you may not grant $1."
    say "Granted: $1."
}

if $check_only; then
    assigned || explain "you may not read the permissions of the identity."
else
    until_known assigned || explain "you may not read the permissions of the identity."
fi
present=$answer

# What is there, what is missing ("name id" in each line), and whether requests can be listed, for which one of two is enough.
missing=
listed_by=
while read -r family permission id; do
    if grep -qiF "$id" <<<"$present"; then
        case $family in roles | configuration) listed_by=$permission ;; esac
        if is_chosen "$family"; then
            say "Present already: $permission."
        else
            say "Present, though not asked for: $permission. It is left as it is."
        fi
    elif is_chosen "$family"; then
        missing+="$permission $id"$'\n'
        case $family in roles | configuration) $check_only || listed_by=$permission ;; esac
        ! $check_only || say "Missing: $permission (requests of the family $family may be hidden)."
    fi
done <<<"$FAMILIES"

if [[ -n $missing ]] && ! $check_only; then
    call --method get --url "$graph/v1.0/servicePrincipals(appId='$GRAPH_APP_ID')" --query id --output tsv ||
        explain "looking up Microsoft Graph in this tenant."
    graph_principal=$(tr -d '\r\n' <<<"$answer")
    while read -r permission id; do
        grant "$permission" "$id"
    done <<<"${missing%$'\n'}"
elif ! $check_only; then
    say "Nothing was changed."
fi

if [[ -z $listed_by ]]; then
    say "Requests cannot be listed at all: that takes DeviceManagementRBAC.Read.All (roles) or" \
        "DeviceManagementConfiguration.Read.All (configuration)."
    ! $check_only || exit 3
fi
if $check_only && [[ -n $missing ]]; then exit 4; fi
