"""The hosts that must report."""

from __future__ import annotations

from tests.unit.collector.conftest import Bench


def test_targets_are_up_down_or_unknown(bench: Bench) -> None:
    async def work() -> None:
        await bench.second('load{instance="web-1"} 3')
        found = (await bench.data("targets"))["activeTargets"]
        assert [(one["labels"]["instance"], one["health"]) for one in found] == [("web-1", "up"), ("web-2", "unknown")]
        assert found[0]["lastScrape"] == "2023-11-14T22:13:21.000Z"
        assert found[0]["labels"] == {"instance": "web-1", "job": "host", "env": "lab"}
        for _ in range(3):
            await bench.second()
        found = (await bench.data("targets"))["activeTargets"]
        assert [one["health"] for one in found] == ["down", "down"]

    bench.run(work)


def test_targets_are_chosen_by_state_and_pool(bench: Bench) -> None:
    async def work() -> None:
        for parameters, count in (
            ({"state": "active"}, 2),
            ({"state": "Any"}, 2),
            ({"state": "dropped"}, 0),
            ({"scrapePool": "host"}, 2),
            ({"scrapePool": "other"}, 0),
        ):
            assert len((await bench.data("targets", **parameters))["activeTargets"]) == count

    bench.run(work)
