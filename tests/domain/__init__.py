"""The pure heart, tested without anything around it."""
