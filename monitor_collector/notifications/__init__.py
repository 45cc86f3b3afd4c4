"""Notifications: who is told of which alert, when, how often, and that it arrives.

An alert's change is stored as an event together with the alert (`state.py`). The dispatcher turns events into groups
and groups into messages of the outbox; workers deliver those. Names and meaning are Alertmanager's wherever it has
them: https://prometheus.io/docs/alerting/latest/configuration/
"""
