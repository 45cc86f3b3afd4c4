"""A small metrics agent: reads /proc, writes Prometheus text, and pushes it until the collector has it."""

__version__ = "0.1.0"
