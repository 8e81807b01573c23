// Many tenants, whose entries refer to secrets of their own.
using '../../../infra/main.bicep'

param alarmEmails = 'ops@contoso.example'
param channels = 'none'
param fleet = true
param tenants = '[{"tenant": "contoso.example", "webhook": "https://flows.example/hook?sig=made-up"}]'
param moreSecrets = ['HOOK_CONTOSO', 'HOOK_FABRIKAM']
param staleAfterMinutes = 45
param moreSettings = {
  HOOK_REGION: 'north'
}
