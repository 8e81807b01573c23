// What azd deploys: a resource group of its own, and everything in it.
targetScope = 'subscription'

import { AppSettings } from 'types.bicep'

@description('Region of all resources. It needs Flex Consumption: az functionapp list-flexconsumption-locations.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Name of this deployment: the environment of azd, and part of the name of the group.')
@minLength(1)
@maxLength(64)
param environmentName string

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

@description('Name of the resource group for the action group and the rules that watch the other group. Empty: made of the name of the environment.')
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

@description('Name of the resource group. Empty: made of the name of the environment.')
@maxLength(90)
param resourceGroupName string = ''

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: {
    app: 'maa-notify'
    'azd-env-name': environmentName
  }
}

resource alarmGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: empty(alarmGroupName) ? take('${group.name}-alarms', 90) : alarmGroupName
  location: location
  tags: {
    app: 'maa-notify'
    'azd-env-name': environmentName
  }
}

module resources 'resources.bicep' = {
  scope: group
  params: {
    location: location
    environmentName: environmentName
    alarmEmails: alarmEmails
    channels: channels
    teamsWebhookUrl: teamsWebhookUrl
    destinations: destinations
    tenantId: tenantId
    tenantName: tenantName
    cloud: cloud
    tableName: tableName
    reminders: reminders
    completeReminders: completeReminders
    quietHours: quietHours
    timeZone: timeZone
    ticketLink: ticketLink
    ticketPattern: ticketPattern
    digestAbove: digestAbove
    heartbeatDays: heartbeatDays
    summary: summary
    retentionDays: retentionDays
    pollSchedule: pollSchedule
    posture: posture
    postureEvery: postureEvery
    postureAccept: postureAccept
    globalAdmins: globalAdmins
    bot: bot
    requestorChat: requestorChat
    botCommands: botCommands
    fleet: fleet
    tenants: tenants
    tenantsFile: tenantsFile
    fleetSecrets: fleetSecrets
    moreSettings: moreSettings
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    storageReplication: storageReplication
    logRetentionDays: logRetentionDays
    logDailyQuotaGb: logDailyQuotaGb
    staleAfterMinutes: staleAfterMinutes
    testFrequencySeconds: testFrequencySeconds
    testLocations: testLocations
    privateNetwork: privateNetwork
    networkPrefix: networkPrefix
    appSubnetPrefix: appSubnetPrefix
    natGatewayId: natGatewayId
    endpointSubnetPrefix: endpointSubnetPrefix
    assignRoles: assignRoles
    alarmGroupName: alarmGroup.name
    deleteLock: deleteLock
    watchTables: watchTables
    callers: callers
    deployers: deployers
  }
}

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the Function App.')
output AZURE_FUNCTION_APP string = resources.outputs.functionAppName

@description('Answers whether the notifier is well.')
output AZURE_HEALTH_URL string = resources.outputs.healthUrl

@description('Name of the identity.')
output AZURE_IDENTITY_NAME string = resources.outputs.identityName

@description('Object id of the identity: what the permissions of Graph are granted to.')
output AZURE_IDENTITY_PRINCIPAL_ID string = resources.outputs.identityPrincipalId

@description('Client id of the identity.')
output AZURE_IDENTITY_CLIENT_ID string = resources.outputs.identityClientId

@description('Name of the bot. Empty: there is none.')
output AZURE_BOT_NAME string = resources.outputs.botName

@description('Name of the vault.')
output AZURE_VAULT_NAME string = resources.outputs.vaultName
