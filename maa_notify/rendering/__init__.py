"""Cards as pictures; never deployed."""
