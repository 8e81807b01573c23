// A resource group beside that of the notifier, so that whoever deletes the one does not delete the alarm of it.
import { Tags } from '../types.bicep'

targetScope = 'subscription'

@description('Region of the group.')
param location string

@description('Name of the group.')
@minLength(1)
@maxLength(90)
param name string

@description('Tags of the group.')
param tags Tags

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: name
  location: location
  tags: tags
}
