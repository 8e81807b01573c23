// For a deployment without azd. Set the variables, or write values here; never a webhook URL in a file.
using 'resources.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'maa-notify')
param alarmEmails = readEnvironmentVariable('AZURE_ALARM_EMAILS', '')
param assignRoles = bool(readEnvironmentVariable('AZURE_ASSIGN_ROLES', 'true'))
param privateNetwork = bool(readEnvironmentVariable('AZURE_PRIVATE_NETWORK', 'false'))
param channels = readEnvironmentVariable('AZURE_CHANNELS', 'webhook')
param teamsWebhookUrl = readEnvironmentVariable('MAA_TEAMS_WEBHOOK_URL', '')
param destinations = readEnvironmentVariable('MAA_DESTINATIONS', '')
param tableName = readEnvironmentVariable('MAA_TABLE_NAME', 'MaaNotify')
param reminders = readEnvironmentVariable('MAA_REMINDERS', '50%,24h,4h')
param completeReminders = readEnvironmentVariable('MAA_COMPLETE_REMINDERS', '')
param timeZone = readEnvironmentVariable('MAA_TIME_ZONE', '')
param digestAbove = int(readEnvironmentVariable('MAA_DIGEST_ABOVE', '5'))
param heartbeatDays = int(readEnvironmentVariable('MAA_HEARTBEAT_DAYS', '30'))
param retentionDays = int(readEnvironmentVariable('MAA_RETENTION_DAYS', '365'))
param pollSchedule = readEnvironmentVariable('MAA_POLL_SCHEDULE', '0 * * * * *')
