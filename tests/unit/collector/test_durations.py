"""Lengths of time as people write them."""

from __future__ import annotations

import pytest

from monitor_collector.durations import duration_ms, duration_text


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("5s", 5000), ("1h30m", 5_400_000), ("500ms", 500), ("1m500ms", 60_500), ("2d", 172_800_000), ("0s", 0), (0, 0)],
)
def test_durations_are_read_as_in_prometheus(text: object, milliseconds: int) -> None:
    assert duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "5", 5, "1.5h", "5 s", "s", "1s1m", None, "-5s"])
def test_anything_else_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="write for example 30s"):
        duration_ms(text)


@pytest.mark.parametrize("text", ["0s", "1h30m", "250ms", "1d", "1m1s"])
def test_a_duration_is_written_as_it_was_read(text: str) -> None:
    assert duration_text(duration_ms(text)) == text
