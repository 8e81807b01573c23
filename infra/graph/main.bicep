// The permissions of Microsoft Graph, all read-only. Of those for requests one opens the list, and each shows requests of its family.
// They stand apart because granting them needs the role Privileged Role Administrator in Entra, not a role in Azure.
// If one is there already, some tenants refuse this file with a conflict; grant.sh can be repeated. Neither takes any away unasked.
extension microsoftGraphV1

@description('Object id of the identity of the notifier.')
@minLength(36)
@maxLength(36)
param principalId string

@description('What the notifier is to do beside telling of requests, each with the permissions that it takes.')
param capabilities ('approvers' | 'audit' | 'watch' | 'posture')[] = []

@description('Families of requests to see: all are recommended. To list any it takes "roles" or "configuration"; of a family that is left out requests may be hidden without a word.')
@minLength(1)
param families ('apps' | 'configuration' | 'device_actions' | 'scripts' | 'tenant_configuration' | 'roles')[] = [
  'apps'
  'configuration'
  'device_actions'
  'scripts'
  'tenant_configuration'
  'roles'
]

// The same as in families.sh and maa_notify/domain/visibility.py.
var permissions = {
  apps: '7a6ee1e7-141e-4cec-ae74-d9db155731ff' // DeviceManagementApps.Read.All
  configuration: 'dc377aa6-52d8-4e23-b271-2a7ae04cedf3' // DeviceManagementConfiguration.Read.All
  device_actions: '2f51be20-0bb4-4fed-bf7b-db946066c75e' // DeviceManagementManagedDevices.Read.All
  scripts: 'c7a5be92-2b3d-4540-8a67-c96dcaae8b43' // DeviceManagementScripts.Read.All
  tenant_configuration: '06a5fe6d-c49d-46a7-b082-56b1b14103c7' // DeviceManagementServiceConfig.Read.All
  roles: '58ca0d9a-1575-47e1-a3cb-007ef2e4583b' // DeviceManagementRBAC.Read.All
}

// The same as in capabilities.sh and maa_notify/domain/capabilities.py.
var permissionsBeside = loadJsonContent('capabilities.json')

var wanted = union(
  map(families, family => permissions[family]),
  flatten(map(capabilities, capability => permissionsBeside[capability]))
)

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

@batchSize(1) // all change one object, and Entra refuses changes of one object that collide
resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in wanted: {
    appRoleId: permission
    principalId: principalId
    resourceId: graph.id
  }
]
