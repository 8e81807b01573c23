"""The command line: `main` parses, and each command is a module with its own arguments."""
