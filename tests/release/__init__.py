"""What is released: the archive, its environment, and the workflows that make it."""
