"""Many tenants in one deployment."""
