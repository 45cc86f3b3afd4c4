"""The page that people keep open: what it shows of each host, how it stays live, and its files.

The browser asks Prometheus' API like any other client. What that does not have is the live feed of all hosts, which is
computed once for everybody who looks.
"""
