// Nothing but what has to be said.
using '../../../infra/main.bicep'

param alarmEmails = 'ops@contoso.example, night@contoso.example'
