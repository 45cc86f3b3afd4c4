"""Receivers as `receivers.yml` names them: who is told, through which integrations.

An integration is a webhook, an Alertmanager, or an address that Apprise knows. Names of keys are Alertmanager's.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from monitor_collector.documents import Checker, Key, anything, http_address, path, positive, text
from monitor_collector.durations import duration_ms
from monitor_collector.notifications.secret_files import Secret, SecretError, read_secret

Kind = Literal["webhook", "alertmanager", "apprise"]

_KINDS: tuple[Kind, ...] = ("webhook", "alertmanager", "apprise")
# Over a long weekend nobody mends a receiver.
MAX_AGE_SECONDS = 7 * 86_400


class HttpSettings(NamedTuple):
    """Alertmanager's `http_config`, the part of it that is known here."""

    authorization_type: str = "Bearer"
    credentials: Secret | None = None
    username: str = ""
    password: Secret | None = None
    ca_file: Path | None = None


class Integration(NamedTuple):
    """One way to a receiver. `channel` names its queue in the outbox."""

    channel: str
    receiver: str
    kind: Kind
    url: Secret
    send_resolved: bool = True
    max_alerts: int = 0
    timeout_seconds: float = 10
    max_age_seconds: float = MAX_AGE_SECONDS
    http: HttpSettings = HttpSettings()

    @property
    def repeats_by_itself(self) -> bool:
        """Whether what fires is sent again all the time anyway, so that no message need repeat it."""
        return self.kind == "alertmanager"


class Receiver(NamedTuple):
    name: str
    integrations: tuple[Integration, ...]


class HeartbeatSettings(NamedTuple):
    """The dead man's switch: an outside address that hears from a collector that is well."""

    url: Secret
    interval_ms: int = 60_000
    method: Literal["GET", "POST"] = "POST"
    timeout_seconds: float = 10
    http: HttpSettings = HttpSettings()


