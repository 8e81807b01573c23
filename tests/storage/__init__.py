"""The state stores: one contract, two backends."""
