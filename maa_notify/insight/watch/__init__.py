"""The watch: events of Entra's and Intune's audit logs that tell of ways around approval. Pure."""
