// The vault for the addresses of the Teams channels: whoever has one can post, so they are secrets.
import { Tags } from '../types.bicep'

@description('Region of the vault.')
param location string

@description('Name of the vault, unique in the world.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of the vault.')
param tags Tags

@description('Closes the public endpoint; a private endpoint takes its place.')
param isPrivate bool

@description('Resource id of the Log Analytics workspace that hears who read what.')
param workspaceId string

@description('URL of the Teams workflow. Empty: what the vault has is left alone.')
@secure()
param teamsWebhookUrl string

@description('MAA_DESTINATIONS as JSON. Empty: what the vault has is left alone.')
@secure()
param destinations string

@description('MAA_TENANTS as JSON. Empty: what the vault has is left alone.')
@secure()
param tenants string

@description('MAA_PING_URL. Empty: what the vault has is left alone.')
@secure()
param pingUrl string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource webhookEntry 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (!empty(teamsWebhookUrl)) {
  parent: vault
  name: 'teams-webhook-url'
  properties: {
    contentType: 'URL of a Teams workflow'
    value: teamsWebhookUrl
  }
}

resource destinationsEntry 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (!empty(destinations)) {
  parent: vault
  name: 'destinations'
  properties: {
    contentType: 'application/json'
    value: destinations
  }
}

resource tenantsEntry 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (!empty(tenants)) {
  parent: vault
  name: 'tenants'
  properties: {
    contentType: 'application/json'
    value: tenants
  }
}

resource pingEntry 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (!empty(pingUrl)) {
  parent: vault
  name: 'ping-url'
  properties: {
    contentType: 'URL of a monitor'
    value: pingUrl
  }
}

#disable-next-line use-recent-api-versions // the newest that there is: the only stable version is of 2016
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated' // a table of its own, whose columns are there before the first row
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name
