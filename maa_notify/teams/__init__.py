"""Microsoft Teams: ways to bring a card into a channel, behind one protocol."""
