"""The HTTP API, compatible with Prometheus': the same paths, parameters, answers, errors and status codes.

    application(collector)  # an ASGI application

It follows Prometheus 3; docs/api.md lists the routes and what differs.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from monitor_collector.api.application import application

__all__ = ["application"]
