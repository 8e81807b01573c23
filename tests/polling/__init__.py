"""What polls do, at wire level and with a clock of the test."""
