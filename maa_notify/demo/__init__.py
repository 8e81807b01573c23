"""The demo room: a simulated tenant, a simulated Teams channel and a page that shows both.

Everything here speaks real HTTP on the loopback address, so the notifier that runs against it is the
real one, unchanged. Nothing of this package is deployed.
"""
