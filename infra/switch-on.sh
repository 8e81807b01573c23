#!/usr/bin/env bash
# From resources to the first good poll: grants the identity what is missing, then deploys the package of a release, and
# says when a poll was good. For Azure Cloud Shell, after the resources were made; can be repeated, also for an upgrade.
#
#   infra/switch-on.sh RESOURCE_GROUP [--package URL] [words of infra/graph/grant.sh, such as --minimal]
#
# To grant takes Privileged Role Administrator in Entra, and where the deployment of the resources assigned no Azure roles
# one who may; the code takes Contributor on the group. Who may grant and nothing else runs infra/grant.sh.
# Without --package it is the package of the release that this clone was made of (git clone --branch v1.2.3).
# With AZURE_SKIP_GRANT_CHECK=true, as for a fleet whose identity stands for an app registration, nothing is granted.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
readonly TRIES=${SWITCH_ON_TRIES:-6} # a new role takes some minutes to be known everywhere
readonly WAIT=${SWITCH_ON_WAIT_SECONDS:-60}

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
usage() { stop "Usage: infra/switch-on.sh RESOURCE_GROUP [--package URL] [--minimal | --families LIST]"; }

group=${1-}
[[ $group == [!-]* ]] || usage
shift
package=
permissions=()
while (($#)); do
    if [[ $1 == --package ]]; then
        package=${2-}
        [[ $package == https://* ]] || usage
        shift
    else
        permissions+=("$1")
    fi
    shift
done
command -v az >/dev/null || stop "The Azure CLI (az) was not found. Azure Cloud Shell has it."

if [[ -z $package ]]; then
    if ! tag=$(git -C "$here" describe --tags --exact-match --match 'v*' 2>/dev/null) ||
        ! origin=$(git -C "$here" remote get-url origin 2>/dev/null) ||
        [[ $origin != https://* ]]; then
        stop "This is no clone of a release, so say which package: --package https://.../maa-notify.zip"
    fi
    package=${origin%.git}/releases/download/$tag/maa-notify.zip
fi

found=$(az resource list --resource-group "$group" --query "[?tags.app=='maa-notify'].[type,name]" --output tsv |
    tr -d '\r') || stop "The resources of the group $group could not be listed. Is az signed in to its subscription?"
app=$(awk -F '\t' 'tolower($1) == "microsoft.web/sites" { print $2 }' <<<"$found")
[[ -n $app ]] || stop "The group $group has no Function App of the notifier (tag app=maa-notify). Was it deployed?"
[[ $app != *$'\n'* ]] || stop "The group $group has more than one notifier: use infra/graph and infra/code by hand."

# Whether the deployment of the resources assigned the Azure roles of the identity.
has_roles() {
    local account identity principal count
    account=$(awk -F '\t' 'tolower($1) == "microsoft.storage/storageaccounts" { print $2 }' <<<"$found")
    identity=$(awk -F '\t' 'tolower($1) == "microsoft.managedidentity/userassignedidentities" { print $2 }' <<<"$found")
    principal=$(az identity show --resource-group "$group" --name "$identity" --query principalId --output tsv | tr -d '\r')
    account=$(az storage account show --resource-group "$group" --name "$account" --query id --output tsv | tr -d '\r')
    count=$(az role assignment list --scope "$account" --query "length([?principalId=='$principal'])" --output tsv |
        tr -d '\r')
    [[ $count != 0 ]]
}

if [[ ${AZURE_SKIP_GRANT_CHECK-} == true ]]; then
    say "Not granted, as AZURE_SKIP_GRANT_CHECK says: permissions of Graph."
elif ! "$here/grant.sh" "$group" --check ${permissions[@]+"${permissions[@]}"}; then
    part=--graph-only
    has_roles || part=
    "$here/grant.sh" "$group" ${part:+"$part"} ${permissions[@]+"${permissions[@]}"}
elif ! has_roles; then
    "$here/grant.sh" "$group" --roles-only
fi

say "Deploying $package ..."
for ((try = 1; ; try++)); do
    if error=$(az deployment group create --resource-group "$group" --name maa-notify-code --output none \
        --template-file "$here/code/main.bicep" --parameters appName="$app" packageUri="$package" 2>&1); then
        break
    fi
    say "$error"
    ((try < TRIES)) || stop "The code was not deployed. It takes Contributor on the group $group, and a package that anyone may fetch."
    say "A new role may not be known everywhere yet; trying again in $WAIT s ..."
    sleep "$WAIT"
done

AZURE_RESOURCE_GROUP=$group AZURE_FUNCTION_APP=$app exec sh "$here/hooks/postdeploy.sh"
