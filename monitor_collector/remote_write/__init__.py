"""Prometheus' remote write, 1.0 and 2.0: what others than our own agents push with.

https://prometheus.io/docs/specs/prw/remote_write_spec/
https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
"""
