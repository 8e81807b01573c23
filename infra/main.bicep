// What is deployed, into one resource group: by azd, by the Azure CLI, and compiled as azuredeploy.json by the portal.
import { checkedSchedule, checkedTenant, isId } from 'checks.bicep'
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

@description('The tenant to watch: its id or domain name. Empty: the tenant of this subscription.')
param tenantId string = ''

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

@description('Tells who can decide a request. Needs the permissions of the capability approvers.')
@allowed(['off', 'on'])
param approvers string = 'off'

@description('The time between two readings of who can decide, such as 1h.')
param approversEvery string = '1h'

@description('Watches the logs for whoever goes around approval. Needs the permissions of the capability watch.')
@allowed(['off', 'on'])
param watch string = 'off'

@description('The time between two readings of the logs, such as 5m.')
param watchEvery string = '5m'

@description('MAA_WATCH_ALLOW as JSON: what is known and does not ring. Empty: nothing.')
param watchAllow string = ''

@description('The app sends a pulse to a monitor outside, whose address is a secret of the vault.')
param pulse bool = false

@description('MAA_PING_URL, the address of that monitor. Empty: what the vault has is left alone.')
@secure()
param pingUrl string = ''

@description('Makes a bot beside the app, which keeps one card for each request up to date.')
param bot bool = false

@description('The bot writes to requestors in a chat of their own. Without the bot it does nothing.')
param requestorChat bool = false

@description('The bot writes to each approver in a chat of their own. Needs approvers on, and a destination with a bot; without the bot it does nothing.')
param approverChat bool = false

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
param moreSecrets string[] = []

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

@description('Name of another resource group for the action group and the rules that watch this group. Empty: this group, or the one that is made.')
@maxLength(90)
param alarmGroupName string = ''

@description('Makes that other group, which takes a role on the subscription. Without a name it is called like this group, with -alarms.')
param makeAlarmGroup bool = false

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
var guardGroupName = !empty(alarmGroupName)
  ? alarmGroupName
  : makeAlarmGroup ? take('${resourceGroup().name}-alarms', 90) : resourceGroup().name
// Azure takes no notice of the case of these names.
var guardIsApart = toLower(guardGroupName) != toLower(resourceGroup().name)
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
    pingUrl: pingUrl
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

var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.outputs.clientId
  AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
  AzureWebJobsStorage__queueServiceUri: storage.outputs.queueEndpoint
  AzureWebJobsStorage__tableServiceUri: storage.outputs.tableEndpoint
  APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
}

var ownSettings = {
  MAA_TENANT_ID: empty(tenantId) ? tenant().tenantId : checkedTenant(tenantId)
  MAA_TENANT_NAME: tenantName
  MAA_CLIENT_ID: identity.outputs.clientId
  MAA_CLOUD: cloud
  MAA_STATE: storage.outputs.tableEndpoint
  MAA_TABLE_NAME: tableName
  MAA_REMINDERS: reminders
  MAA_COMPLETE_REMINDERS: completeReminders
  MAA_QUIET_HOURS: quietHours
  MAA_TIME_ZONE: timeZone
  MAA_TICKET_LINK: empty(ticketLink) == empty(ticketPattern)
    ? ticketLink
    : fail('ticketLink and ticketPattern: give both, or neither')
  MAA_TICKET_PATTERN: ticketPattern
  MAA_DIGEST_ABOVE: string(digestAbove)
  MAA_HEARTBEAT_DAYS: string(heartbeatDays)
  MAA_SUMMARY: summary
  MAA_RETENTION_DAYS: string(retentionDays)
  MAA_POLL_SCHEDULE: checkedSchedule(pollSchedule)
  MAA_POSTURE: posture
  MAA_POSTURE_EVERY: postureEvery
  MAA_POSTURE_ACCEPT: postureAccept
  MAA_GLOBAL_ADMINS: globalAdmins
  MAA_APPROVERS: approvers
  MAA_APPROVERS_EVERY: approversEvery
  MAA_WATCH: watch
  MAA_WATCH_EVERY: watchEvery
  MAA_WATCH_ALLOW: watchAllow
}

