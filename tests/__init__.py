"""The tests, and the fakes they stand on."""
