"""The newest samples as text."""

from __future__ import annotations

import numpy as np
import pytest

from monitor_collector.api.federation import page
from monitor_collector.exposition import Parser
from tests.unit.collector.conftest import START_MS, Bench


def test_the_newest_samples_of_selected_series_are_served_with_their_times(bench: Bench) -> None:
    async def work() -> None:
        await bench.second('load{instance="web-1"} 3', "other 5")
        await bench.second('load{instance="web-1"} 4')
        answer = await bench.client.get(
            "/federate", params={"match[]": ["load", 'other{x=""}', 'load{instance="web-1"}']}
        )
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.text == (
            "# TYPE load untyped\n"
            f'load{{instance="web-1"}} 4 {START_MS + 2000}\n'
            "# TYPE other untyped\n"
            f'other{{instance=""}} 5 {START_MS + 1000}\n'
        )

    bench.run(work)


def test_what_is_older_than_a_query_looks_back_or_has_ended_is_left_out(bench: Bench) -> None:
    async def work() -> None:
        await bench.second('load{instance="web-1"} 3')
        assert "ALERTS{" in (await bench.client.get("/federate?match[]=ALERTS")).text
        await bench.second('load{instance="web-1"} 1')
        assert (await bench.client.get("/federate?match[]=ALERTS")).text == ""
        bench.now_ms += 299_999
        assert (await bench.client.get("/federate?match[]=load")).text != ""
        bench.now_ms += 1
        assert (await bench.client.get("/federate?match[]=load")).text == ""

    bench.run(work)


def test_nothing_is_served_unasked_and_a_wrong_selector_is_refused(bench: Bench) -> None:
    async def work() -> None:
        await bench.second('load{instance="web-1"} 3')
        answer = await bench.client.get("/federate")
        assert (answer.status_code, answer.text) == (200, "")
        answer = await bench.client.get("/federate?match[]=%7B")
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")

    bench.run(work)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e6, "1e+06"), (-0.0, "0"), (0.25, "0.25"), (float("nan"), "NaN"), (float("-inf"), "-Inf"), (1e-5, "1e-05")],
)
def test_values_are_written_as_in_prometheus_text_format(value: float, text: str) -> None:
    assert (
        page([((("__name__", "a"), ("instance", "b")), 7, value)]) == f'# TYPE a untyped\na{{instance="b"}} {text} 7\n'
    )


def test_what_is_served_can_be_read_again() -> None:
    labels = (("__name__", "a"), ("instance", 'say "\\n"\n'))
    batch = Parser().parse(page([(labels, 7, 0.1)]).encode(), 0)
    assert batch.layout.series == (labels,)
    assert batch.values.tolist() == [0.1]
    assert np.array_equal(batch.timestamps_ms, 7)
