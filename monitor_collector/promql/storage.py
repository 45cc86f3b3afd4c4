"""What the evaluator asks of a storage."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from monitor_collector.promql.labels import Labels
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


class Newest(NamedTuple):
    """Of each series the newest sample, stale markers too: arrays of shape (series,). What is not `present` means
    nothing."""

    labels: list[Labels]
    timestamps: np.ndarray
    values: np.ndarray
    present: np.ndarray


class Window(NamedTuple):
    """Of each series the samples values[first:past] at timestamps[first:past], no stale markers among them.

    `first` and `past` have the shape (series,); what lies between one series' samples and the next's means nothing.
    """

    labels: list[Labels]
    timestamps: np.ndarray
    values: np.ndarray
    first: np.ndarray
    past: np.ndarray


class ReadyStorage(ABC):
    """A storage that has ready what is asked for again and again, each time a little later, by one thread.

    Both methods give what `select` does, in other shapes: also series without a sample, so that the list of labels is
    the identical one each time. None where that is not ready, and `select` must be asked. The arrays are good until
    the next call.
    """

    @abstractmethod
    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]: ...

    @abstractmethod
    def newest(self, matchers: tuple[Matcher, ...], start_ms: int, end_ms: int) -> Newest | None:
        """The newest samples with start_ms < t <= end_ms."""

    @abstractmethod
    def window(self, matchers: tuple[Matcher, ...], start_ms: int, end_ms: int) -> Window | None:
        """The samples with start_ms < t <= end_ms."""
