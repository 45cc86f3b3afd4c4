"""Rules and alerts with their states."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collector.conftest import DEFAULTS, Bench

HIGH = 'load{instance="web-1"} 3'
LABELLED = {
    "name": "another",
    "rules": [{"alert": "Paged", "expr": "load > 1", "labels": {"severity": "page", "team": "{{ $labels.instance }}"}}],
}


def test_alerts_and_rules_are_told_with_their_states(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(3):
            await bench.second(HIGH, 'load{instance="web-2"} 1')
        assert await bench.data("alerts") == {
            "alerts": [
                {
                    "labels": {"alertname": "High", "instance": "web-1"},
                    "annotations": {"summary": "web-1 has 3"},
                    "state": "firing",
                    "activeAt": "2023-11-14T22:13:21.000Z",
                    "value": "3e+00",
                }
            ]
        }
        (group,) = (await bench.data("rules"))["groups"]
        assert {key: group[key] for key in ("name", "file", "interval", "limit", "lastEvaluation")} == {
            "name": "hosts",
            "file": "rules.yml",
            "interval": 1,
            "limit": 0,
            "lastEvaluation": "2023-11-14T22:13:23.000Z",
        }
        record, high, down = group["rules"]
        assert (record["type"], record["name"], record["query"]) == ("recording", "load:double", "load * 2")
        assert "labels" not in record
        assert (high["type"], high["state"], high["duration"], high["health"]) == ("alerting", "firing", 2, "ok")
        assert high["annotations"] == {"summary": "{{ $labels.instance }} has {{ $value }}"}
        assert [alert["state"] for alert in high["alerts"]] == ["firing"]
        assert (down["state"], down["alerts"], down["labels"]) == ("inactive", [], {})

    bench.run(work)


def test_a_rule_that_fails_tells_why(bench: Bench) -> None:
    bench.write("rules.d/rules", groups=[{"name": "g", "rules": [{"record": "a", "expr": "load * on () load"}]}])

    async def work() -> None:
        await bench.second(HIGH, 'load{instance="web-2"} 1')
        (rule,) = (await bench.data("rules"))["groups"][0]["rules"]
        assert rule["health"] == "err"
        assert "many-to-many" in rule["lastError"]

    bench.run(work)


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, ["Paged", "load:double", "High", "HostDown"]),
        ({"type": "record"}, ["load:double"]),
        ({"type": "ALERT"}, ["Paged", "High", "HostDown"]),
        ({"rule_name[]": ["High", "Paged"]}, ["Paged", "High"]),
        ({"rule_name[]": "High", "type": "record"}, []),
        ({"rule_group[]": "another"}, ["Paged"]),
        ({"file[]": "rules.yml"}, ["Paged", "load:double", "High", "HostDown"]),
        ({"file[]": "other.yml"}, []),
        ({"match[]": '{severity="page"}'}, ["Paged"]),
        ({"match[]": ['{team=~".*instance.*"}', '{severity="none"}']}, ["Paged"]),
        ({"match[]": '{severity="none"}'}, []),
    ],
)
def test_rules_are_chosen_and_groups_without_any_left_out(
    bench: Bench, parameters: dict[str, Any], names: list[str]
) -> None:
    bench.write("rules.d/rules", groups=[*DEFAULTS["rules.d/rules"]["groups"], LABELLED])

    async def work() -> None:
        groups = (await bench.data("rules", **parameters))["groups"]
        assert [rule["name"] for group in groups for rule in group["rules"]] == names
        assert all(group["rules"] for group in groups)

    bench.run(work)


def test_alerts_can_be_left_out_of_rules(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        (group,) = (await bench.data("rules", exclude_alerts="true"))["groups"]
        assert [(rule["state"], rule["alerts"]) for rule in group["rules"][1:]] == [
            ("pending", None),
            ("inactive", None),
        ]

    bench.run(work)


def test_an_alert_that_only_keeps_firing_says_since_when(bench: Bench) -> None:
    rule = {"alert": "A", "expr": "load > 2", "keep_firing_for": "1m"}
    bench.write("rules.d/rules", groups=[{"name": "g", "rules": [rule]}])

    async def work() -> None:
        await bench.second(HIGH)
        assert "keepFiringSince" not in (await bench.data("alerts"))["alerts"][0]
        await bench.second('load{instance="web-1"} 1')
        assert (await bench.data("alerts"))["alerts"][0]["keepFiringSince"] == "2023-11-14T22:13:22.000Z"

    bench.run(work)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"type": "x"}, 'not supported value "x"'),
        ({"exclude_alerts": "maybe"}, "exclude_alerts"),
        ({"match[]": "{"}, "match[]"),
    ],
)
def test_what_is_wrong_is_told(bench: Bench, parameters: dict[str, str], reason: str) -> None:
    async def work() -> None:
        answer = await bench.client.get("/api/v1/rules", params=parameters)
        assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
        assert reason in answer.json()["error"]

    bench.run(work)
