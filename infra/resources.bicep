// Everything that lives in the resource group. main.bicep makes the group for azd; without azd deploy this file.
import { AppSettings } from 'types.bicep'

@description('Region of all resources. It needs Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

@description('Name of this deployment; two of different names may share a group.')
@minLength(1)
@maxLength(64)
param environmentName string = 'maa-notify'

@description('Mail addresses that hear when the notifier itself is silent, separated by commas. Empty: nobody hears.')
param alarmEmails string

@description('Which secrets of the vault the app reads: the URL of one workflow, a list of destinations, both, or none in a fleet whose tenants have their own.')
@allowed(['webhook', 'destinations', 'both', 'none'])
param channels string = 'webhook'

@description('URL of the Teams workflow. Empty: what the vault has is left alone.')
@secure()
param teamsWebhookUrl string = ''

@description('MAA_DESTINATIONS as JSON, with the webhook URLs in it. Empty: what the vault has is left alone.')
@secure()
param destinations string = ''

@description('The tenant to watch: its id or domain name.')
param tenantId string = tenant().tenantId

@description('What the tenant is called on cards. Empty: no name.')
@maxLength(60)
param tenantName string = ''

@description('The cloud of that tenant.')
@allowed(['global', 'usgov', 'dod', 'china'])
param cloud string = environment().name == 'AzureUSGovernment'
  ? 'usgov'
  : (environment().name == 'AzureChinaCloud' ? 'china' : 'global')

@description('The table for the state of the notifier.')
@minLength(3)
@maxLength(63)
param tableName string = 'MaaNotify'

@description('When to remind of a request that waits: shares of its lifetime and times left. Empty: never.')
param reminders string = '50%,24h,4h'

@description('When to remind the requestor of an approved request that is not completed, such as 4h,24h. Empty: never.')
param completeReminders string = ''

@description('Hours and days on which reminders wait, such as 22:00-07:00 Europe/Berlin; Sat,Sun. Empty: none.')
param quietHours string = ''

@description('Time zone of the times on cards, by its IANA name. Empty: UTC.')
param timeZone string = ''

@description('Address of a ticket, https only, with {} where its number goes. Empty: no links.')
param ticketLink string = ''

@description('Pattern of ticket numbers, such as INC-[0-9]{4,8}; given with the address.')
param ticketPattern string = ''

@description('More due notifications than this for one destination become one digest card.')
@minValue(1)
@maxValue(10000)
param digestAbove int = 5

@description('Days of silence after which a destination gets a sign of life. 0: never.')
@minValue(0)
@maxValue(80)
param heartbeatDays int = 30

@description('When last week is summed up, such as MON 08:00 in the display time zone. Empty: never.')
param summary string = ''

@description('Days that the journal and past requests are kept.')
@minValue(35)
@maxValue(3650)
param retentionDays int = 365

@description('When to poll: the six fields of NCRONTAB, in UTC.')
@minLength(11)
param pollSchedule string = '0 * * * * *'

@description('Look after the defence around approval once a day.')
@allowed(['off', 'on'])
param posture string = 'off'

@description('The time between two of these looks, such as 24h.')
param postureEvery string = '24h'

@description('MAA_POSTURE_ACCEPT as JSON: findings that are known and borne. Empty: none.')
param postureAccept string = ''

@description('How many accounts may be Global Administrator for good: the fewest and the most.')
param globalAdmins string = '2-4'

@description('Makes a bot beside the app, which keeps one card for each request up to date.')
param bot bool = false

@description('The bot writes to requestors in a chat of their own. Without the bot it does nothing.')
param requestorChat bool = false

@description('People may ask the bot, which opens an address for Teams. Without the bot it does nothing.')
param botCommands bool = false

@description('Watches many tenants, as docs/fleet.md says.')
param fleet bool = false

@description('MAA_TENANTS as JSON, for a fleet. Empty: what the vault has is left alone.')
@secure()
param tenants string = ''

@description('File beside host.json with that list, for one that is too long for the vault. Empty: the vault has it.')
param tenantsFile string = ''

@description('App settings that are secrets of the vault, such as those that entries of the list refer to, or MAA_PING_URL. The secret has the name with - in place of _.')
param fleetSecrets string[] = []

@description('Further app settings by name, for what has no parameter of its own. No secrets: anybody who may read the deployment reads them.')
param moreSettings AppSettings = {}

@description('Memory of an instance in MB. 512 holds a poll with room to spare; 2048 buys a faster cold start.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('Most instances at once. Below 40 some regions refuse.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances of the timer that are never cold, at a price.')
@minValue(0)
@maxValue(10)
param alwaysReadyInstances int = 0

@description('How storage is replicated. ZRS outlasts the loss of a zone where the region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param storageReplication string = 'Standard_LRS'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day that are taken at most. -1: no bound.')
@minValue(-1)
param logDailyQuotaGb int = 1

@description('Minutes without a good poll before the alarm; more than the schedule takes between two polls.')
@minValue(10)
@maxValue(300)
param staleAfterMinutes int = 30

@description('Seconds between two questions of the availability test from one place. Each question is billed.')
@allowed([300, 600, 900])
param testFrequencySeconds int = 900

@description('Ids of the places that the availability test asks from. Of several, two have to agree. Empty: one of this cloud.')
param testLocations string[] = []

@description('Keeps storage and vault off the internet: a network, private endpoints, and their DNS zones.')
param privateNetwork bool = false

@description('Address space of that network.')
param networkPrefix string = '10.61.0.0/24'

@description('Part of it that the app calls out through.')
param appSubnetPrefix string = '10.61.0.0/26'

@description('Resource id of a NAT gateway for that part. Empty: Azure lets the app out in its own way, if at all.')
param natGatewayId string = ''

@description('Part of it where storage and vault answer.')
param endpointSubnetPrefix string = '10.61.0.64/26'

@description('Assigns the Azure roles of the identity. false: somebody else does, with infra/grant.sh.')
param assignRoles bool = true

@description('Name of another resource group, which exists, for the action group and the rules that watch this group. Empty: this group.')
@maxLength(90)
param alarmGroupName string = ''

@description('Forbids to delete what was deployed, until the lock is taken away. Not without assignRoles: it takes the same right.')
param deleteLock bool = true

@description('Logs who writes to the tables, and rings for whoever is not the notifier. In a fleet each poll of each tenant is a line.')
param watchTables bool = !fleet

@description('Address ranges that may ask the health address and poll by hand, beside the availability test and Teams. Empty: everybody.')
param callers string[] = []

@description('Address ranges that may deploy code. Empty: from everywhere, with a role on the app.')
param deployers string[] = []

var hash = uniqueString(resourceGroup().id, environmentName)
var vaultName = 'kv-maa-${hash}'
// Not the vault's own output: a list that is made in a loop has to be known when a deployment starts.
var secretsUri = 'https://${vaultName}${environment().suffixes.keyvaultDns}/secrets/'
// What is misspelt fails before anything is deployed, not in an app that then tells nobody.
var checkedTenantId = (length(tenantId) == 36 || contains(tenantId, '.')) && !contains(tenantId, ' ') && !contains(
    tenantId,
    '@'
  )
  ? tenantId
  : fail('tenantId: "${tenantId}" is neither the id of a tenant nor a domain name')
var scheduleFields = filter(split(pollSchedule, ' '), field => !empty(field))
var checkedSchedule = length(scheduleFields) == 6 || length(scheduleFields) == 5
  ? join(scheduleFields, ' ')
  : fail('pollSchedule: "${pollSchedule}" has not the six fields of NCRONTAB, such as 0 */5 * * * *')
var tags = {
  app: 'maa-notify'
  'azd-env-name': environmentName
}

module identity 'modules/identity.bicep' = {
  params: {
    name: 'id-maa-${hash}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: 'stmaa${hash}'
    location: location
    tags: tags
    replication: storageReplication
    isPrivate: privateNetwork
    workspaceId: watchTables ? monitoring.outputs.workspaceId : ''
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: 'log-maa-${hash}'
    componentName: 'appi-maa-${hash}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module vault 'modules/vault.bicep' = {
  params: {
    name: vaultName
    location: location
    tags: tags
    isPrivate: privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    teamsWebhookUrl: teamsWebhookUrl
    destinations: destinations
    tenants: tenants
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  params: {
    name: 'vnet-maa-${hash}'
    location: location
    tags: tags
    addressPrefix: networkPrefix
    appSubnetPrefix: appSubnetPrefix
    natGatewayId: natGatewayId
    endpointSubnetPrefix: endpointSubnetPrefix
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module roles 'roles/main.bicep' = if (assignRoles) {
  params: {
    principalId: identity.outputs.principalId
    storageAccountName: storage.outputs.name
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
    fleet: fleet
  }
}

var hostSettings = [
  {
    name: 'AzureWebJobsStorage__credential'
    value: 'managedidentity'
  }
  {
    name: 'AzureWebJobsStorage__clientId'
    value: identity.outputs.clientId
  }
  {
    name: 'AzureWebJobsStorage__blobServiceUri'
    value: storage.outputs.blobEndpoint
  }
  {
    name: 'AzureWebJobsStorage__queueServiceUri'
    value: storage.outputs.queueEndpoint
  }
  {
    name: 'AzureWebJobsStorage__tableServiceUri'
    value: storage.outputs.tableEndpoint
  }
  {
    name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
    value: monitoring.outputs.connectionString
  }
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    value: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
  }
]

var ownSettings = [
  {
    name: 'MAA_TENANT_ID'
    value: checkedTenantId
  }
  {
    name: 'MAA_TENANT_NAME'
    value: tenantName
  }
  {
    name: 'MAA_CLIENT_ID'
    value: identity.outputs.clientId
  }
  {
    name: 'MAA_CLOUD'
    value: cloud
  }
  {
    name: 'MAA_STATE'
    value: storage.outputs.tableEndpoint
  }
  {
    name: 'MAA_TABLE_NAME'
    value: tableName
  }
  {
    name: 'MAA_REMINDERS'
    value: reminders
  }
  {
    name: 'MAA_COMPLETE_REMINDERS'
    value: completeReminders
  }
  {
    name: 'MAA_QUIET_HOURS'
    value: quietHours
  }
  {
    name: 'MAA_TIME_ZONE'
    value: timeZone
  }
  {
    name: 'MAA_TICKET_LINK'
    value: ticketLink
  }
  {
    name: 'MAA_TICKET_PATTERN'
    value: ticketPattern
  }
  {
    name: 'MAA_DIGEST_ABOVE'
    value: string(digestAbove)
  }
  {
    name: 'MAA_HEARTBEAT_DAYS'
    value: string(heartbeatDays)
  }
  {
    name: 'MAA_SUMMARY'
    value: summary
  }
  {
    name: 'MAA_RETENTION_DAYS'
    value: string(retentionDays)
  }
  {
    name: 'MAA_POLL_SCHEDULE'
    value: checkedSchedule
  }
  {
    name: 'MAA_POSTURE'
    value: posture
  }
  {
    name: 'MAA_POSTURE_EVERY'
    value: postureEvery
  }
  {
    name: 'MAA_POSTURE_ACCEPT'
    value: postureAccept
  }
  {
    name: 'MAA_GLOBAL_ADMINS'
    value: globalAdmins
  }
]

var botSettings = [
  {
    name: 'MAA_BOT_CLIENT_ID'
    value: identity.outputs.clientId
  }
  {
    name: 'MAA_REQUESTOR_CHAT'
    value: requestorChat ? 'true' : 'false'
  }
  {
    name: 'MAA_BOT_COMMANDS'
    value: botCommands ? 'true' : 'false'
  }
]

var fleetSettings = [
  {
    name: 'MAA_TENANTS'
    value: empty(tenantsFile) ? '@Microsoft.KeyVault(SecretUri=${secretsUri}tenants)' : tenantsFile
  }
  {
    name: 'MAA_MANAGED_IDENTITY_CLIENT_ID'
    value: identity.outputs.clientId
  }
  {
    name: 'AzureFunctionsJobHost__extensionBundle__id' // queues take the bundle, which is not for everybody to load
    value: 'Microsoft.Azure.Functions.ExtensionBundle'
  }
  {
    name: 'AzureFunctionsJobHost__extensionBundle__version'
    value: '[4.*, 5.0.0)'
  }
  {
    name: 'PYTHON_THREADPOOL_THREAD_COUNT' // as many as the host hands out at once
    value: '24'
  }
  {
    // Runs by the million: a few of them tell enough, and what fails also leaves a line, which is never sampled.
    name: 'AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__excludedTypes'
    value: 'Exception;Trace'
  }
  {
    name: 'AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__maxTelemetryItemsPerSecond'
    value: '1'
  }
]

var secretSettings = [
  for name in fleetSecrets: {
    name: name
    value: '@Microsoft.KeyVault(SecretUri=${secretsUri}${replace(name, '_', '-')})'
  }
]

var furtherSettings = [
  for setting in items(moreSettings): {
    name: setting.key
    value: setting.value
  }
]

var webhookSetting = {
  name: 'MAA_TEAMS_WEBHOOK_URL'
  value: '@Microsoft.KeyVault(SecretUri=${secretsUri}teams-webhook-url)'
}

var destinationsSetting = {
  name: 'MAA_DESTINATIONS'
  value: '@Microsoft.KeyVault(SecretUri=${secretsUri}destinations)'
}

var channelSettings = {
  webhook: [webhookSetting]
  destinations: [destinationsSetting]
  both: [webhookSetting, destinationsSetting]
  none: []
}

module app 'modules/app.bicep' = {
  params: {
    name: 'func-maa-${hash}'
    planName: 'plan-maa-${hash}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    appSettings: concat(
      hostSettings,
      ownSettings,
      bot ? botSettings : [],
      fleet ? fleetSettings : [],
      secretSettings,
      furtherSettings,
      channelSettings[channels]
    )
    packageContainerUrl: storage.outputs.packageContainerUrl
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    callers: callers
    deployers: deployers
    answersTeams: bot && botCommands
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
  }
  #disable-next-line no-unnecessary-dependson // roles and network wait for the vault, but may be left out
  dependsOn: [roles, vault] // the host looks for its storage and for its secrets at once
}

module teamsBot 'modules/bot.bicep' = if (bot) {
  params: {
    name: 'bot-maa-${hash}'
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    endpoint: botCommands ? 'https://${app.outputs.hostName}/api/messages' : ''
  }
}

module guard 'modules/guard.bicep' = {
  scope: resourceGroup(empty(alarmGroupName) ? resourceGroup().name : alarmGroupName)
  params: {
    prefix: 'maa-${hash}'
    tags: tags
    emails: alarmEmails
    watchedGroupId: resourceGroup().id
    deleteLock: deleteLock && assignRoles && !empty(alarmGroupName) && alarmGroupName != resourceGroup().name
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (deleteLock && assignRoles) {
  name: 'maa-${hash}-keep'
  properties: {
    level: 'CanNotDelete'
    notes: 'The state of MAA Notify is here, and what watches it. docs/deployment.md, "Removal".'
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    prefix: 'maa-${hash}'
    location: location
    tags: tags
    actionGroupId: guard.outputs.actionGroupId
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    componentId: monitoring.outputs.componentId
    healthUrl: app.outputs.healthUrl
    staleAfterMinutes: staleAfterMinutes
    testFrequencySeconds: testFrequencySeconds
    testLocations: testLocations
    fleet: fleet
  }
}

module workbook 'modules/workbook.bicep' = {
  params: {
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    fleet: fleet
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('Name of the Function App.')
output functionAppName string = app.outputs.name

@description('Answers whether the notifier is well.')
output healthUrl string = app.outputs.healthUrl

@description('Name of the identity.')
output identityName string = identity.outputs.name

@description('Object id of the identity: what the permissions of Graph are granted to.')
output identityPrincipalId string = identity.outputs.principalId

@description('Client id of the identity.')
output identityClientId string = identity.outputs.clientId

@description('Name of the bot. Empty: there is none.')
output botName string = bot ? teamsBot!.outputs.name : ''

@description('Name of the vault.')
output vaultName string = vault.outputs.name
