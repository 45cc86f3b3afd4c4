"""The one error that a user of the benchmarks sees."""


class BenchmarkError(Exception):
    """Something did not run; its text says what, and what to do about it."""
