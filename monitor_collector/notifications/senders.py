"""What can carry a message to a receiver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from monitor_collector.notifications.payload import Payload
from monitor_collector.notifications.receivers import Integration


class DeliveryError(Exception):
    """A message was not accepted. The text holds no secret.

    `is_refusal` where the receiver has understood the message and does not want it, so that trying again is of little
    use.
    """

    def __init__(self, text: str, is_refusal: bool = False) -> None:
        super().__init__(text)
        self.is_refusal = is_refusal


class Sender(Protocol):
    """Blocks, so it is called in a thread of its own, never twice at the same time."""

    # How often what fires must be sent again; None where a receiver remembers.
    resend_seconds: float | None

    def send(self, payload: Payload) -> None:
        """Returns when the message was accepted. Raises DeliveryError, SecretError."""

    def close(self) -> None: ...


def sender_for(integration: Integration, now_ms: Callable[[], int]) -> Sender:
    if integration.kind == "webhook":
        from monitor_collector.notifications.http_senders import WebhookSender

        return WebhookSender(integration)
    if integration.kind == "alertmanager":
        from monitor_collector.notifications.http_senders import AlertmanagerSender

        return AlertmanagerSender(integration, now_ms)
    from monitor_collector.notifications.apprise_sender import AppriseSender

    return AppriseSender(integration)
