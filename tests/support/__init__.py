"""Fakes that live on the wire, keep state one can look at, and are tested themselves."""
