"""The pure heart: what a request is, what changed, who hears of it. No Azure, no HTTP, no storage."""
