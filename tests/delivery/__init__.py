"""The outbox at work: what becomes of notifications at each kind of destination."""
