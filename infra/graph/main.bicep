// The one permission of Microsoft Graph: DeviceManagementRBAC.Read.All, to read approval requests.
// It stands apart because granting it needs the role Privileged Role Administrator in Entra, not a role in Azure.
// If the permission is there already, some tenants refuse this file with a conflict; grant.sh can be repeated.
extension microsoftGraphV1

@description('Object id of the identity of the notifier.')
@minLength(36)
@maxLength(36)
param principalId string

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource permission 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: '58ca0d9a-1575-47e1-a3cb-007ef2e4583b'
  principalId: principalId
  resourceId: graph.id
}
