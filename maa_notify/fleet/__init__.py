"""A fleet: many tenants in one deployment, each polled by itself when a message in a queue asks for it."""
