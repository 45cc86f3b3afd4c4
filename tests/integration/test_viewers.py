"""Whoever looks at the page does not keep the collector from stopping."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.integration.collector_process import CollectorProcess

FILES = {"targets": {"targets": [{"instance": "web-1"}]}, "receivers": {"receivers": []}}


def test_a_collector_that_is_stopped_lets_its_viewers_go(tmp_path: Path) -> None:
    collector = CollectorProcess(tmp_path, FILES)
    collector.start()
    try:
        collector.wait_until_ready()
        with httpx.stream("GET", f"{collector.url}/api/v1/live", timeout=30) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: all"
            assert collector.stop() == 0
            # The stream has an end, and is not cut off.
            assert {line for line in lines if line.startswith("event: ")} <= {"event: change"}
    finally:
        collector.close()
    # What uvicorn says when it has waited for requests in vain.
    assert "Cancel" not in collector.log.read_text()
