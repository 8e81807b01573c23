// The shapes that several templates share.

@export()
@description('Tags of a resource: the first names the notifier, the second its deployment.')
type Tags = {
  app: string
  'azd-env-name': string
}

@export()
@description('A rule for who may call an app: an address range, or the name of a service of Azure.')
type AccessRule = {
  name: string
  ipAddress: string
  tag: 'Default' | 'ServiceTag'
  action: 'Allow'
  priority: int
}

@export()
@description('App settings by name.')
type AppSettings = {
  *: string
}
