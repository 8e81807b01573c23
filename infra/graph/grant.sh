#!/usr/bin/env bash
# Gives the notifier's identity its permissions of Microsoft Graph, all of them read-only. Can be repeated: says whose
# identity it is and what is there, grants only what is missing, and takes nothing away unless told to.
#
#   infra/graph/grant.sh [--check | --revoke] [--yes] [--capabilities LIST] [--minimal | --families LIST] PRINCIPAL_ID
#
#   (neither)             the recommended set for requests: one permission for each family of them. Where that of a family
#                         is missing Graph may leave its requests out without a word: docs/security.md, "Permissions"
#   --capabilities LIST   those of some of requests,approvers,audit,watch,posture; each needs what it needs, no more
#   --minimal             of requests DeviceManagementRBAC.Read.All alone: the list opens, and may lack all but roles and
#                         access policies
#   --families LIST       of requests those of some families, such as apps,scripts,roles
#   --check               only look: 0 all that was asked for is there · 4 some is missing, but requests can be listed ·
#                         3 requests cannot be listed · 1 could not look
#   --revoke              also take away what of these permissions is there and was not asked for
#   --yes                 do not ask before anything is changed; without a terminal granting asks nobody, and --revoke
#                         needs it
#
# PRINCIPAL_ID is the object id of the managed identity. Needs the Azure CLI, signed in (Azure Cloud Shell is).
set -euo pipefail
# shellcheck source=infra/graph/families.sh
. "$(dirname "${BASH_SOURCE[0]}")/families.sh"
# shellcheck source=infra/graph/capabilities.sh
. "$(dirname "${BASH_SOURCE[0]}")/capabilities.sh"

readonly GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
readonly TRIES=${GRANT_TRIES:-12}     # a new identity takes up to two minutes to be known everywhere
readonly WAIT=${GRANT_WAIT_SECONDS:-10}

usage() {
    stop "Usage: infra/graph/grant.sh [--check | --revoke] [--yes] [--capabilities LIST] [--minimal | --families LIST]" \
        "PRINCIPAL_ID  (the object id of the managed identity, a GUID)"
}

check_only=false
revoke=false
yes=false
while [[ ${1-} == --* ]]; do
    case $1 in
        --check) check_only=true ;;
        --revoke) revoke=true ;;
        --yes) yes=true ;;
        --capabilities)
            choose_capabilities "${2-}"
            shift
            ;;
        --minimal) choose --minimal ;;
        --families)
            choose --families "${2-}"
            shift
            ;;
        *) usage ;;
    esac
    shift
done
! { $check_only && $revoke; } || usage
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

# The assignments of the identity, "id of the assignment, tab, id of the permission" in each line.
assigned() {
    call --method get --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --query 'value[].[id,appRoleId]' --output tsv
}

# Says whose identity it is, as far as Entra tells: its name, its kind and the Azure resource that it stands for.
introduce() {
    local name kind resource
    call --method get --url "$graph/v1.0/servicePrincipals/$principal?\$select=displayName,servicePrincipalType,alternativeNames" \
        --query "[[displayName, servicePrincipalType, join(' ', alternativeNames || \`[]\`)]]" --output tsv || return 0
    IFS=$'\t' read -r name kind resource < <(tr -cd '[:print:]\t\n' <<<"$answer") || true
    say "The identity is \"$name\" ($kind)${resource:+, $resource}."
    [[ $kind == ManagedIdentity ]] || say "It is no managed identity: make sure that it is the notifier's, and no other app's."
}

# Asks before anything is changed, where somebody can be asked.
ask() {
    local reply
    if $yes; then return 0; fi
    if [[ ! -t 0 ]]; then
        $revoke || return 0
        stop "Nobody can be asked here, so nothing was changed: add --yes to take permissions away."
    fi
    read -rp "Go on? [y/N] " reply
    [[ $reply == [yY]* ]] || stop "Nothing was changed."
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

# Takes an assignment away, by its id and the permission's name.
take_away() {
    call --method delete --url "$graph/v1.0/servicePrincipals/$principal/appRoleAssignments/$1" --output none ||
        is_unknown || explain "you may not take $2 away."
    say "Taken away: $2."
}

if $check_only; then
    assigned || explain "you may not read the permissions of the identity."
else
    until_known assigned || explain "you may not read the permissions of the identity."
fi
present=$(tr -d '\r' <<<"$answer")
introduce

# The assignment of a permission, by its id; nothing where it has none.
assignment_of() {
    awk -F '\t' -v id="$1" 'tolower($2) == tolower(id) { print $1; exit }' <<<"$present"
}

# Whether a line of the table was asked for: its capability, and of requests its family.
is_asked_for() {
    is_wanted "$1" && { [[ $1 != requests ]] || is_chosen "$2"; }
}

# What was asked for, by id.
wanted=
while IFS='|' read -r capability _ id _ _ family; do
    ! is_asked_for "$capability" "$family" || wanted+=" $id"
done < <(permissions)

# What is missing and what is too much ("name id" in each line), and whether requests can be listed, for which one of two
# is enough.
missing=
spare=
seen=
listed_by=
while IFS='|' read -r capability permission id purpose without family; do
    [[ $seen != *"$id"* ]] || continue
    # A permission of two capabilities is told with that which was asked for.
    if [[ $wanted == *"$id"* ]] && ! is_asked_for "$capability" "$family"; then continue; fi
    seen+=" $id"
    opens=false
    case $permission in DeviceManagementRBAC.Read.All | DeviceManagementConfiguration.Read.All) opens=true ;; esac
    if [[ -n $(assignment_of "$id") ]]; then
        if [[ $wanted == *"$id"* ]]; then
            say "Present already: $permission."
        elif $revoke; then
            say "To be taken away: $permission. ${without}."
            spare+="$permission $id"$'\n'
            opens=false
        else
            say "Present, though not asked for: $permission. It is left as it is."
        fi
        ! $opens || listed_by=$permission
    elif [[ $wanted == *"$id"* ]]; then
        missing+="$permission $id"$'\n'
        if $check_only; then
            if [[ -n $family ]]; then
                say "Missing: $permission (requests of the family $family may be hidden)."
            else
                say "Missing: $permission, which $purpose. ${without}."
            fi
        else
            say "To be granted: $permission, which $purpose."
            ! $opens || listed_by=$permission
        fi
    fi
done < <(permissions)
others=$(awk -F '\t' -v seen="$seen" 'NF > 1 && index(tolower(seen), tolower($2)) == 0' <<<"$present" | grep -c . || true)
((others == 0)) || say "The identity has $others more permissions, which this script does not know and leaves as they are."

if [[ -n $missing$spare ]] && ! $check_only; then
    ask
    if [[ -n $missing ]]; then
        call --method get --url "$graph/v1.0/servicePrincipals(appId='$GRAPH_APP_ID')" --query id --output tsv ||
            explain "looking up Microsoft Graph in this tenant."
        graph_principal=$(tr -d '\r\n' <<<"$answer")
        while read -r permission id; do
            grant "$permission" "$id"
        done <<<"${missing%$'\n'}"
    fi
    if [[ -n $spare ]]; then
        while read -r permission id; do
            take_away "$(assignment_of "$id")" "$permission"
        done <<<"${spare%$'\n'}"
    fi
elif ! $check_only; then
    say "Nothing was changed."
fi

if [[ -z $listed_by ]]; then
    say "Requests cannot be listed at all: that takes DeviceManagementRBAC.Read.All (roles) or" \
        "DeviceManagementConfiguration.Read.All (configuration)."
    ! $check_only || exit 3
fi
if $check_only && [[ -n $missing ]]; then exit 4; fi
