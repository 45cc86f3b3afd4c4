"""Several collectors of which one gets the data: the first that takes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from monitor_agent.connection import Answer, Connection
from monitor_agent.log import INFO, WARNING, log

RETURN_AFTER_SECONDS = 60.0  # how long another collector is used before the preferred one is tried again


class Failover:
    """Posts like one Connection, to several in the order of preference.

    Where one gives no answer, or one of 500 and more, the next is asked at once with the same body. When none takes it,
    `post` raises or returns what the preferred one did. `address` is the one in use.
    """

    def __init__(self, connections: Sequence[Connection], clock: Callable[[], float] = time.monotonic) -> None:
        self._connections = connections
        self._clock = clock
        self._used = 0
        self._left_seconds = 0.0

    @property
    def address(self) -> str:
        return self._connections[self._used].address

    def post(self, body: bytes) -> Answer:
        others = [index for index in range(len(self._connections)) if index != self._used]
        order = [self._used, *others]
        if self._used and self._clock() - self._left_seconds >= RETURN_AFTER_SECONDS:
            order.sort()
        outcomes: dict[int, Answer | OSError] = {}
        for index in order:
            outcome = self._ask(index, body)
            if isinstance(outcome, Answer) and outcome.status < 500:
                self._use(index, outcomes.get(0))
                return outcome
            outcomes[index] = outcome
        self._used = 0
        if isinstance(outcomes[0], OSError):
            raise outcomes[0]
        return outcomes[0]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def _ask(self, index: int, body: bytes) -> Answer | OSError:
        try:
            return self._connections[index].post(body)
        except OSError as error:
            return error

    def _use(self, index: int, preferred: Answer | OSError | None) -> None:
        """Notes when the preferred collector was asked in vain, and says when another one is used from now on."""
        if index and preferred is not None:
            self._left_seconds = self._clock()
        if index == self._used:
            return
        left, self._used = self.address, index
        if index:
            log(WARNING, f"collector at {left} does not take batches, pushing to {self.address}")
        else:
            log(INFO, f"pushing to {self.address} again")
