"""Signs in to Graph, to the state store and as the bot."""
