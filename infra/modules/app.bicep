// The Function App on the Flex Consumption plan.
import { checkedRange } from '../checks.bicep'
import { AccessRule, AppSettings, Tags } from '../types.bicep'

@description('Region of the app.')
param location string

@description('Name of the app, unique in the world.')
@minLength(2)
@maxLength(60)
param name string

@description('Name of the plan.')
@minLength(1)
@maxLength(40)
param planName string

@description('Tags of app and plan.')
param tags Tags

@description('Resource id of the identity.')
param identityId string

@description('App settings by name.')
param appSettings AppSettings

@description('Address of the blob container for the package.')
param packageContainerUrl string

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances at once.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances of the timer that are never cold. They have no free grant.')
@minValue(0)
@maxValue(10)
param alwaysReadyInstances int

@description('Resource id of the subnet that the app calls out through. Empty: none.')
param subnetId string

@description('Resource id of the Log Analytics workspace for the logs of the host.')
param workspaceId string

@description('Address ranges that may ask the health address and poll by hand, beside the availability test. Empty: everybody.')
param callers string[]

@description('Address ranges that may deploy code. Empty: from everywhere, with a role on the app.')
param deployers string[]

@description('Lets in Teams, which delivers what people write to the bot.')
param answersTeams bool

// Teams as Microsoft publishes it, and the availability test as Azure knows it.
var services AccessRule[] = concat(
  [accessRule('availability-test', 'ApplicationInsightsAvailability', 'ServiceTag', 100)],
  answersTeams
    ? [
        accessRule('teams-1', '52.112.0.0/14', 'Default', 110)
        accessRule('teams-2', '52.122.0.0/15', 'Default', 120)
      ]
    : []
)

func accessRule(name string, address string, tag string, priority int) AccessRule => {
  name: name
  ipAddress: address
  tag: tag == 'ServiceTag' ? 'ServiceTag' : 'Default'
  action: 'Allow'
  priority: priority
}

func rangesOf(start string, ranges string[]) AccessRule[] =>
  map(
    range(0, length(ranges)),
    index => accessRule('${start}-${index + 1}', checkedRange(ranges[index]), 'Default', 200 + index)
  )

var readyTimer = {
  name: 'function:poll'
  instanceCount: alwaysReadyInstances
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'notifier'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances == 0 ? [] : [readyTimer]
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      alwaysOn: false
      http20Enabled: true
      minTlsVersion: '1.2'
      appSettings: [
        for setting in items(appSettings): {
          name: setting.key
          value: setting.value
        }
      ]
      ipSecurityRestrictionsDefaultAction: empty(callers) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(callers) ? [] : concat(services, rangesOf('caller', callers))
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: empty(deployers) ? 'Allow' : 'Deny'
      scmIpSecurityRestrictions: rangesOf('deployer', deployers)
    }
  }
}

resource ftpSignIn 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmSignIn 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

#disable-next-line use-recent-api-versions // the newest that there is: the only stable version is of 2016
resource hostLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'host'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

@description('Name of the app.')
output name string = site.name

@description('Name of the host that the app answers at.')
output hostName string = site.properties.defaultHostName

@description('Answers whether the notifier is well, without a key.')
output healthUrl string = 'https://${site.properties.defaultHostName}/api/health'
