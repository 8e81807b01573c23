"""Tests of the benchmark's own arithmetic; the benchmark itself is `make bench`."""
