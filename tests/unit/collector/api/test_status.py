"""What the collector says about itself."""

from __future__ import annotations

import yaml

from monitor_collector import __version__
from tests.unit.collector.conftest import Bench


def test_the_versions_of_the_api_and_of_the_collector_are_told(bench: Bench) -> None:
    async def work() -> None:
        found = await bench.data("status/buildinfo")
        assert found["version"] == "3.0.0"
        assert found["revision"] == f"monitor-collector {__version__}"

    bench.run(work)


def test_a_reload_that_failed_is_told_until_one_succeeds(bench: Bench) -> None:
    async def work() -> None:
        found = await bench.data("status/runtimeinfo")
        assert found["reloadConfigSuccess"] is True
        assert found["startTime"] == found["lastConfigTime"] == "2023-11-14T22:13:20.000Z"
        assert found["storageRetention"] == "30d"
        good = (bench.directory / "targets.yml").read_text()
        bench.write("targets", targets="none")
        await bench.second()
        await bench.client.post("/-/reload")
        assert (await bench.data("status/runtimeinfo"))["reloadConfigSuccess"] is False
        (bench.directory / "targets.yml").write_text(good)
        await bench.client.post("/-/reload")
        found = await bench.data("status/runtimeinfo")
        assert found["reloadConfigSuccess"] is True
        assert found["lastConfigTime"] == "2023-11-14T22:13:21.000Z"

    bench.run(work)


def test_settings_are_told_as_flags_and_as_a_configuration(bench: Bench) -> None:
    bench.write(
        "collector",
        external_url="http://monitor",
        data_directory=str(bench.directory / "data"),
        query_timeout_seconds=5,
        retention_gigabytes=2.5,
    )

    async def work() -> None:
        flags = await bench.data("status/flags")
        assert flags["query.timeout"] == "5s"
        assert flags["query.lookback-delta"] == "5m"
        assert flags["query.max-samples"] == "50000000"
        assert flags["storage.tsdb.retention.size"] == "2.5GB"
        assert (await bench.data("status/runtimeinfo"))["storageRetention"] == "30d or 2.5GB"
        assert yaml.safe_load((await bench.data("status/config"))["yaml"]) == {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
        }

    bench.run(work)


def test_the_largest_groups_of_series_are_counted(bench: Bench) -> None:
    async def work() -> None:
        await bench.push('cpu{instance="web-1",mode="a"} 1', 'cpu{instance="web-1",mode="b"} 1', 'load{instance="w"} 1')
        found = await bench.data("status/tsdb", limit=1)
        assert found == {
            "headStats": {"numSeries": 3, "numLabelPairs": 6},
            "seriesCountByMetricName": [{"name": "cpu", "value": 2}],
            "labelValueCountByLabelName": [{"name": "__name__", "value": 2}],
            "memoryInBytesByLabelName": [{"name": "instance", "value": 11}],
            "seriesCountByLabelValuePair": [{"name": "__name__=cpu", "value": 2}],
        }
        assert (await bench.client.get("/api/v1/status/tsdb?limit=0")).status_code == 400

    bench.run(work)
