// The alarm. It goes by mail and asks from outside: nothing of it runs in the app that it watches.
import { Tags } from '../types.bicep'

@description('Region of the rules and of the availability test.')
param location string

@description('Start of the names of the rules.')
param prefix string

@description('Tags of all.')
param tags Tags

@description('Resource id of the action group: who hears.')
param actionGroupId string

@description('Object id of the identity of the notifier: whoever else writes to its tables is told.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Resource id of the Log Analytics workspace that the rules ask.')
param workspaceId string

@description('Resource id of the Application Insights component that the availability test belongs to.')
param componentId string

@description('Address that the availability test asks.')
param healthUrl string

@description('Minutes without a good poll before the alarm.')
@minValue(10)
@maxValue(300)
param staleAfterMinutes int

@description('Seconds between two questions from one place.')
@allowed([300, 600, 900])
param testFrequencySeconds int

@description('Ids of the places that the availability test asks from. Empty: one of this cloud.')
param testLocations string[]

@description('Watches many tenants: adds the rule that looks at each.')
param fleet bool

var placeByCloud = {
  AzureCloud: 'emea-nl-ams-azr'
  AzureUSGovernment: 'usgov-va-azr'
  AzureChinaCloud: 'mc-cne-azr'
}
var places = empty(testLocations) ? [placeByCloud[environment().name]] : testLocations

// Few rules with a row for each fault: a rule costs the same whether it asks one question or five.
var fleetRule = {
  name: 'fleet'
  severity: 1
  window: 'PT1H'
  description: 'Tenants of the fleet are not polled, or messages were put aside. See docs/fleet.md.'
  query: loadTextContent('../queries/alert-fleet.kql')
}

var commonRules = [
  {
    name: 'stale'
    severity: 1
    window: 'PT6H'
    description: 'No poll succeeded of late: nobody learns of new requests. See docs/operations.md.'
    query: replace(
      loadTextContent('../queries/alert-stale.kql'),
      'let silence = 30m;',
      'let silence = ${staleAfterMinutes}m;'
    )
  }
  {
    name: 'undelivered'
    severity: 2
    window: 'PT1H'
    description: 'News reach nobody: cards overdue or given up, events that no destination takes, entries that could not be read, memory that was lost.'
    query: loadTextContent('../queries/alert-undelivered.kql')
  }
  {
    name: 'denied'
    severity: 1
    window: 'PT1H'
    description: 'Polls fail for want of a permission, or something has wrong settings: a person has to mend it.'
    query: loadTextContent('../queries/alert-denied.kql')
  }
  {
    name: 'guard'
    severity: 1
    window: 'PT1H'
    description: 'Settings, tables or secrets of the notifier were changed, or the daily cap of logs is reached. Was it you?'
    query: replace(loadTextContent('../queries/alert-guard.kql'), 'PRINCIPAL', principalId)
  }
]
var rules = fleet ? concat(commonRules, [fleetRule]) : commonRules

resource queryRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'MAA Notify: ${rule.name}'
      description: rule.description
      enabled: true
      severity: rule.severity
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      scopes: [workspaceId]
      autoMitigate: true
      skipQueryValidation: true // the tables come with the first telemetry
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [actionGroupId]
      }
    }
  }
]

resource healthTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${prefix}-health'
  location: location
  tags: union(tags, {
    'hidden-link:${componentId}': 'Resource'
  })
  kind: 'standard'
  properties: {
    Name: '${prefix}-health'
    SyntheticMonitorId: '${prefix}-health'
    Description: 'Asks the health address from outside.'
    Kind: 'standard'
    Enabled: true
    Frequency: testFrequencySeconds
    Timeout: 60
    RetryEnabled: true
    Locations: [
      for place in places: {
        Id: place
      }
    ]
    Request: {
      RequestUrl: healthUrl
      HttpVerb: 'GET'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource healthAlert 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${prefix}-health'
  location: 'global'
  tags: union(tags, {
    'hidden-link:${componentId}': 'Resource'
    'hidden-link:${healthTest.id}': 'Resource'
  })
  properties: {
    description: 'The health address does not answer 200: the notifier is stale, failing or gone. See docs/operations.md.'
    enabled: true
    severity: 1
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    autoMitigate: true
    scopes: [
      healthTest.id
      componentId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      componentId: componentId
      webTestId: healthTest.id
      failedLocationCount: length(places) == 1 ? 1 : 2 // of several places one may have trouble of its own
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
