# Before code is deployed: looks whether the identity has its permission of Graph, and grants nothing. A first poll
# without it would leave a token without it in Azure's cache for about a day. The same as predeploy.sh.
$ErrorActionPreference = 'Stop'

if ($env:AZURE_SKIP_GRANT_CHECK -eq 'true') {
    Write-Host 'Not checked, as AZURE_SKIP_GRANT_CHECK says: the permission of Graph.'
    exit 0
}
if (-not $env:AZURE_IDENTITY_PRINCIPAL_ID -or -not $env:AZURE_RESOURCE_GROUP) {
    Write-Host 'AZURE_IDENTITY_PRINCIPAL_ID and AZURE_RESOURCE_GROUP are set by azd provision; run that first.'
    exit 1
}

$roleId = '58ca0d9a-1575-47e1-a3cb-007ef2e4583b' # DeviceManagementRBAC.Read.All
$why = 'it could not be seen whether the identity may read approval requests (az login?).'
if (Get-Command az -ErrorAction SilentlyContinue) {
    $graph = "$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)".TrimEnd('/')
    $url = "$graph/v1.0/servicePrincipals/$($env:AZURE_IDENTITY_PRINCIPAL_ID)/appRoleAssignments"
    $roles = az rest --method get --url $url --query 'value[].appRoleId' --output tsv
    if ($LASTEXITCODE -eq 0) {
        if ($roles -contains $roleId) { exit 0 }
        $why = 'the identity may not read approval requests yet.'
    }
}

$only = if ($env:AZURE_ASSIGN_ROLES -eq 'false') { '' } else { ' --graph-only' }
Write-Host "Nothing was deployed: $why"
Write-Host 'Have a Privileged Role Administrator run this in a clone of this repository, for example in Azure Cloud Shell:'
Write-Host ''
Write-Host "    infra/grant.sh $($env:AZURE_RESOURCE_GROUP)$only"
Write-Host ''
Write-Host 'Then run: azd deploy'
Write-Host 'If you know that the permission is there: azd env set AZURE_SKIP_GRANT_CHECK true'
exit 1
