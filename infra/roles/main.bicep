// The Azure roles of the identity: the least that each task takes. It stands apart because assigning a role needs
// Owner, User Access Administrator or Role Based Access Control Administrator; everything else needs Contributor.

@description('Object id of the identity of the notifier.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param storageAccountName string

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('Name of the Application Insights component.')
param componentName string

@description('The identity works on queues, too: of a fleet only.')
param fleet bool = false

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // locks, timer status and keys of the host; the package
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // the state of the notifier
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // the polls that are asked for, of a fleet
var vaultReader = '4633458b-17de-408a-b874-0445c86b69e6' // Key Vault Secrets User: the addresses of the channels
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb' // telemetry with Entra sign-in

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource blobRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, blobDataOwner)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

resource tableRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, tableDataContributor)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

resource queueRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (fleet) {
  name: guid(account.id, principalId, queueDataContributor)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
  }
}

resource vaultRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, vaultReader)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', vaultReader)
  }
}

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, metricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}
