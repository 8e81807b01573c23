"""Settings, right and wrong."""
