// Storage and vault off the internet, with a way out that somebody else made.
using '../../../infra/main.bicep'

param alarmEmails = 'ops@contoso.example'
param privateNetwork = true
param natGatewayId = '/subscriptions/7b0c54be-0000-4000-8000-00000000000b/resourceGroups/rg-network/providers/Microsoft.Network/natGateways/way-out'
