# After code was deployed: does Azure find every function, and is the notifier well? "Running" in the portal says neither.
# The same as postdeploy.sh. CHECK_TRIES and CHECK_WAIT_SECONDS bound how long it waits for each of the two.
$ErrorActionPreference = 'Stop'

$group = $env:AZURE_RESOURCE_GROUP
$app = $env:AZURE_FUNCTION_APP
if (-not $group -or -not $app) {
    Write-Host 'AZURE_RESOURCE_GROUP and AZURE_FUNCTION_APP are set by azd provision; run that first.'
    exit 1
}
$tries = if ($env:CHECK_TRIES) { [int]$env:CHECK_TRIES } else { 40 }
$wait = if ($env:CHECK_WAIT_SECONDS) { [int]$env:CHECK_WAIT_SECONDS } else { 15 }

if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Write-Host 'The deployment was not checked: the Azure CLI (az) was not found.'
    exit 1
}

# What the settings of the app make of function_app.py.
$query = "[?(name=='MAA_BOT_COMMANDS' && value=='true') || (name=='MAA_TENANTS' && value!='')].name"
$settings = @(az functionapp config appsettings list --resource-group $group --name $app --output tsv --query $query)
if ($LASTEXITCODE -ne 0) {
    Write-Host "The deployment was not checked: the settings of $app could not be read (az login?)."
    exit 1
}
$expected = if ($settings -contains 'MAA_TENANTS') {
    'health', 'health_details', 'poll', 'poll_now', 'poll_tenant', 'put_aside'
} elseif ($settings -contains 'MAA_BOT_COMMANDS') {
    'health', 'health_details', 'messages', 'poll', 'poll_now'
} else {
    'health', 'health_details', 'poll', 'poll_now'
}

$said = ''
for ($try = 1; ; $try++) {
    $found = @(az functionapp function list --resource-group $group --name $app --query '[].name' --output tsv) |
        ForEach-Object { ($_ -split '/')[-1] }
    $missing = @($expected | Where-Object { $found -notcontains $_ }) -join ' '
    if (-not $missing) { break }
    if ($said -ne $missing) { Write-Host "Azure does not find yet: $missing." }
    $said = $missing
    if ($try -ge $tries) {
        Write-Host "Azure does not find: $missing. Nothing that lacks its function works, and nothing else says so."
        Write-Host 'Mostly a build in Azure took another Python than the app has, or the package came without its libraries.'
        Write-Host "Deploy the package of a release, which holds them: infra/switch-on.sh $group"
        Write-Host "The reason stands in the host's log: infra/queries/host.kql"
        exit 1
    }
    Start-Sleep -Seconds $wait
}
Write-Host "Azure finds every function: $($expected -join ' ')."

$url = $env:AZURE_HEALTH_URL
if (-not $url) {
    $name = az functionapp show --resource-group $group --name $app --query defaultHostName --output tsv
    $url = "https://$name/api/health"
}
$said = ''
for ($try = 1; ; $try++) {
    $code = 0
    $status = ''
    try {
        $answer = Invoke-WebRequest -Uri $url -TimeoutSec 30 -SkipHttpErrorCheck
        $code = [int]$answer.StatusCode
        $body = "$($answer.Content)"
        if ($body -match '"status": *"([a-z]*)"') { $status = $Matches[1] }
    } catch {
        $code = 0
    }
    if ($code -eq 200) { break }
    $now = if ($status) { $status } else { "no answer of ours (HTTP $code)" }
    if ($said -ne $now) { Write-Host "Health says: $now." }
    $said = $now
    if ($try -ge $tries) { break }
    Start-Sleep -Seconds $wait
}

if ($code -eq 200 -and $status -eq 'degraded') {
    Write-Host 'Polls are good, but cards wait or were given up: maa-notify doctor says which.'
    exit 0
}
if ($code -eq 200) {
    $time = (Get-Date).ToUniversalTime().ToString('yyyy-MM-dd HH:mm:ss')
    Write-Host "The notifier is well: a poll was good by $time UTC."
    exit 0
}
# The reason is for those with a key alone.
$reason = ''
if ($status -eq 'failing') {
    $key = az functionapp function keys list --resource-group $group --name $app --function-name health_details --query default --output tsv
    try {
        $answer = Invoke-WebRequest -Uri "$url/details" -TimeoutSec 30 -SkipHttpErrorCheck -Headers @{ 'x-functions-key' = "$key" }
        if ("$($answer.Content)" -match '"reason": *"([a-z_]*)"') { $reason = $Matches[1] }
    } catch {
        $reason = ''
    }
}
$way = switch -Regex ("$status/$reason") {
    '^failing/settings$' { 'A setting is wrong, or a secret of the vault is missing: the log names it (docs/operations.md).'; break }
    '^failing/graph_denied$' { "Graph refuses the list: run infra/grant.sh $group. Granted after a first poll it counts up to a day later."; break }
    '^failing/permission_lost$' { 'A permission is gone, and with it requests that it showed: docs/deployment.md, "Taking a permission away".'; break }
    '^failing/state' { 'The state store cannot be used: the role Storage Table Data Contributor may be missing, or is not known everywhere yet. Wait a few minutes.'; break }
    '^failing/' { 'Polls fail: maa-notify doctor, or the log, says why (docs/operations.md).'; break }
    '^(starting|stale)/' { "The timer does not poll. Restart the app: az functionapp restart --resource-group $group --name $app"; break }
    default { "The address $url did not answer as ours: is the app stopped, or closed to where you are?" }
}
Write-Host "The code is there, but the notifier is not well. $way"
exit 1
