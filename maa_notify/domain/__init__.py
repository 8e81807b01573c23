"""Requests, events, comparing and routing. Pure: no Azure, no HTTP, no storage."""