class ReceiverReader:
    """Reads the entries of one file, adding what is wrong with them to the checker's problems."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def receivers(self, entries: Any, line: int | None) -> tuple[Receiver, ...]:
        found: dict[str, Receiver] = {}
        # An empty list is easily written as nothing at all.
        for number, entry in enumerate(self._checker.read_list(entries or [], "receivers", line), 1):
            name = entry.get("name") if isinstance(entry, dict) else None
            where = str(name or f"receiver {number}")
            keys = {"name": Key(text), "max_age_seconds": Key(positive, MAX_AGE_SECONDS)}
            keys |= {key: Key(anything, None) for kind in _KINDS for key in (kind, f"{kind}_configs")}
            values = self._checker.read(entry, keys, where)
            if len(values) < len(keys):
                continue
            if name in found:
                self._checker.add(entry.line, where, "is there twice; give each receiver a name of its own")
            found[values["name"]] = Receiver(values["name"], self._integrations(entry, values, where))
        return tuple(found.values())

    def _integrations(self, entry: Any, values: dict[str, Any], where: str) -> tuple[Integration, ...]:
        if not any(key in entry for kind in _KINDS for key in (kind, f"{kind}_configs")):
            self._checker.add(
                entry.line,
                where,
                "has no address, so nobody would be told; give it a webhook, alertmanager or apprise, "
                "or webhook_configs: [] if nobody is to be told",
            )
        found = []
        for kind in _KINDS:
            single, several = entry.get(kind), entry.get(f"{kind}_configs")
            configs = [(single, f"{where}: {kind}")] if kind in entry else []
            if several is not None:
                line = entry.lines[f"{kind}_configs"]
                listed = self._checker.read_list(several, f"{where}: {kind}_configs", line)
                configs += [(each, f"{where}: {kind}_configs {number}") for number, each in enumerate(listed, 1)]
            for number, (config, place) in enumerate(configs):
                # The first webhook's queue bears the receiver's name, which versions that know no other go by.
                channel = values["name"] if kind == "webhook" and not number else f"{values['name']}/{kind}/{number}"
                line = entry.lines.get(kind) if kind in entry else entry.lines[f"{kind}_configs"]
                integration = self._integration(kind, config, place, line)
                if integration is not None:
                    about = {"channel": channel, "receiver": values["name"], "kind": kind}
                    found.append(Integration(**about, **integration, max_age_seconds=values["max_age_seconds"]))
        return tuple(found)

    def _integration(self, kind: Kind, config: Any, where: str, line: int | None) -> dict[str, Any] | None:
        keys = {**address_keys(kind), "timeout": Key(_seconds, 10.0)}
        if kind != "alertmanager":
            keys["send_resolved"] = Key(_yes_or_no, True)
        if kind == "webhook":
            keys["max_alerts"] = Key(_count, 0)
        if kind != "apprise":
            keys["http_config"] = Key(anything, None)
        values = self._checker.read(config, keys, where, line)
        if len(values) < len(keys):
            return None
        url = self._address(config, values, where, kind)
        if url is None:
            return None
        own = {key: values[key] for key in ("send_resolved", "max_alerts") if key in values}
        http = self._http(values.get("http_config"), f"{where}: http_config", config)
        return {**own, "url": url, "timeout_seconds": values["timeout"], "http": http}

    def heartbeat(self, entry: Any, line: int | None) -> HeartbeatSettings | None:
        keys = {
            **address_keys("webhook"),
            "interval": Key(_interval_ms, 60_000),
            "method": Key(_method, "POST"),
            "timeout": Key(_seconds, 10.0),
            "http_config": Key(anything, None),
        }
        values = self._checker.read(entry, keys, "heartbeat", line)
        url = self._address(entry, values, "heartbeat", "webhook") if len(values) == len(keys) else None
        if url is None:
            return None
        http = self._http(values["http_config"], "heartbeat: http_config", entry)
        return HeartbeatSettings(url, values["interval"], values["method"], values["timeout"], http)

    def _address(self, config: Any, values: dict[str, Any], where: str, kind: Kind) -> Secret | None:
        """From `url`, or from the file that `url_file` names, which is looked at now, to say at once what is wrong."""
        url, file = values["url"], values["url_file"]
        if (url is None) == (file is None):
            self._checker.add(config.line, where, "must have either the key url or the key url_file")
            return None
        if file is None:
            return Secret(url)
        secret = self._secret(file, f"{where}: url_file", config.lines["url_file"])
        if secret is not None:
            try:
                read_address(kind)(read_secret(file))
            except (ValueError, SecretError) as error:
                self._checker.add(config.lines["url_file"], f"{where}: url_file", f"what {file} holds {error}")
                return None
        return secret

    def _http(self, config: Any, where: str, entry: Any) -> HttpSettings:
        if config is None:
            return HttpSettings()
        keys = {name: Key(anything, None) for name in ("authorization", "basic_auth", "tls_config")}
        parts = self._checker.read(config, keys, where, entry.lines["http_config"])
        settings = HttpSettings()
        for name, part in parts.items():
            if part is None:
                continue
            place, line = f"{where}: {name}", config.lines[name]
            if name == "authorization":
                wanted = {"type": Key(text, "Bearer"), "credentials_file": Key(path)}
                values = self._checker.read(part, wanted, place, line)
                if len(values) == len(wanted):
                    secret = self._secret(values["credentials_file"], place, line)
                    settings = settings._replace(authorization_type=values["type"], credentials=secret)
            elif name == "basic_auth":
                values = self._checker.read(part, {"username": Key(text), "password_file": Key(path)}, place, line)
                if len(values) == 2:
                    secret = self._secret(values["password_file"], place, line)
                    settings = settings._replace(username=values["username"], password=secret)
            else:
                settings = settings._replace(**self._checker.read(part, {"ca_file": Key(_ca_file)}, place, line))
        if settings.credentials and settings.password:
            self._checker.add(config.line, where, "has authorization and basic_auth, of which only one can be sent")
        return settings

    def _secret(self, file: Path, where: str, line: int | None) -> Secret | None:
        try:
            read_secret(file)
        except SecretError as error:
            self._checker.add(line, where, str(error))
            return None
        return Secret(file=file)


def address_keys(kind: Kind) -> dict[str, Key]:
    return {"url": Key(read_address(kind), None, is_secret=True), "url_file": Key(path, None)}


def read_address(kind: Kind) -> Callable[[Any], str]:
    return _apprise_address if kind == "apprise" else http_address


def _apprise_address(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"[A-Za-z0-9+.-]+://\S", value):
        raise ValueError("must be an address as Apprise has them, for example mailtos://user:password@example.org")
    # Takes a tenth of a second, which only those pay who use it.
    try:
        from monitor_collector.notifications.apprise_sender import is_known
    except ImportError:
        raise ValueError("needs the Python package apprise, which is not installed here") from None
    if not is_known(value):
        raise ValueError("is no address that Apprise knows; see https://github.com/caronc/apprise/wiki")
    return value


def _seconds(value: Any) -> float:
    milliseconds = duration_ms(value)
    if not milliseconds:
        raise ValueError("must be longer than that, for example 10s")
    return milliseconds / 1000


def _interval_ms(value: Any) -> int:
    milliseconds = duration_ms(value)
    if milliseconds < 1000:
        raise ValueError("must be at least 1s, for example 1m")
    return milliseconds


def _method(value: Any) -> str:
    if value not in ("GET", "POST"):
        raise ValueError("must be GET or POST")
    return str(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number, 0 for no limit")
    return value


def _ca_file(value: Any) -> Path:
    file = path(value)
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:  # ssl.SSLError among them
        raise ValueError(f"is no file of certificates in PEM format: {error.strerror or error}") from None
    return file