var botSettings = {
  MAA_BOT_CLIENT_ID: empty(tenantId) || isId(tenantId)
    ? identity.outputs.clientId
    : fail('tenantId: a bot takes the id of the tenant, since Teams tells no domain name')
  MAA_REQUESTOR_CHAT: requestorChat ? 'true' : 'false'
  // In a fleet each tenant says so itself, and has channels of its own.
  MAA_APPROVER_CHAT: !approverChat
    ? 'false'
    : fleet || (approvers == 'on' && contains(['destinations', 'both'], channels))
        ? 'true'
        : fail('approverChat: needs approvers on, and a destination with a bot: channels is destinations or both')
  MAA_BOT_COMMANDS: botCommands ? 'true' : 'false'
}

var fleetSettings = {
  MAA_TENANTS: empty(tenantsFile) ? '@Microsoft.KeyVault(SecretUri=${secretsUri}tenants)' : tenantsFile
  MAA_MANAGED_IDENTITY_CLIENT_ID: identity.outputs.clientId
  AzureFunctionsJobHost__extensionBundle__id: 'Microsoft.Azure.Functions.ExtensionBundle' // queues take the bundle, which is not for everybody to load
  AzureFunctionsJobHost__extensionBundle__version: '[4.*, 5.0.0)'
  PYTHON_THREADPOOL_THREAD_COUNT: '24' // as many as the host hands out at once
  // Runs by the million: a few of them tell enough, and what fails also leaves a line, which is never sampled.
  AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__excludedTypes: 'Exception;Trace'
  AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__maxTelemetryItemsPerSecond: '1'
}

var secretSettings = toObject(
  moreSecrets,
  name => name,
  name => '@Microsoft.KeyVault(SecretUri=${secretsUri}${replace(name, '_', '-')})'
)

var webhookSetting = {
  MAA_TEAMS_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${secretsUri}teams-webhook-url)'
}

var destinationsSetting = {
  MAA_DESTINATIONS: '@Microsoft.KeyVault(SecretUri=${secretsUri}destinations)'
}

var channelSettings = {
  webhook: webhookSetting
  destinations: destinationsSetting
  both: union(webhookSetting, destinationsSetting)
  none: {}
}

var pulseSettings = {
  MAA_PING_URL: '@Microsoft.KeyVault(SecretUri=${secretsUri}ping-url)'
}

module app 'modules/app.bicep' = {
  params: {
    name: 'func-maa-${hash}'
    planName: 'plan-maa-${hash}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    appSettings: union(
      hostSettings,
      ownSettings,
      bot ? botSettings : {},
      fleet ? fleetSettings : {},
      pulse ? pulseSettings : {},
      channelSettings[channels],
      secretSettings,
      moreSettings
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

module alarmGroup 'modules/group.bicep' = if (makeAlarmGroup && guardIsApart) {
  #disable-next-line no-module-name // a subscription keeps one region for a name, and other groups deploy by the same
  name: 'alarmGroup-${uniqueString(resourceGroup().id, environmentName, location)}'
  scope: subscription()
  params: {
    name: guardGroupName
    location: location
    tags: tags
  }
}

module guard 'modules/guard.bicep' = {
  #disable-next-line no-module-name // several notifiers may share that group, and deploy at once by the same name
  name: 'guard-${hash}'
  scope: resourceGroup(guardGroupName)
  params: {
    prefix: 'maa-${hash}'
    tags: tags
    emails: alarmEmails
    watchedGroupId: resourceGroup().id
    deleteLock: deleteLock && assignRoles && guardIsApart
  }
  dependsOn: [alarmGroup]
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

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('Name of the Function App.')
output AZURE_FUNCTION_APP string = app.outputs.name

@description('Answers whether the notifier is well.')
output AZURE_HEALTH_URL string = app.outputs.healthUrl

@description('Name of the identity.')
output AZURE_IDENTITY_NAME string = identity.outputs.name

@description('Object id of the identity: what the permissions of Graph are granted to.')
output AZURE_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Client id of the identity.')
output AZURE_IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Name of the bot. Empty: there is none.')
output AZURE_BOT_NAME string = bot ? teamsBot!.outputs.name : ''

@description('Name of the vault.')
output AZURE_VAULT_NAME string = vault.outputs.name
