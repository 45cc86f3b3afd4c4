"""The status page."""

from __future__ import annotations

import re

from tests.unit.collector.conftest import Bench


def row_of(page: str, host: str) -> list[str]:
    """The texts of a host's row."""
    (row,) = re.findall(rf"<tr>\s*<th scope=\"row\">{re.escape(host)}</th>(.*?)</tr>", page, re.DOTALL)
    return re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)


def test_a_host_that_reports_is_shown_with_its_figures(bench: Bench) -> None:
    async def work() -> str:
        for second in range(8):
            await bench.second(
                f'node_cpu_seconds_total{{instance="web-1",cpu="0",mode="user"}} {9 + second * 0.25}',
                f'node_cpu_seconds_total{{instance="web-1",cpu="0",mode="idle"}} {9 + second * 0.75}',
                'node_memory_MemTotal_bytes{instance="web-1"} 1000',
                'node_memory_MemAvailable_bytes{instance="web-1"} 400',
                'node_load1{instance="web-1"} 0.5',
                'monitor_agent_build_info{instance="web-1",version="0.1.0"} 1',
            )
        return (await bench.client.get("/")).text

    assert row_of(bench.run(work), "web-1") == ["up", "0s ago", "25%", "60%", "0.50", "0.1.0"]


def test_a_silent_host_shows_no_old_figures_and_one_never_seen_says_so(bench: Bench) -> None:
    async def work() -> str:
        await bench.second('node_load1{instance="web-1"} 0.5')
        for _ in range(5):
            await bench.second()
        return (await bench.client.get("/")).text

    page = bench.run(work)
    assert row_of(page, "web-1") == ["silent", "5s ago", "", "", "", ""]
    assert row_of(page, "web-2") == ["never seen", "", "", "", "", ""]
    assert "0 of 2 hosts report" in page


def test_right_after_a_start_hosts_are_waited_for(bench: Bench) -> None:
    async def work() -> str:
        await bench.second()
        return (await bench.client.get("/")).text

    assert row_of(bench.run(work), "web-1")[0] == "waiting"


def test_alarms_are_shown_with_state_time_value_and_summary(bench: Bench) -> None:
    async def work() -> str:
        for _ in range(4):
            await bench.second('load{instance="web-1"} 3', 'load{instance="web-2"} 1')
        return (await bench.client.get("/")).text

    page = bench.run(work)
    assert row_of(page, "High") == ["web-1", "firing", "1s", "3", "web-1 has 3"]
    assert "1 alarm rings" in page


def test_names_cannot_bring_markup_into_the_page(bench: Bench) -> None:
    bench.write("targets", targets=[{"instance": "<script>x</script>"}])

    async def work() -> str:
        await bench.second()
        return (await bench.client.get("/")).text

    page = bench.run(work)
    assert "<script>" not in page
    assert row_of(page, "&lt;script&gt;x&lt;/script&gt;")


def test_the_page_renews_itself_without_javascript(bench: Bench) -> None:
    async def work() -> str:
        return (await bench.client.get("/")).text

    page = bench.run(work)
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "<script" not in page
