"""The demo: a simulated tenant, a simulated Teams channel and a page that shows both.

Everything here speaks real HTTP on the loopback address, so the notifier that runs against it is the
real one, unchanged. Graph, Entra and the channels answer requests without knowing the server that carries
them, and the tests stand on the same ones. Nothing of this package is deployed.
"""
