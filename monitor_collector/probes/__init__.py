"""Services measured from outside, as blackbox_exporter does: its metrics, and its idea of success.

https://github.com/prometheus/blackbox_exporter
"""
