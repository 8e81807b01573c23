// The account for state (tables), for the Functions host (blobs) and for the deployed package. It has no keys in use.
import { Tags } from '../types.bicep'

@description('Region of the account.')
param location string

@description('Name of the account, unique in the world.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of the account.')
param tags Tags

@description('How the data is replicated. ZRS outlasts the loss of a zone where the region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param replication string

@description('Closes the public endpoint; private endpoints take its place.')
param isPrivate bool

@description('Resource id of the Log Analytics workspace that hears who writes to the tables. Empty: nobody hears.')
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: replication
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = {
  parent: blobs
  name: 'app-package'
  properties: {
    publicAccess: 'None'
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-08-01' existing = {
  parent: account
  name: 'default'
}

#disable-next-line use-recent-api-versions // the newest that there is: the only stable version is of 2016
resource writers 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(workspaceId)) {
  name: 'writers'
  scope: tables
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Where the Functions host keeps its locks.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Named to the Functions host. Nothing is queued but the polls of a fleet.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Where the notifier keeps its state.')
output tableEndpoint string = account.properties.primaryEndpoints.table

@description('Where the deployed package lies.')
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${packages.name}'
