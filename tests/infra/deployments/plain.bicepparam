// Nothing but what has to be said.
using '../../../infra/resources.bicep'

param alarmEmails = 'ops@contoso.example, night@contoso.example'
