"""How the caller of an evaluation keeps it from taking too much memory or too long."""

from typing import Protocol


class Limits(Protocol):
    """What an evaluation must not exceed. The caller implements it, for one evaluation each."""

    def allow(self, samples: int) -> None:
        """Raises whatever ends the evaluation where `samples` more are too many, time is up or nobody waits any more.

        Called with the number of samples that a selector has returned, with the number of cells of a grid of series
        and steps before it is built, and with 0 in the middle of long work that needs no more memory.
        """
        ...


class Unlimited:
    """Allows everything."""

    def allow(self, samples: int) -> None:
        pass
