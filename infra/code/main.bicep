// The code: a package of a release, with its libraries in it, so that nothing is built in Azure. It stands apart because
// code comes last: after the resources, the Azure roles of the identity, and its permissions of Graph.

@description('Name of the Function App.')
@minLength(2)
@maxLength(60)
param appName string

@description('Address of the package of a release. Azure fetches it once, without a sign-in.')
@minLength(12)
param packageUri string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource package 'Microsoft.Web/sites/extensions@2025-03-01' = {
  parent: app
  name: 'onedeploy'
  #disable-next-line BCP187 // the types of the compiler lack what a deployment of this name takes
  properties: {
    packageUri: packageUri
    remoteBuild: false
  }
}
