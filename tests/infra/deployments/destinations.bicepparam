// Several channels, and no setting at its default.
using '../../../infra/main.bicep'

param environmentName = 'helpdesk'
param alarmEmails = 'ops@contoso.example'
param channels = 'both'
param teamsWebhookUrl = 'https://flows.example/hook?sig=made-up'
param destinations = '[{"name": "helpdesk", "url": "https://flows.example/other?sig=made-up"}]'
param tenantId = 'contoso.example'
param tenantName = 'Contoso (test)'
param cloud = 'usgov'
param tableName = 'Approvals'
param reminders = '25%,12h'
param completeReminders = '4h,24h'
param quietHours = '22:00-07:00; Sat,Sun'
param timeZone = 'Europe/Berlin'
param ticketLink = 'https://tickets.contoso.example/{}'
param ticketPattern = 'INC-[0-9]{4,8}'
param digestAbove = 7
param heartbeatDays = 14
param summary = 'MON 08:00'
param retentionDays = 90
param pollSchedule = '0 */5 * * * *'
param posture = 'on'
param postureEvery = '12h'
param postureAccept = '[{"check": "P12", "reason": "nobody asks", "until": "2026-12-31"}]'
param globalAdmins = '2-6'
param approvers = 'on'
param approversEvery = '30m'
param watch = 'on'
param watchEvery = '10m'
param watchAllow = '[{"object_id": "7b0c54be-0000-4000-8000-000000000003", "alert": "B1", "reason": "joined by hand", "until": "2026-12-31"}]'
param pulse = true
param pingUrl = 'https://ping.contoso.example/made-up'
param instanceMemoryMB = 2048
param maximumInstanceCount = 60
param alwaysReadyInstances = 1
param storageReplication = 'Standard_ZRS'
param logRetentionDays = 90
param logDailyQuotaGb = 2
param staleAfterMinutes = 45
param testFrequencySeconds = 600
param alarmGroupName = 'rg-alarms'
param makeAlarmGroup = true
param deleteLock = false
param callers = ['203.0.113.0/24', '198.51.100.7/32']
param deployers = ['203.0.113.0/24']
param testLocations = ['emea-nl-ams-azr', 'us-va-ash-azr']
