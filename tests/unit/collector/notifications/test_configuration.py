"""`receivers.yml`, and what is said about mistakes in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor_collector.documents import ConfigError
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.notifications.flapping import Flapping
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.receivers import HttpSettings, Integration
from monitor_collector.notifications.routing import Route
from monitor_collector.notifications.secret_files import Secret
from monitor_collector.promql.matchers import Matcher
from tests.unit.collector.notifications.desk import TEAM, policy_from

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

EXAMPLE = """
receivers:
  - name: team
    webhook_configs: [{url: 'http://a/'}, {url: 'http://b/', send_resolved: false, max_alerts: 5, timeout: 3s}]
  - name: boss
    apprise: {url: 'ntfy://ntfy.example.org/alarms'}
    max_age_seconds: 60
  - name: nobody
    webhook_configs: []
route:
  receiver: team
  group_by: [alertname, env]
  group_wait: 30s
  group_interval: 5m
  routes:
    - matchers: [severity="critical", 'instance=~"db-.+"']
      receiver: boss
      group_by: ['...']
      repeat_interval: 1h
      continue: true
      routes: [{match: {env: lab}, match_re: {team: a|b}, group_wait: 1s, flapping: false}]
    - {matchers: ['{env="lab", severity!="critical"}'], receiver: nobody, mute_time_intervals: [night]}
    - {active_time_intervals: [night]}
inhibit_rules:
  - {source_matchers: [alertname=HostDown], target_match_re: {severity: warning|info}, equal: [instance]}
