#!/bin/sh
# Before code is deployed: looks whether the identity has its permissions of Graph, and grants nothing. A first poll
# without them would leave a token without them in Azure's cache for about a day. Without the list of requests nothing
# is deployed; where only some kinds of requests may be hidden, it is said.
set -eu

if [ "${AZURE_SKIP_GRANT_CHECK:-}" = true ]; then
    echo "Not checked, as AZURE_SKIP_GRANT_CHECK says: the permissions of Graph."
    exit 0
fi

group=${AZURE_RESOURCE_GROUP:?is set by azd provision; run that first}
principal=${AZURE_IDENTITY_PRINCIPAL_ID:?is set by azd provision; run that first}
code=0
bash "$(dirname "$0")/../graph/grant.sh" --check "$principal" || code=$?
case $code in
    0) exit 0 ;;
    3) echo "Nothing was deployed: the identity may not read approval requests yet." ;;
    4)
        echo "WARNING: the identity lacks permissions of the recommended set, so some kinds of requests may be hidden without a word."
        echo "Granted later they count up to a day later. If you left them out on purpose, all is as you want it."
        ;;
    *) echo "Nothing was deployed: it could not be seen whether the identity may read approval requests (az login?)." ;;
esac
cat <<END
Have a Privileged Role Administrator run this in a clone of this repository, for example in Azure Cloud Shell:

    infra/grant.sh $group$([ "${AZURE_ASSIGN_ROLES:-true}" = false ] || echo ' --graph-only')

END
if [ "$code" = 4 ]; then
    echo "The deployment goes on."
    exit 0
fi
cat <<END
Then run: azd deploy
If you know that the permissions are there: azd env set AZURE_SKIP_GRANT_CHECK true
END
exit 1
