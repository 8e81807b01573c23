"""Microsoft Graph: which cloud, which token, and the list of approval requests."""
