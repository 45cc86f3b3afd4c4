"""`monitor-collector silence add|list|expire`: asks a running collector, over its HTTP API."""

from __future__ import annotations

import argparse
import getpass
import json
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from monitor_collector.durations import duration_ms
from monitor_collector.notifications.matchers import parse_matchers, text_of
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql.matchers import Matcher

_DEFAULT_URL = "http://127.0.0.1:9430"
_TIMEOUT_SECONDS = 10


class _CannotDo(Exception):
    """The collector cannot be reached, or does not want to; the text says why."""


def add_parser(subparsers: Any) -> None:
    """Adds `silence` to the program's commands. `options.command` is then "silence", for `run`."""
    silence = subparsers.add_parser("silence", help="silence alarms for a while")
    actions = silence.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="begin a silence; prints its id")
    add.add_argument("matchers", nargs="+", metavar="MATCHER", help='as in alertname="HostDown" instance=~"web-.+"')
    add.add_argument("--duration", default="1h", help="how long, for example 30m or 1d (default: 1h)")
    add.add_argument("--comment", required=True, help="why")
    add.add_argument("--author", default="", help="who (default: the name of the user)")
    show = actions.add_parser("list", help="show the silences that are active or still to come")
    show.add_argument("--expired", action="store_true", help="show those that are over too")
    expire = actions.add_parser("expire", help="end silences now")
    expire.add_argument("ids", nargs="+", metavar="ID")
    for parser in (add, show, expire):
        parser.add_argument("--url", default=_DEFAULT_URL, help=f"the collector's address (default: {_DEFAULT_URL})")
        parser.add_argument("--ca-file", type=Path, help="certificates of the authority of an https address")


def run(options: argparse.Namespace) -> int:
    """Returns the exit status: 1 where the collector cannot do it, 2 for wrong usage."""
    try:
        {"add": _add, "list": _list, "expire": _expire}[options.action](options)
    except _CannotDo as error:
        print(error, file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"monitor-collector silence {options.action}: {error}", file=sys.stderr)
        return 2
    return 0


def _add(options: argparse.Namespace) -> None:
    try:
        matchers = [matcher for text in options.matchers for matcher in parse_matchers(text)]
    except ValueError as error:
        raise ValueError(f"{' '.join(options.matchers)} {error}") from None
    try:
        length_ms = duration_ms(options.duration)
    except ValueError as error:
        raise ValueError(f"--duration {options.duration} {error}") from None
    now_ms = time.time_ns() // 1_000_000
    silence = {
        "matchers": [
            {"name": name, "value": value, "isRegex": "~" in op, "isEqual": op[0] == "="}
            for name, op, value in matchers
        ],
        "startsAt": rfc3339(now_ms),
        "endsAt": rfc3339(now_ms + length_ms),
        "createdBy": options.author or getpass.getuser(),
        "comment": options.comment,
    }
    print(_ask(options, "POST", "/api/v2/silences", silence)["silenceID"])


def _list(options: argparse.Namespace) -> None:
    for silence in _ask(options, "GET", "/api/v2/silences"):
        if silence["status"]["state"] != "expired" or options.expired:
            print(_line(silence))


def _line(silence: Mapping[str, Any]) -> str:
    matchers = tuple(
        Matcher(each["name"], _operator(each["isRegex"], each["isEqual"]), each["value"])
        for each in silence["matchers"]
    )
    period = f"{silence['startsAt']} to {silence['endsAt']}"
    about = f"{silence['createdBy']}: {silence['comment']}"
    return f"{silence['id']}  {silence['status']['state']}  {text_of(matchers)}  {period}  {about}"


def _operator(is_regex: bool, is_equal: bool) -> Any:
    return ("=" if is_equal else "!") + ("~" if is_regex else "" if is_equal else "=")


def _expire(options: argparse.Namespace) -> None:
    for number in options.ids:
        _ask(options, "DELETE", f"/api/v2/silence/{quote(number, safe='')}")


def _ask(options: argparse.Namespace, method: str, path: str, content: Any = None) -> Any:
    url = options.url.rstrip("/")
    body = None if content is None else json.dumps(content).encode()
    request = Request(f"{url}{path}", body, {"Content-Type": "application/json"}, method=method)
    try:
        context = ssl.create_default_context(cafile=options.ca_file) if url.startswith("https") else None
        with urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as answer:
            return json.loads(answer.read() or "null")
    except HTTPError as error:
        with error:
            said = error.read().decode(errors="replace").strip()
        raise _CannotDo(f"the collector at {url} answered {error.code}: {said}") from None
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise _CannotDo(f"cannot ask the collector at {url}: {reason}; does it run there? (--url)") from None
