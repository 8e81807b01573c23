// A private network: the app calls out through one subnet; storage and vault answer in the other.
import { checkedRange } from '../checks.bicep'
import { Tags } from '../types.bicep'

@description('Region of the network.')
param location string

@description('Name of the network.')
@minLength(2)
@maxLength(64)
param name string

@description('Tags of all that the network is made of.')
param tags Tags

@description('Address space of the network.')
param addressPrefix string

@description('Part of it that the app calls out through.')
param appSubnetPrefix string

@description('Resource id of a NAT gateway for that part. Empty: Azure lets the app out in its own way, if at all.')
param natGatewayId string

@description('Part of it where storage and vault answer.')
param endpointSubnetPrefix string

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the vault.')
param vaultId string

var services = [
  {
    group: 'blob'
    resourceId: storageId
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    group: 'queue'
    resourceId: storageId
    zone: 'privatelink.queue.${environment().suffixes.storage}'
  }
  {
    group: 'table'
    resourceId: storageId
    zone: 'privatelink.table.${environment().suffixes.storage}'
  }
  {
    group: 'vault'
    resourceId: vaultId
    zone: replace(environment().suffixes.keyvaultDns, '.vault.', 'privatelink.vaultcore.')
  }
]

var nat = {
  id: natGatewayId
}

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [checkedRange(addressPrefix)]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: checkedRange(appSubnetPrefix)
          natGateway: empty(natGatewayId) ? null : nat
          delegations: [
            {
              name: 'functions'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: checkedRange(endpointSubnetPrefix)
        }
      }
    ]
  }
}

resource appSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-09-01' existing = {
  parent: network
  name: 'app'
}

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-09-01' existing = {
  parent: network
  name: 'endpoints'
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: service.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, index) in services: {
    parent: zones[index]
    name: '${name}-${service.group}'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-09-01' = [
  for service in services: {
    name: '${name}-${service.group}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: endpointSubnet.id
      }
      privateLinkServiceConnections: [
        {
          name: service.group
          properties: {
            #disable-next-line use-resource-id-functions // an id, from the list that the loop goes through
            privateLinkServiceId: service.resourceId
            groupIds: [service.group]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-09-01' = [
  for (service, index) in services: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service.group
          properties: {
            privateDnsZoneId: zones[index].id
          }
        }
      ]
    }
  }
]

@description('Resource id of the subnet that the app calls out through.')
output appSubnetId string = appSubnet.id
