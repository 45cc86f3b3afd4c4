"""Every candidate is held to reading what it has written."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.storage_formats_run import Candidate, candidates
from monitor_collector.frame import MISSING
from monitor_collector.promql import STALE_MARKER

NOISE = np.random.default_rng(1).random(3000)
VALUES = np.array(
    [
        NOISE,
        np.rint(NOISE * 100) / 100,
        np.full(3000, 1.0),
        np.where(np.arange(3000) < 1500, MISSING, NOISE),
        np.where(NOISE < 0.1, STALE_MARKER, 2.0),
    ]
)


@pytest.mark.parametrize("candidate", candidates(), ids=lambda candidate: candidate.title)
def test_what_a_candidate_reads_is_what_it_has_written(candidate: Candidate) -> None:
    written = candidate.write(VALUES)
    for i, values in enumerate(VALUES):
        assert candidate.read_one(written, i).tobytes() == values.tobytes()
    assert 0 < candidate.size(written) < VALUES.nbytes * 1.1
