"""Metrics, health and reloading."""

from __future__ import annotations

from tests.unit.collector.conftest import Bench


def test_own_figures_are_served(bench: Bench) -> None:
    async def work() -> None:
        await bench.push('load{instance="web-1"} 3')
        text = (await bench.client.get("/metrics")).text
        assert "\nmonitor_ingest_batches_total 1\n" in text
        assert "\nmonitor_head_series 1\n" in text

    bench.run(work)


def test_what_was_damaged_in_the_log_is_counted(bench: Bench) -> None:
    async def push() -> None:
        for value in range(3):
            await bench.push(f'load{{instance="web-1",number="{value}"}} {value}')

    async def figures() -> tuple[str, list[str]]:
        return (await bench.client.get("/metrics")).text, sorted(await bench.value("load"))

    bench.run(push, is_killed=True)
    (segment,) = (bench.directory / "data" / "wal").iterdir()
    content = bytearray(segment.read_bytes())
    content[content.index(b'number="1"')] ^= 1
    segment.write_bytes(content)
    text, values = bench.run(figures)
    assert "\nmonitor_wal_damaged_bytes_total 67\n" in text
    assert values == ["0", "2"]
    assert [path.suffix for path in segment.parent.iterdir()] == [".damaged"]


def test_before_the_log_was_replayed_the_collector_is_alive_but_not_ready(bench: Bench) -> None:
    async def work() -> list[int]:
        paths = ("/-/healthy", "/-/ready", "/api/v1/query?query=up", "/federate", "/")
        return [(await bench.client.get(path)).status_code for path in paths]

    assert bench.run(work, restores=False) == [200, 503, 503, 503, 503]
    assert bench.run(work) == [200, 200, 200, 200, 200]


def test_a_reload_takes_up_what_has_changed_or_says_what_is_wrong_and_goes_on(bench: Bench) -> None:
    async def work() -> None:
        bench.write("targets", targets=[{"instance": "web-9", "interval_seconds": "often"}])
        refused = await bench.client.post("/-/reload")
        assert refused.status_code == 500
        assert "web-9: interval_seconds: 'often' must be a number above 0" in refused.text
        assert len((await bench.data("targets"))["activeTargets"]) == 2
        bench.write("targets", targets=[{"instance": "web-9"}])
        assert (await bench.client.put("/-/reload")).status_code == 200
        assert [one["labels"]["instance"] for one in (await bench.data("targets"))["activeTargets"]] == ["web-9"]
        assert (await bench.client.get("/-/reload")).status_code == 405

    bench.run(work)
