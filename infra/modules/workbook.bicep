// A page in Azure Monitor: what the polls did, how fast cards come, what was decided, what waits.
import { Tags } from '../types.bicep'

@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags Tags

@description('Resource id of the Log Analytics workspace that its queries ask.')
param workspaceId string

@description('Object id of the identity of the notifier: whoever else writes to its tables is shown.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Watches many tenants: shows those that are not polled.')
param fleet bool

var timeRange = {
  durationMs: 604800000
}

var commonCharts = [
  {
    title: 'Polls'
    look: 'timechart'
    query: loadTextContent('../queries/polls.kql')
  }
  {
    title: 'From the request to its card, in seconds'
    look: 'timechart'
    query: loadTextContent('../queries/latency.kql')
  }
  {
    title: 'Decisions by policy type'
    look: 'table'
    query: loadTextContent('../queries/decisions.kql')
  }
  {
    title: 'Hours to the decision, reminders, and what expired undecided, by policy type'
    look: 'table'
    query: loadTextContent('../queries/fared.kql')
  }
  {
    title: 'Requests that wait, and for how long the oldest does'
    look: 'timechart'
    query: loadTextContent('../queries/waiting.kql')
  }
  {
    title: 'Around approval: alerts of the watch'
    look: 'table'
    query: loadTextContent('../queries/watch.kql')
  }
  {
    title: 'Destinations that do not take their cards'
    look: 'table'
    query: loadTextContent('../queries/destinations.kql')
  }
  {
    title: 'What reaches nobody'
    look: 'table'
    query: loadTextContent('../queries/alert-undelivered.kql')
  }
  {
    title: 'Hands on the notifier: settings, tables, secrets, the cap of logs'
    look: 'table'
    query: replace(loadTextContent('../queries/alert-guard.kql'), 'PRINCIPAL', principalId)
  }
]

var fleetChart = {
  title: 'Tenants that are not polled'
  look: 'table'
  query: loadTextContent('../queries/alert-fleet.kql')
}

var charts = fleet ? concat(commonCharts, [fleetChart]) : commonCharts

var items = [
  for chart in charts: {
    type: 3
    name: chart.title
    content: {
      version: 'KqlItem/1.0'
      title: chart.title
      query: chart.query
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      crossComponentResources: [workspaceId]
      timeContext: timeRange
      visualization: chart.look
      size: 0
    }
  }
]

var page = {
  version: 'Notebook/1.0'
  items: items
  fallbackResourceIds: [workspaceId]
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'maa-notify')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: 'MAA Notify'
    serializedData: string(page)
    sourceId: workspaceId
    version: '1.0'
  }
}
