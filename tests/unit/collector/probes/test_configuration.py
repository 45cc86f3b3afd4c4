"""`probes.yml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.documents import ConfigError
from monitor_collector.probes.configuration import Probe, read_probes
from monitor_collector.probes.dns import DnsCheck
from monitor_collector.probes.http import HttpCheck
from monitor_collector.probes.ping import PingCheck
from monitor_collector.probes.tcp import TcpCheck

ALL = """\
probes:
  - {instance: web-1, http: {url: "http://web-1/"}}
  - instance: web-1
    name: login
    interval_seconds: 2
    timeout_seconds: 5
    http: {url: "https://web-1/login", method: POST, status: [200, 3xx], body_matches: "wel+come", headers: {X-A: b},
           body: x, follow_redirects: false, verify: false, ca_file: /ca.pem}
  - {instance: web-1, tcp: {address: "web-1:22", expect: ^SSH-}}
  - {instance: web-2, ping: {address: web-2}}
  - {instance: ns, name: zone, dns: {server: "ns:53", name: example.org, type: MX, expect: mail}}
"""


def read(directory: Path, text: str) -> tuple[Probe, ...]:
    (directory / "probes.yml").write_text(text)
    return read_probes(directory / "probes.yml")


def test_all_kinds_are_read(tmp_path: Path) -> None:
    login = HttpCheck(
        "https://web-1/login",
        "POST",
        frozenset({200, *range(300, 400)}),
        "wel+come",
        {"X-A": "b"},
        "x",
        False,
        False,
        Path("/ca.pem"),
    )
    assert read(tmp_path, ALL) == (
        Probe("web-1", "http", 5, 3, HttpCheck("http://web-1/")),
        Probe("web-1", "login", 2, 2, login),
        Probe("web-1", "tcp", 5, 3, TcpCheck("web-1:22", "^SSH-")),
        Probe("web-2", "ping", 5, 3, PingCheck("web-2")),
        Probe("ns", "zone", 5, 3, DnsCheck("ns:53", "example.org", "MX", "mail")),
    )


def test_no_probes_are_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, "probes:\n") == read(tmp_path, "probes: []\n") == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{http: {url: http://a/}}", "probe 1: instance: is missing"),
        ("{instance: a}", "probe 1: must have one of http, tcp, ping, dns"),
        ("{instance: a, ping: {address: b}, tcp: {address: 'b:1'}}", "probe 1: must have one of"),
        ("{instance: a, http: {url: ftp://b}}", "probe 1: http: url: 'ftp://b' must be an http or https address"),
        ("{instance: a, http: {url: http://b, status: [2]}}", "no code and no class"),
        ("{instance: a, http: {url: http://b, status: 200}}", "must be a list of codes"),
        ("{instance: a, http: {url: http://b, body_matches: '('}}", "is no regular expression"),
        ("{instance: a, http: {url: http://b, headers: {A: 1}}}", "headers: must be a mapping of names to texts"),
        ('{instance: a, http: {url: http://b, headers: {A: "b\\nc"}}}', "cannot be sent"),
        ("{instance: a, http: {url: http://b, verify: maybe}}", "must be true or false"),
        ("{instance: a, http: {url: http://b, colour: red}}", "probe 1: http: colour: is not known here"),
        ("{instance: a, tcp: {address: b}}", "must be a host and a port"),
        ("{instance: a, dns: {server: 'b:53', name: a..b}}", "is no name"),
        ("{instance: a, dns: {server: 'b:53', name: b, type: X}}", "must be one of A, NS"),
        ("{instance: a, interval_seconds: 0, ping: {address: b}}", "must be a number above 0"),
        ("{instance: a, ping: 7}", "probe 1: ping: must be a mapping with the keys address"),
        ("7", "probe 1: must be a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"probes:\n  - {entry}\n")
    assert said in str(caught.value)
    assert "probes.yml:2" in str(caught.value) or entry == "7"


def test_two_probes_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ping of a: is there twice: give one of them another name"):
        read(tmp_path, "probes:\n" + "  - {instance: a, ping: {address: b}}\n" * 2)
