# Before code is deployed: looks whether the identity has its permissions of Graph, and grants nothing. A first poll
# without them would leave a token without them in Azure's cache for about a day. The same as predeploy.sh.
$ErrorActionPreference = 'Stop'

if ($env:AZURE_SKIP_GRANT_CHECK -eq 'true') {
    Write-Host 'Not checked, as AZURE_SKIP_GRANT_CHECK says: the permissions of Graph.'
    exit 0
}
if (-not $env:AZURE_IDENTITY_PRINCIPAL_ID -or -not $env:AZURE_RESOURCE_GROUP) {
    Write-Host 'AZURE_IDENTITY_PRINCIPAL_ID and AZURE_RESOURCE_GROUP are set by azd provision; run that first.'
    exit 1
}

# By family of requests, as in infra/graph/families.sh.
$permissions = [ordered]@{
    apps                 = 'DeviceManagementApps.Read.All', '7a6ee1e7-141e-4cec-ae74-d9db155731ff'
    configuration        = 'DeviceManagementConfiguration.Read.All', 'dc377aa6-52d8-4e23-b271-2a7ae04cedf3'
    device_actions       = 'DeviceManagementManagedDevices.Read.All', '2f51be20-0bb4-4fed-bf7b-db946066c75e'
    scripts              = 'DeviceManagementScripts.Read.All', 'c7a5be92-2b3d-4540-8a67-c96dcaae8b43'
    tenant_configuration = 'DeviceManagementServiceConfig.Read.All', '06a5fe6d-c49d-46a7-b082-56b1b14103c7'
    roles                = 'DeviceManagementRBAC.Read.All', '58ca0d9a-1575-47e1-a3cb-007ef2e4583b'
}
$says = 'Nothing was deployed: it could not be seen whether the identity may read approval requests (az login?).'
$goesOn = $false
if (Get-Command az -ErrorAction SilentlyContinue) {
    $graph = "$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)".TrimEnd('/')
    $url = "$graph/v1.0/servicePrincipals/$($env:AZURE_IDENTITY_PRINCIPAL_ID)/appRoleAssignments"
    $granted = az rest --method get --url $url --query 'value[].appRoleId' --output tsv
    if ($LASTEXITCODE -eq 0) {
        $missing = @($permissions.Keys | Where-Object { $granted -notcontains $permissions[$_][1] })
        if ($missing.Count -eq 0) { exit 0 }
        foreach ($family in $missing) {
            Write-Host "Missing: $($permissions[$family][0]) (requests of the family $family may be hidden)."
        }
        # Either of the two lets requests be listed.
        $goesOn = $missing -notcontains 'roles' -or $missing -notcontains 'configuration'
        $says = if ($goesOn) {
            'WARNING: the identity lacks permissions of the recommended set, so some kinds of requests may be hidden without a word.'
        } else {
            'Nothing was deployed: the identity may not read approval requests yet.'
        }
    }
}

$only = if ($env:AZURE_ASSIGN_ROLES -eq 'false') { '' } else { ' --graph-only' }
Write-Host $says
if ($goesOn) {
    Write-Host 'Granted later they count up to a day later. If you left them out on purpose, all is as you want it.'
}
Write-Host 'Have a Privileged Role Administrator run this in a clone of this repository, for example in Azure Cloud Shell:'
Write-Host ''
Write-Host "    infra/grant.sh $($env:AZURE_RESOURCE_GROUP)$only"
Write-Host ''
if ($goesOn) {
    Write-Host 'The deployment goes on.'
    exit 0
}
Write-Host 'Then run: azd deploy'
Write-Host 'If you know that the permissions are there: azd env set AZURE_SKIP_GRANT_CHECK true'
exit 1
