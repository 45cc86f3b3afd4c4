"""The address that is pushed to. urllib.parse would do it too, for 0.8 MB of memory."""

from __future__ import annotations

import re
from collections import namedtuple

PATTERN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?(?P<path>/[!-~]*)?"
)
DEFAULT_PORTS = {"http": 80, "https": 443}

# `text` is the whole address; `path` has the query with it.
Url = namedtuple("Url", ("text", "scheme", "host", "port", "path"))


def parse_url(text: str) -> Url:
    """An http or https address without user name and password; raises ValueError for anything else."""
    found = PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no http or https address")
    port = int(found["port"] or DEFAULT_PORTS[found["scheme"]])
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    return Url(text, found["scheme"], found["host"].strip("[]"), port, found["path"] or "/")
