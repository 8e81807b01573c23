#!/bin/sh
# After code was deployed: does Azure find every function, and is the notifier well? "Running" in the portal says neither.
# The same as postdeploy.ps1. CHECK_TRIES and CHECK_WAIT_SECONDS bound how long it waits for each of the two.
set -eu

group=${AZURE_RESOURCE_GROUP:?is set by azd provision; run that first}
app=${AZURE_FUNCTION_APP:?is set by azd provision; run that first}
tries=${CHECK_TRIES:-40}
wait=${CHECK_WAIT_SECONDS:-15}

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Names in one line: without the app's own name before each, in the order of the alphabet.
words() {
    printf '%s\n' "$1" | tr -d '\r' | sed 's|.*/||' | sort | tr '\n' ' '
}

command -v az >/dev/null || stop "The deployment was not checked: the Azure CLI (az) was not found."

# What the settings of the app make of function_app.py.
settings=$(az functionapp config appsettings list --resource-group "$group" --name "$app" --output tsv \
    --query "[?(name=='MAA_BOT_COMMANDS' && value=='true') || (name=='MAA_TENANTS' && value!='')].name") ||
    stop "The deployment was not checked: the settings of $app could not be read (az login?)."
case $settings in
    *MAA_TENANTS*) expected="health health_details poll poll_now poll_tenant put_aside" ;;
    *MAA_BOT_COMMANDS*) expected="health health_details messages poll poll_now" ;;
    *) expected="health health_details poll poll_now" ;;
esac

said=
try=0
while :; do
    found=$(az functionapp function list --resource-group "$group" --name "$app" --query '[].name' --output tsv) ||
        found=
    missing=
    for name in $expected; do
        case " $(words "$found")" in *" $name "*) ;; *) missing="$missing $name" ;; esac
    done
    [ -n "$missing" ] || break
    [ "$said" = "$missing" ] || echo "Azure does not find yet:$missing."
    said=$missing
    try=$((try + 1))
    [ "$try" -lt "$tries" ] || stop \
        "Azure does not find:$missing. Nothing that lacks its function works, and nothing else says so." \
        "Mostly a build in Azure took another Python than the app has, or the package came without its libraries." \
        "Deploy the package of a release, which holds them: infra/switch-on.sh $group" \
        "The reason stands in the host's log: infra/queries/host.kql"
    sleep "$wait"
done
echo "Azure finds every function: $expected."

url=${AZURE_HEALTH_URL:-}
[ -n "$url" ] || url=https://$(az functionapp show --resource-group "$group" --name "$app" \
    --query defaultHostName --output tsv | tr -d '\r')/api/health
body=$(mktemp)
trap 'rm -f "$body"' EXIT
said=
try=0
while :; do
    : >"$body"
    code=$(curl --silent --max-time 30 --output "$body" --write-out '%{http_code}' "$url") || code=000
    status=$(sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p' "$body")
    [ "$code" != 200 ] || break
    now=${status:-no answer of ours (HTTP $code)}
    [ "$said" = "$now" ] || echo "Health says: $now."
    said=$now
    try=$((try + 1))
    [ "$try" -lt "$tries" ] || break
    sleep "$wait"
done

# The reason is for those with a key alone, which goes by standard input: arguments can be read by others.
reason=
if [ "$status" = failing ]; then
    key=$(az functionapp function keys list --resource-group "$group" --name "$app" --function-name health_details \
        --query default --output tsv | tr -d '\r')
    printf 'header = "x-functions-key: %s"\n' "$key" |
        curl --silent --max-time 30 --config - --output "$body" "$url/details" || :
    reason=$(sed -n 's/.*"reason": *"\([a-z_]*\)".*/\1/p' "$body")
fi
case $code/$status/$reason in
    200/degraded/*)
        echo "Polls are good, but cards wait or were given up: maa-notify doctor says which."
        exit 0
        ;;
    200/*)
        echo "The notifier is well: a poll was good by $(date -u '+%Y-%m-%d %H:%M:%S') UTC."
        exit 0
        ;;
    */failing/settings) way="A setting is wrong, or a secret of the vault is missing: the log names it (docs/operations.md)." ;;
    */failing/graph_denied) way="Graph refuses the list: run infra/grant.sh $group. Granted after a first poll it counts up to a day later." ;;
    */failing/permission_lost) way="A permission is gone, and with it requests that it showed: docs/deployment.md, \"Taking a permission away\"." ;;
    */failing/state*) way="The state store cannot be used: the role Storage Table Data Contributor may be missing, or is not known everywhere yet. Wait a few minutes." ;;
    */failing/*) way="Polls fail: maa-notify doctor, or the log, says why (docs/operations.md)." ;;
    */starting/* | */stale/*) way="The timer does not poll. Restart the app: az functionapp restart --resource-group $group --name $app" ;;
    *) way="The address $url did not answer as ours: is the app stopped, or closed to where you are?" ;;
esac
stop "The code is there, but the notifier is not well. $way"
