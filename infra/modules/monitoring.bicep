// Where logs and telemetry go: Application Insights, with Entra sign-in only, on a Log Analytics workspace.
import { Tags } from '../types.bicep'

@description('Region of both.')
param location string

@description('Name of the workspace.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Name of the Application Insights component.')
@minLength(1)
@maxLength(260)
param componentName string

@description('Tags of both.')
param tags Tags

@description('How many days logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Gigabytes a day after which the workspace takes no more until the next day: a bound for the bill. -1: no bound.')
@minValue(-1)
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    retentionInDays: retentionDays
    sku: {
      name: 'PerGB2018'
    }
    features: {
      disableLocalAuth: true
    }
    workspaceCapping: {
      dailyQuotaGb: dailyQuotaGb
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of the Application Insights component.')
output componentId string = component.id

@description('Name of the Application Insights component.')
output componentName string = component.name

@description('Where the app sends its telemetry. Worth nothing without the identity.')
output connectionString string = component.properties.ConnectionString
