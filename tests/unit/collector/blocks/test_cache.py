"""What was asked for lately is not computed again, and the whole takes no more than it may."""

from __future__ import annotations

from monitor_collector.blocks.cache import Cache


class Counting:
    """Computes what it is asked for, and remembers what that was."""

    def __init__(self, limit_bytes: int) -> None:
        self.computed: list[str] = []
        self._cache: Cache[str] = Cache(limit_bytes)

    def get(self, key: str, size: int = 10) -> str:
        def compute() -> tuple[str, int]:
            self.computed.append(key)
            return key.upper(), size

        return self._cache.get(key, compute)


def test_what_is_known_is_not_computed_again() -> None:
    cache = Counting(100)
    assert [cache.get("a"), cache.get("a")] == ["A", "A"]
    assert cache.computed == ["a"]


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache = Counting(30)
    for key in ("a", "b", "c", "a", "d", "a", "b"):
        cache.get(key)
    assert cache.computed == ["a", "b", "c", "d", "b"]


def test_what_is_larger_than_the_limit_is_given_but_not_kept() -> None:
    cache = Counting(30)
    assert [cache.get("a", 31), cache.get("a", 31)] == ["A", "A"]
    assert cache.computed == ["a", "a"]
