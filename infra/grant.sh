#!/usr/bin/env bash
# For the colleague who may grant roles: gives the notifier's identity its Azure roles and its permissions of Graph.
# Can be repeated; changes nothing that is there, and takes nothing away unless told to.
#
#   infra/grant.sh RESOURCE_GROUP [--roles-only | --graph-only | --check] [--revoke] [--yes] [--capabilities LIST]
#                  [--minimal | --families LIST]
#
# Azure roles take Owner, User Access Administrator or Role Based Access Control Administrator on the group. The
# permissions of Graph take Privileged Role Administrator in Entra. Two people may share: one runs it with
# --roles-only, the other with --graph-only. --check only looks for the permissions of Graph.
# Without more words these are the recommended ones, six that only read; graph/grant.sh says what the words do.
# With AZURE_FLEET=true in the environment the identity gets the role for queues, too.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=infra/graph/families.sh
. "$here/graph/families.sh"
# shellcheck source=infra/graph/capabilities.sh
. "$here/graph/capabilities.sh"

usage() {
    stop "Usage: infra/grant.sh RESOURCE_GROUP [--roles-only | --graph-only | --check] [--revoke] [--yes]" \
        "[--capabilities LIST] [--minimal | --families LIST]"
}

group=${1-}
[[ $group == [!-]* ]] || usage
shift
part=--both
words=()
while (($#)); do
    case $1 in
        --roles-only | --graph-only | --check)
            [[ $part == --both ]] || usage
            part=$1
            ;;
        --revoke | --yes) words+=("$1") ;;
        --minimal)
            choose --minimal
            words+=(--minimal)
            ;;
        --families)
            choose --families "${2-}"
            words+=(--families "$2")
            shift
            ;;
        --capabilities)
            choose_capabilities "${2-}"
            words+=(--capabilities "$2")
            shift
            ;;
        *) usage ;;
    esac
    shift
done
command -v az >/dev/null || stop "The Azure CLI (az) was not found. Azure Cloud Shell has it."

# az takes no --tag beside a group.
found=$(az resource list --resource-group "$group" --query "[?tags.app=='maa-notify'].[type,name]" --output tsv |
    tr -d '\r') || stop "The resources of the group $group could not be listed. Is az signed in to its subscription?"

# The name of the one resource of a type.
name_of() {
    local names
    names=$(awk -F '\t' -v type="$1" 'tolower($1) == tolower(type) { print $2 }' <<<"$found")
    [[ -n $names ]] || stop "The group $group has no $1 of the notifier (tag app=maa-notify). Was it deployed?"
    [[ $names != *$'\n'* ]] || stop "The group $group has more than one $1 of the notifier: use infra/roles and infra/graph by hand."
    printf '%s' "$names"
}

identity=$(name_of Microsoft.ManagedIdentity/userAssignedIdentities)
principal=$(az identity show --resource-group "$group" --name "$identity" --query principalId --output tsv | tr -d '\r')

app=$(awk -F '\t' 'tolower($1) == "microsoft.web/sites" { print $2; exit }' <<<"$found")
say "The identity $identity of the group $group${app:+, which the app $app uses}."

assign_roles() {
    local account vault component
    account=$(name_of Microsoft.Storage/storageAccounts)
    vault=$(name_of Microsoft.KeyVault/vaults)
    component=$(name_of Microsoft.Insights/components)
    say "Assigning the Azure roles of $identity ..."
    az deployment group create --resource-group "$group" --name maa-notify-roles --template-file "$here/roles/main.bicep" \
        --output none --parameters principalId="$principal" storageAccountName="$account" vaultName="$vault" \
        componentName="$component" fleet="${AZURE_FLEET:-false}" ||
        stop "The roles were not assigned. It takes Owner, User Access Administrator or Role Based Access Control" \
            "Administrator on the group $group."
    say "Assigned."
}

# The words are left out where there are none: bash before 4.4 takes an empty array for one that was never set.
on_graph() {
    "$here/graph/grant.sh" "$@" ${words[@]+"${words[@]}"} "$principal"
}

if [[ $part == --check ]]; then
    code=0
    on_graph --check || code=$?
    exit "$code"
fi
[[ $part == --graph-only ]] || assign_roles
[[ $part == --roles-only ]] || on_graph
