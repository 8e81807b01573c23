"""Tests of the checks of the defence around approval."""
