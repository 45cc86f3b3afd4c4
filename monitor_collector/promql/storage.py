"""What the evaluator asks of a storage."""

from collections.abc import Sequence
from typing import Protocol

from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.values import Series


class Storage(Protocol):
    """Anything that finds series by matchers in a window of time."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The series meeting all matchers, with their samples of start_ms < t <= end_ms (Unix milliseconds).

        Left-open as the windows of Prometheus 3. A series without samples in the window is left out, and no
        label set comes twice. Returning the same label tuples each time makes repeated queries faster.
        """
        ...
