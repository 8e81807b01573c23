// The alarm. It goes by mail and asks from outside: nothing of it runs in the app that it watches.

@description('Region of the rules and of the availability test.')
param location string

@description('Start of the names of the rules.')
param prefix string

@description('Tags of all.')
param tags object

@description('Mail addresses that hear an alarm, separated by commas. Empty: nobody hears.')
param emails string

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

@description('Ids of the places that the availability test asks from. Empty: three of this cloud.')
param testLocations array

@description('Watches many tenants: adds the rule that looks at each.')
param fleet bool

var placesByCloud = {
  AzureCloud: ['emea-nl-ams-azr', 'us-va-ash-azr', 'apac-sg-sin-azr']
  AzureUSGovernment: ['usgov-va-azr', 'usgov-phx-azr', 'usgov-tx-azr']
  AzureChinaCloud: ['mc-cne-azr', 'mc-cne2-azr', 'mc-cnn2-azr']
}
var places = empty(testLocations) ? placesByCloud[environment().name] : testLocations

var addresses = empty(emails) ? [] : split(replace(emails, ' ', ''), ',')

var fleetRule = {
  name: 'fleet'
  severity: 1
  frequency: 'PT15M'
  window: 'P1D'
  description: 'Tenants of the fleet are not polled, or messages were put aside. See docs/fleet.md.'
  query: replace(
    loadTextContent('../queries/alert-fleet.kql'),
    'let silence = 30m;',
    'let silence = ${staleAfterMinutes}m;'
  )
}

var commonRules = [
  {
    name: 'stale'
    severity: 1
    frequency: 'PT5M'
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
    frequency: 'PT15M'
    window: 'PT1H'
    description: 'Notifications are overdue or were given up: a channel does not take its cards.'
    query: loadTextContent('../queries/alert-undelivered.kql')
  }
  {
    name: 'denied'
    severity: 1
    frequency: 'PT15M'
    window: 'PT1H'
    description: 'Polls fail for want of a permission, or by a wrong setting: a person has to mend it.'
    query: loadTextContent('../queries/alert-denied.kql')
  }
]
var rules = fleet ? concat(commonRules, [fleetRule]) : commonRules

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
        emailAddress: address
        useCommonAlertSchema: true
      }
    ]
  }
}

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
      evaluationFrequency: rule.frequency
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
        actionGroups: [mail.id]
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
      failedLocationCount: 2
    }
    actions: [
      {
        actionGroupId: mail.id
      }
    ]
  }
}
