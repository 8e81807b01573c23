"""Who signs in where."""
