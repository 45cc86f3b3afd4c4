import pytest

from monitor_collector.promql import Unlimited, parse
from tests.unit.collector.promql.storages import MemoryStorage

STORAGE = MemoryStorage({f'x{{a="{n}"}}': dict.fromkeys(range(0, 100, 10), 1.0) for n in range(3)})


class TooMuch(Exception):
    pass


class UpTo:
    def __init__(self, samples: int) -> None:
        self.left = samples

    def allow(self, samples: int) -> None:
        self.left -= samples
        if self.left < 0:
            raise TooMuch


def _taken(query: str) -> int:
    limits = UpTo(10**9)
    parse(query).evaluate_range(STORAGE, 0, 90_000, 10_000, limits=limits)
    return 10**9 - limits.left


def test_a_selector_counts_its_samples_and_its_grid() -> None:
    limits = UpTo(10**9)
    parse("x").evaluate(STORAGE, 95_000, limits=limits)
    assert 10**9 - limits.left == 3 * 10 + 3
    assert _taken("x") == 10 + 3 * 10 + 3 * 10
    assert _taken("rate(x[5m])") == 10 + 3 * 10 + 3 * 10


def test_what_is_allowed_exactly_passes_and_one_less_does_not() -> None:
    needed = _taken("sum(x) / count(x)")
    parse("sum(x) / count(x)").evaluate_range(STORAGE, 0, 90_000, 10_000, limits=UpTo(needed))
    with pytest.raises(TooMuch):
        parse("sum(x) / count(x)").evaluate_range(STORAGE, 0, 90_000, 10_000, limits=UpTo(needed - 1))


@pytest.mark.parametrize(
    "query",
    [
        "sum_over_time(x[1000y:1ms])",
        "sum_over_time(vector(1)[1000y:1ms] @ end())",
        "max_over_time(max_over_time(x[10y:1m])[10y:1s])",
        'count_values("v", x) * on () group_left () sum_over_time(x[900y:1s])',
    ],
)
def test_absurd_sub_queries_are_stopped_before_any_array_is_made(query: str) -> None:
    with pytest.raises(TooMuch):
        parse(query).evaluate(STORAGE, 95_000, limits=UpTo(1_000_000))


def test_absurdly_many_steps_are_stopped_before_any_array_is_made() -> None:
    with pytest.raises(TooMuch):
        parse("time()").evaluate_range(STORAGE, 0, 10**15, 1, limits=UpTo(1_000_000))


def test_matching_everything_with_everything_is_stopped_before_the_pairs_are_listed() -> None:
    size = 3000
    storage = MemoryStorage(
        {f'x{{a="{n}"}}': {10: 1.0} for n in range(size)} | {f'y{{b="{n}"}}': {400 + n: 1.0} for n in range(size)}
    )
    with pytest.raises(TooMuch):
        parse("x * on () group_left (b) y").evaluate_range(storage, 10_000, 10_000_000, 500_000, limits=UpTo(1_000_000))


def test_long_work_asks_whether_it_may_go_on() -> None:
    asked = []

    class Listener:
        def allow(self, samples: int) -> None:
            asked.append(samples)

    parse("stddev_over_time(x[5m])").evaluate(STORAGE, 95_000, limits=Listener())
    assert asked[-1] == 0


def test_no_limits_allow_everything() -> None:
    Unlimited().allow(10**30)
