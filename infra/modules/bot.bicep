// The bot: a registration that lets the identity of the notifier write to Teams. It holds no secret and runs nothing.
import { Tags } from '../types.bicep'

@description('Name of the bot, unique in the world.')
@minLength(2)
@maxLength(64)
param name string

@description('Tags of the bot.')
param tags Tags

@description('Resource id of the identity.')
param identityId string

@description('Client id of the identity, which is the id of the bot.')
@minLength(36)
@maxLength(36)
param identityClientId string

@description('Where Teams delivers what people write. Empty: nowhere, the bot only writes.')
param endpoint string

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: name
  location: 'global'
  tags: tags
  kind: 'azurebot'
  sku: {
    name: 'F0' // free for Teams
  }
  properties: {
    displayName: 'MAA Notify'
    endpoint: endpoint
    msaAppType: 'UserAssignedMSI'
    msaAppId: identityClientId
    msaAppMSIResourceId: identityId
    #disable-next-line use-resource-id-functions // the id of a tenant, not of a resource
    msaAppTenantId: tenant().tenantId
    disableLocalAuth: true
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: {
      isEnabled: true
    }
  }
}

@description('Name of the bot.')
output name string = bot.name
