// The one identity of the notifier: for Graph, storage, the vault and telemetry.
import { Tags } from '../types.bicep'

@description('Region of the identity.')
param location string

@description('Name of the identity.')
@minLength(3)
@maxLength(128)
param name string

@description('Tags of the identity.')
param tags Tags

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id, for resources that use the identity.')
output id string = identity.id

@description('Name of the identity.')
output name string = identity.name

@description('Object id of the service principal, for role assignments and the permissions of Graph.')
output principalId string = identity.properties.principalId

@description('Client id, which the app and the Functions host sign in with.')
output clientId string = identity.properties.clientId
