"""Messages to everything that Apprise reaches: mail, Slack, Telegram, ntfy and many more.

https://github.com/caronc/apprise/wiki
"""

from __future__ import annotations

import logging

import apprise

from monitor_collector.notifications import texts
from monitor_collector.notifications.payload import Payload
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.senders import DeliveryError

# It logs whole addresses where it cannot read them.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
_ASSET = apprise.AppriseAsset(app_id="monitor-collector", app_desc="monitor-collector", secure_logging=True)


def is_known(url: str) -> bool:
    """Whether it is an address of a service, with all that this service needs."""
    return apprise.Apprise.instantiate(url, asset=_ASSET, suppress_exceptions=True) is not None


class AppriseSender:
    resend_seconds: float | None = None

    def __init__(self, integration: Integration) -> None:
        self._url = integration.url

    def send(self, payload: Payload) -> None:
        url = self._url.read()
        scheme = url.partition("://")[0]
        service = apprise.Apprise(asset=_ASSET)
        if not service.add(url):
            raise DeliveryError(f"{scheme}: it is no address that Apprise knows")
        is_firing = payload["status"] == "firing"
        kind = apprise.NotifyType.FAILURE if is_firing else apprise.NotifyType.SUCCESS
        format_ = apprise.NotifyFormat.TEXT
        if not service.notify(texts.body(payload), title=texts.title(payload), notify_type=kind, body_format=format_):
            raise DeliveryError(f"{scheme}: the service did not take it")

    def close(self) -> None:
        """Nothing is kept open."""
