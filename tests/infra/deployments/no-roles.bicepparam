// By somebody who may not assign roles: infra/grant.sh does that afterwards.
using '../../../infra/main.bicep'

param alarmEmails = ''
param assignRoles = false
