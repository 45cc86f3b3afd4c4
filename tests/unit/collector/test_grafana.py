"""The dashboard for Grafana: what it asks, the collector answers."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from tests.unit.collector.conftest import Bench

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "docs/grafana/generate.py"
specification = importlib.util.spec_from_file_location("grafana_dashboard", SOURCE)
assert specification and specification.loader
generate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(generate)

DASHBOARD = json.loads((ROOT / "docs/grafana/dashboard.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
# Where metrics that are not the agent's come from.
OTHERS = re.compile("ALERTS|monitor_health_|probe_")


def test_the_dashboard_is_what_the_script_writes() -> None:
    assert (ROOT / "docs/grafana/dashboard.json").read_text() == generate.text()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_expression_is_answered(bench: Bench, expression: str) -> None:
    asked = expression.replace("$instance", "web-1").replace("$__rate_interval", "20s")
    assert "$" not in asked

    async def work() -> str:
        for second in range(5):
            await bench.second(
                *(f'{name}{{instance="web-1",device="eth0",mode="user"}} {second + 1}' for name in names(expression))
            )
        data = await bench.data("query_range", query=asked, start=bench.now_ms / 1000, end=bench.now_ms / 1000, step=1)
        return str(data["resultType"]) if data["result"] else "nothing"

    assert bench.run(work) == "matrix"


def names(expression: str) -> set[str]:
    """The metrics of an expression; ALERTS come from the bench's own rules."""
    return set(re.findall(r"\b(?:node|monitor|probe)_\w+", expression)) - {"node_pressure"}


def test_the_metrics_are_those_that_the_agent_sends() -> None:
    recorded = "\n".join(path.read_text() for path in (ROOT / "monitor_agent/collectors").glob("*.py"))
    for expression in EXPRESSIONS:
        for name in names(expression):
            if not OTHERS.match(name) and not re.match("node_memory_|node_load", name):
                stem = re.sub("(receive|transmit)_bytes_total|(cpu|memory|io)_waiting_seconds_total", "", name)
                assert stem in recorded, name