time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}]
flapping: {changes: 10, window: 15m}
heartbeat: {url: 'https://hc.example.org/uuid', interval: 30s, method: GET}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said about a text, without the file's name."""
    with pytest.raises(ConfigError) as error:
        policy_from(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/receivers.yml:") for line in str(error.value).splitlines()]


def test_every_key_is_read(tmp_path: Path) -> None:
    policy = policy_from(tmp_path, EXAMPLE)
    team, boss, nobody = policy.receivers
    assert team.integrations == (
        Integration("team", "team", "webhook", Secret("http://a/")),
        Integration("team/webhook/1", "team", "webhook", Secret("http://b/"), False, 5, 3),
    )
    assert boss.integrations == (
        Integration("boss/apprise/0", "boss", "apprise", Secret("ntfy://ntfy.example.org/alarms"), max_age_seconds=60),
    )
    assert nobody.integrations == ()
    root = policy.route
    assert (root.receiver, root.group_by, root.matchers) == ("team", ("alertname", "env"), ())
    assert (root.group_wait_ms, root.group_interval_ms, root.repeat_interval_ms) == (30_000, 300_000, 14_400_000)
    first, second, third = root.routes
    assert (first.receiver, first.group_by, first.continues) == ("boss", None, True)
    assert first.matchers == (Matcher("instance", "=~", "db-.+"), Matcher("severity", "=", "critical"))
    (deepest,) = first.routes
    assert deepest.matchers == (Matcher("env", "=", "lab"), Matcher("team", "=~", "a|b"))
    assert second.matchers == (Matcher("env", "=", "lab"), Matcher("severity", "!=", "critical"))
    assert (second.mute_time_intervals, third.active_time_intervals) == (("night",), ("night",))
    (rule,) = policy.inhibit_rules
    assert rule == (
        (Matcher("alertname", "=", "HostDown"),),
        (Matcher("severity", "=~", "warning|info"),),
        ("instance",),
    )
    assert root.flapping == Flapping(10, 900_000)
    assert policy.heartbeat is not None
    assert (policy.heartbeat.interval_ms, policy.heartbeat.method) == (30_000, "GET")


def test_a_route_inherits_all_but_matchers_continue_and_time_intervals(tmp_path: Path) -> None:
    first, second, third = policy_from(tmp_path, EXAMPLE).route.routes
    (deepest,) = first.routes
    assert (deepest.receiver, deepest.group_by, deepest.repeat_interval_ms) == ("boss", None, 3_600_000)
    assert (deepest.group_wait_ms, deepest.group_interval_ms) == (1000, 300_000)
    assert (deepest.continues, deepest.flapping) == (False, None)
    assert (third.receiver, third.group_by, third.mute_time_intervals) == ("team", ("alertname", "env"), ())
    assert second.flapping == Flapping(10, 900_000)


def test_every_route_has_an_id_of_its_own_that_is_the_way_to_it(tmp_path: Path) -> None:
    text = TEAM + "route: {receiver: team, routes: [{match: {a: b}}, {match: {a: b}, routes: [{match: {c: d}}]}]}"
    root = policy_from(tmp_path, text).route
    first, second = root.routes
    assert (root.id, first.id, second.id) == ("{}", '{}/{a="b"}', '{}/{a="b"}#2')
    assert second.routes[0].id == '{}/{a="b"}#2/{c="d"}'


def test_without_a_route_every_receiver_is_told_of_everything_at_once(tmp_path: Path) -> None:
    policy = policy_from(
        tmp_path, "receivers: [{name: a, webhook: {url: 'http://a/'}}, {name: b, webhook_configs: []}]"
    )
    leaves = tuple(Route("{}", name, continues=True) for name in "ab")
    assert policy.route == Route("{}", "", routes=leaves)
    assert (leaves[0].group_wait_ms, leaves[0].group_interval_ms, leaves[0].group_by) == (0, 0, ("alertname",))


def test_undelivered_messages_are_kept_for_a_week_unless_told_otherwise(tmp_path: Path) -> None:
    (receiver,) = policy_from(tmp_path, TEAM).receivers
    assert receiver.integrations[0].max_age_seconds == 7 * 86_400


def test_a_list_of_no_receivers_may_be_written_as_nothing(tmp_path: Path) -> None:
    assert policy_from(tmp_path, "receivers:\n") == Policy()


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    for name, content in {"url": "https://hook/token", "key": "s3cret", "mail": "ntfy://h/topic"}.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    text = f"""
        receivers:
          - name: team
            webhook: {{url_file: {tmp_path}/url, http_config: {{authorization: {{credentials_file: {tmp_path}/key}}}}}}
            apprise: {{url_file: {tmp_path}/mail}}
            alertmanager:
              url: http://am:9093
              http_config: {{basic_auth: {{username: me, password_file: {tmp_path}/key}}}}
        heartbeat: {{url_file: {tmp_path}/url}}
    """
    policy = policy_from(tmp_path, text)
    webhook, manager, apprise = policy.receivers[0].integrations
    assert (webhook.url, apprise.url) == (Secret(file=tmp_path / "url"), Secret(file=tmp_path / "mail"))
    assert webhook.http == HttpSettings(credentials=Secret(file=tmp_path / "key"))
    assert manager.http == HttpSettings(username="me", password=Secret(file=tmp_path / "key"))
    assert policy.heartbeat is not None and policy.heartbeat.url == Secret(file=tmp_path / "url")
    (tmp_path / "key").chmod(0o640)
    found = problems(tmp_path, text)
    assert len(found) == 2
    assert all("can be read by others" in line and "s3cret" not in line for line in found)


def test_what_a_secret_file_holds_is_never_part_of_an_error(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("secret-token")
    (tmp_path / "url").chmod(0o600)
    for kind in ("webhook", "alertmanager", "apprise"):
        (line,) = problems(tmp_path, f"receivers: [{{name: a, {kind}: {{url_file: {tmp_path}/url}}}}]")
        assert line.startswith(f"1: a: {kind}: url_file: what {tmp_path}/url holds must be") and "token" not in line


def test_the_address_of_a_receiver_is_never_part_of_an_error(tmp_path: Path) -> None:
    for kind in ("webhook", "alertmanager", "apprise"):
        for address in ("{url: secret-token}", "secret-token", "{url: [secret-token]}", "{url: 'x://h/ secret-token'}"):
            (line,) = problems(tmp_path, f"receivers:\n  - {{name: team, {kind}: {address}}}\n")
            assert line.startswith(f"2: team: {kind}")
            assert "secret-token" not in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("receivers: [{name: a}]", "1: a: has no address, so nobody would be told"),
        ("receivers: [{name: a, webhook: {}}]", "1: a: webhook: must have either the key url or the key url_file"),
        ("receivers: [{name: a, webhook: {url: http://a, url_file: /x}}]", "1: a: webhook: must have either"),
        ("receivers: [{name: a, webhook: {url_file: /nowhere}}]", "1: a: webhook: url_file: /nowhere cannot be read"),
        ("receivers: [{name: a, webhook_configs: [], mail: x}]", "1: a: mail: is not known here; the keys are name,"),
        ("receivers: [{name: a, webhook_configs: x}]", "1: a: webhook_configs: must be a list"),
        (
            "receivers: [{name: a, webhook: {url: http://a, timeout: 0s}}]",
            "1: a: webhook: timeout: '0s' must be longer",
        ),
        (
            "receivers: [{name: a, webhook: {url: http://a, http_config: {proxy: x}}}]",
            "1: a: webhook: http_config: proxy",
        ),
        (
            "receivers: [{name: a, webhook: {url: http://a, http_config: {tls_config: {ca_file: /nowhere}}}}]",
            "1: a: webhook: http_config: tls_config: ca_file: '/nowhere' is no file of certificates",
        ),
        (TEAM + "route: {}", "2: route: receiver: is missing; the root route needs"),
        (TEAM + "route: {receiver: x}", "2: route: receiver: 'x' is no receiver; there are team"),
        (TEAM + "route: {receiver: team, match: {a: b}}", "2: route: match: cannot stand at the root"),
        (TEAM + "route: {receiver: team, group_by: alertname}", "2: route: group_by: must be a list"),
        (TEAM + "route: {receiver: team, group_by: [a, '...']}", "2: route: group_by: '...' stands for all labels"),
        (TEAM + "route: {receiver: team, group_by: [a, a]}", "2: route: group_by: names a label twice"),
        (TEAM + "route: {receiver: team, group_by: [a b]}", "2: route: group_by: 'a b' is no name of a label"),
        (TEAM + "route: {receiver: team, group_wait: 30}", "2: route: group_wait: 30 is no duration"),
        (TEAM + "route: {receiver: team, repeat_interval: 0s}", "2: route: repeat_interval: '0s' must be longer"),
        (
            TEAM + "route: {receiver: team, routes: [{matchers: [a]}]}",
            "2: route, route 1: matchers: 'a' is no condition",
        ),
        (TEAM + "route: {receiver: team, routes: [{matchers: ['a=~\"(\"']}]}", "2: route, route 1: matchers: "),
        (TEAM + "route: {receiver: team, routes: [{match: a}]}", "2: route, route 1: match: must be a mapping"),
        (TEAM + "route: {receiver: team, routes: [{match_re: {a: '('}}]}", "2: route, route 1: match_re: a: '('"),
        (TEAM + "route: {receiver: team, routes: [1]}", "2: route, route 1: must be a mapping"),
        (
            TEAM + "route: {receiver: team, routes: [{mute_time_intervals: [x]}]}",
            "2: route, route 1: mute_time_intervals: 'x' is not one of the time_intervals",
        ),
        (TEAM + "inhibit_rules: [{source_matchers: [a=b]}]", "2: inhibit_rules 1: target_matchers: is missing"),
        (TEAM + "inhibit_rules: [{source_match: {a: b}, target_match: {a: c}, equal: x}]", "2: inhibit_rules 1: equal"),
        (TEAM + "flapping: {changes: 1, window: 5m}", "2: flapping: changes: 1 must be a whole number from 2"),
        (TEAM + "flapping: {changes: 5}", "2: flapping: window: is missing"),
        (TEAM + "heartbeat: {interval: 1m}", "2: heartbeat: must have either the key url"),
        (TEAM + "heartbeat: {url: 'http://a', interval: 10ms}", "2: heartbeat: interval: '10ms' must be at least 1s"),
        (TEAM + "global: {}", "2: global: is not known here"),
    ],
)
def test_a_mistake_is_told_with_its_line_its_key_and_what_is_right(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = problems(tmp_path, text)
    assert line.startswith(expected), line


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "receivers: [{name: a, webhook: {url: x}}, {name: b, webhook_configs: []}, {name: b, webhook_configs: []}]\n"
    found = problems(tmp_path, text + "route: {receiver: c}\nheartbeat: 1\n")
    assert [line.split(":")[0] for line in found] == ["1", "1", "3", "2"]


@pytest.mark.parametrize("value", [None, "", 1, [], "route"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / "receivers.yml").write_text("" if value is None else repr(value))
    with pytest.raises(ConfigError):
        read_policy(tmp_path / "receivers.yml")
