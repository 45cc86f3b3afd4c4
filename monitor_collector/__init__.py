"""The collector: takes pushed metrics, makes them durable, evaluates alerting rules and tells people."""

__version__ = "0.1.0"
