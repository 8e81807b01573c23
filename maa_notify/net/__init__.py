"""One HTTP exchange, bounded."""
