// The bot, with everything that it offers.
using '../../../infra/main.bicep'

param alarmEmails = 'ops@contoso.example'
param bot = true
param requestorChat = true
param botCommands = true
param callers = ['203.0.113.0/24']
