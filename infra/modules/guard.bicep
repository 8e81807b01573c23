// Who hears, and what Azure itself notes of the notifier: by mail, from a group of its own if there is one, so that whoever
// deletes the group of the notifier does not delete the alarm of it.
import { checkedMail } from '../checks.bicep'
import { Tags } from '../types.bicep'

@description('Start of the names of the rules.')
param prefix string

@description('Tags of all.')
param tags Tags

@description('Mail addresses that hear an alarm, separated by commas. Empty: nobody hears.')
param emails string

@description('Resource id of the group that is watched.')
param watchedGroupId string

@description('Forbids to delete what is in this group, until the lock is taken away.')
param deleteLock bool

var given = filter(map(split(emails, ','), address => toLower(trim(address))), address => !empty(address))
// Each once: two receivers of one name are refused.
var addresses = union(given, given)

var changes = {
  app: {
    description: 'The app of the notifier was changed, stopped, deleted or given other code. Was it you?'
    operations: [
      'Microsoft.Web/sites/write'
      'Microsoft.Web/sites/delete'
      'Microsoft.Web/sites/stop/action'
      'Microsoft.Web/sites/config/write'
      'Microsoft.Web/sites/extensions/write'
      'Microsoft.Web/sites/functions/write'
      'Microsoft.Web/sites/functions/delete'
      'Microsoft.Web/sites/basicPublishingCredentialsPolicies/write'
      'Microsoft.Web/serverfarms/delete'
      'Microsoft.Resources/subscriptions/resourceGroups/delete'
    ]
  }
  rules: {
    description: 'An alarm of the notifier, or what it is made of, was changed, silenced or deleted. Was it you?'
    operations: [
      'Microsoft.Insights/scheduledQueryRules/write'
      'Microsoft.Insights/scheduledQueryRules/delete'
      'Microsoft.Insights/metricAlerts/write'
      'Microsoft.Insights/metricAlerts/delete'
      'Microsoft.Insights/activityLogAlerts/write'
      'Microsoft.Insights/activityLogAlerts/delete'
      'Microsoft.Insights/actionGroups/write'
      'Microsoft.Insights/actionGroups/delete'
      'Microsoft.Insights/webtests/write'
      'Microsoft.Insights/webtests/delete'
      'Microsoft.Insights/diagnosticSettings/delete'
      'Microsoft.AlertsManagement/actionRules/write'
      'Microsoft.OperationalInsights/workspaces/write'
      'Microsoft.OperationalInsights/workspaces/delete'
      'Microsoft.Insights/components/delete'
    ]
  }
  roles: {
    description: 'Somebody was given or lost rights on the notifier, its identity, its state or its secrets. Was it you?'
    operations: [
      'Microsoft.Authorization/roleAssignments/write'
      'Microsoft.Authorization/roleAssignments/delete'
      'Microsoft.Authorization/locks/delete'
      'Microsoft.ManagedIdentity/userAssignedIdentities/delete'
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write'
      'Microsoft.Storage/storageAccounts/write'
      'Microsoft.Storage/storageAccounts/delete'
      'Microsoft.Storage/storageAccounts/listKeys/action'
      'Microsoft.KeyVault/vaults/write'
      'Microsoft.KeyVault/vaults/delete'
    ]
  }
}

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${prefix}-mail'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'MAA Notify'
    emailReceivers: [
      for address in addresses: {
        name: address
        emailAddress: checkedMail(address)
        useCommonAlertSchema: true
      }
    ]
  }
}

resource changeRules 'Microsoft.Insights/activityLogAlerts@2026-01-01' = [
  for change in items(changes): {
    name: '${prefix}-${change.key}'
    location: 'global'
    tags: tags
    properties: {
      description: change.value.description
      enabled: true
      scopes: [watchedGroupId]
      condition: {
        allOf: [
          {
            field: 'category'
            equals: 'Administrative'
          }
          {
            field: 'status'
            equals: 'Succeeded'
          }
          {
            anyOf: [
              for operation in change.value.operations: {
                field: 'operationName'
                equals: operation
              }
            ]
          }
        ]
      }
      actions: {
        actionGroups: [
          {
            actionGroupId: mail.id
          }
        ]
      }
    }
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (deleteLock) {
  name: '${prefix}-keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'Who deletes the alarm of MAA Notify silences it. docs/deployment.md, "Removal".'
  }
}

@description('Resource id of the action group.')
output actionGroupId string = mail.id
