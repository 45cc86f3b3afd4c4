"""Series and queries on which Prometheus and the evaluator must agree.

No sample lies on the edge of a window: there Prometheus 2 and 3 differ. Where a counter starts inside the window,
they differ too, so `young_total` is not asked for its rate.
"""

import math
import random

START = 1_700_000_000
END = START + 1800


def series() -> dict[str, dict[float, float]]:
    """Half an hour of a small fleet: counters with resets, gauges with odd values, gaps, joins."""
    chance = random.Random(7)
    fleet: dict[str, dict[float, float]] = {}
    for host in range(6):
        for mode in ("idle", "user", "system"):
            value, counter = 1000.0 * host + 500, {}
            for second in range(0, 1800, 5):
                value += chance.random() * 5
                if chance.random() < 0.01:
                    value = chance.random()
                if not (host == 4 and 600 < second < 1100) and not (host == 5 and second > 1200):
                    counter[START + second + 0.123 + host / 100] = round(value, 3)
            fleet[f'cpu_seconds_total{{instance="h{host}",job="host",mode="{mode}"}}'] = counter
        times = [START + second + 0.457 for second in range(0, 1800, 15)]
        fleet[f'memory_bytes{{instance="h{host}",job="host"}}'] = {t: chance.randint(-5, 50) for t in times}
        fleet[f'limit{{instance="h{host}",name="memory"}}'] = dict.fromkeys(times, 20.0)
        fleet[f'limit{{instance="h{host}",name="load"}}'] = dict.fromkeys(times, 2.0)
        fleet[f'build_info{{instance="h{host}",job="host",version="1.{host % 2}"}}'] = dict.fromkeys(times, 1.0)
        fleet[f'a{{instance="h{host}"}}'] = {t: chance.random() for t in times[: 40 + 10 * host]}
        fleet[f'b{{instance="h{host}"}}'] = {t: chance.random() for t in times[30:]}
    odd = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.5, -2.5, 2.5, 0.5, -0.5]
    for number, value in enumerate(odd):
        fleet[f'odd{{number="{number}"}}'] = dict.fromkeys((START + s + 0.7 for s in range(0, 1800, 15)), value)
    fleet['mixed{x="y"}'] = {START + s + 0.7: odd[s // 15 % len(odd)] for s in range(0, 1800, 15)}
    fleet['young_total{x="y"}'] = {START + s + 0.7: s for s in range(900, 1800, 15)}
    fleet |= _histograms(chance)
    for number, second in enumerate(
        (0, 951782399, 951782400, 1e9, 1709164800, 1735689599.9, -1, -86400.5, 4e9, 7.25e10)
    ):
        fleet[f'moment{{number="{number}"}}'] = dict.fromkeys((START + s + 0.7 for s in range(0, 1800, 15)), second)
    fleet['tiny{x="y"}'] = {START + s + 0.7: chance.uniform(-1, 1) for s in range(0, 1800, 15)}
    fleet["rare"] = {START + s + 0.7: s for s in range(0, 1800, 400)}
    return fleet


def _histograms(chance: random.Random) -> dict[str, dict[float, float]]:
    """Buckets as they should be, and in every way in which they are not."""
    bounds = {
        "good": ("0.1", "0.5", "1", "2.5", "+Inf"),
        "scrambled": ("0.1", "0.5", "1", "2.5", "+Inf"),
        "young": ("0.1", "0.5", "1", "2.5", "+Inf"),
        "twice": ("1", "1.0", "2", "+Inf"),
        "open": ("1", "2"),
        "single": ("+Inf",),
        "negative": ("-5", "-1", "0", "1e1", "Inf"),
        "odd": ("0.1", "", "x", "0x1p-2", "1 ", "+Inf"),
        "empty": ("1", "+Inf"),
    }
    buckets: dict[str, dict[float, float]] = {}
    for kind, upper in bounds.items():
        for number, bound in enumerate(upper):
            value, samples = 0, {}
            for second in range(0, 1800, 15):
                value += chance.randint(0, 3) * (number + 1) if kind != "scrambled" else chance.randint(0, 9)
                if kind != "young" or number != 2 or second > 700:
                    samples[START + second + 0.31] = 0 if kind == "empty" else value
            le = f',le="{bound}"' if bound else ""
            buckets[f'seconds_bucket{{kind="{kind}"{le}}}'] = samples
    return buckets


QUERIES = r"""
1 + 2 * 3 - 4 / 5 % 6 ^ 2
-2 ^ 2
2 ^ 3 ^ 2
-7 % 3
7 % -3
1 / 0
-1 / 0
0 / 0
NaN == bool NaN
NaN != bool NaN
1 < bool 2
0x1f + 1e3
Inf - Inf
"text"
time()
-time()
time() % 60
memory_bytes
memory_bytes{instance="h1"}
memory_bytes{instance!="h1"}
memory_bytes{instance=~"h[12]"}
memory_bytes{instance=~"h"}
memory_bytes{instance!~"h[12]|h3"}
memory_bytes{missing=""}
memory_bytes{missing!=""}
{__name__=~"a|b"}
{__name__="a",instance=~".+1"}
memory_bytes offset 5m
memory_bytes offset -5m
nothing
+memory_bytes
-memory_bytes
-(memory_bytes)
-odd
memory_bytes + 1
1 - memory_bytes
memory_bytes * 2 / 3
memory_bytes % 4
-memory_bytes % 4
memory_bytes ^ 2
2 ^ memory_bytes
odd / 0
0 / odd
odd % 0
odd ^ 0.5
odd > 0
odd >= bool 0
odd == NaN
odd != bool odd
odd != odd
odd <= 1.5
1.5 < odd
0 == bool odd
memory_bytes > 20
20 > memory_bytes
20 < bool memory_bytes
memory_bytes > bool 20
memory_bytes == memory_bytes
memory_bytes > time()
memory_bytes + memory_bytes
memory_bytes - ignoring(name) limit{name="memory"}
memory_bytes / on(instance) limit{name="memory"}
memory_bytes > on(instance) limit{name="memory"}
memory_bytes > ignoring(name, job) limit{name="memory"}
memory_bytes > bool on(instance) limit{name="memory"}
memory_bytes * on(instance) group_left(name) limit{name="load"}
memory_bytes > on(instance) group_left(name) limit{name="memory"}
limit * on(instance) group_left memory_bytes
limit * on(instance) group_left(job) memory_bytes
limit * on(instance) group_left(job, missing) memory_bytes
limit * on(instance) group_left(version) build_info
memory_bytes * on(instance) group_right limit
memory_bytes < on(instance) group_right(job) limit
memory_bytes == on(instance) group_right(job) memory_bytes
memory_bytes > bool on(instance) group_right limit
cpu_seconds_total * on(instance, job) group_left(version) build_info
cpu_seconds_total / ignoring(mode) group_left sum without(mode) (cpu_seconds_total)
memory_bytes + on(instance) limit
limit + on(instance) memory_bytes
memory_bytes + on(job) memory_bytes
cpu_seconds_total > on(instance) memory_bytes
limit * on(instance) group_left(name) limit
limit * on(instance) group_right(name) limit
memory_bytes * on(job) group_left(version) build_info
limit * on(instance) group_left(name) memory_bytes
limit == on(instance) limit
limit > on(instance) memory_bytes
a + b
a * on(instance) b
a and b
a or b
b or a
a unless b
a and on() b
a or on() b
a unless on() nothing
a and nothing
nothing or a
a or nothing
nothing unless a
memory_bytes and on(instance) a
memory_bytes and on(instance) (a > 0.5)
memory_bytes unless on(instance) (a > 0.5)
memory_bytes or ignoring(job) a
memory_bytes > 30 or memory_bytes < 0
memory_bytes > 10 and memory_bytes < 30
nothing + a
a + nothing
limit + on() nothing
limit + on() group_left nothing
nothing * on() limit
(a > 0.5) + on() limit
{__name__=~"a|b"} + 1
-{__name__=~"a|b"}
{__name__=~"a|b"} > 0.5
{__name__=~"a|b"} > bool 0.5
abs({__name__=~"a|b"})
rate({__name__=~"a|b"}[5m])
max_over_time({__name__=~"a|b"}[5m])
last_over_time({__name__=~"a|b"}[5m])
timestamp({__name__=~"a|b"})
rate(cpu_seconds_total[1m])
rate(cpu_seconds_total[30s])
rate(cpu_seconds_total[7m])
rate(cpu_seconds_total[1m] offset 3m)
rate(cpu_seconds_total[3s])
rate((cpu_seconds_total[1m]))
increase(cpu_seconds_total[5m])
increase(cpu_seconds_total{mode="idle"}[20m])
delta(cpu_seconds_total[5m])
delta(memory_bytes[5m])
delta(mixed[10m])
irate(cpu_seconds_total[5m])
irate(cpu_seconds_total[6s])
irate(memory_bytes[2m])
rate(rare[20m])
delta(rare[20m])
delta(young_total[20m])
avg_over_time(memory_bytes[5m])
min_over_time(memory_bytes[5m])
max_over_time(memory_bytes[5m])
sum_over_time(memory_bytes[5m])
count_over_time(memory_bytes[5m])
last_over_time(memory_bytes[5m])
min_over_time(mixed[1m])
max_over_time(mixed[1m])
sum_over_time(mixed[1m])
avg_over_time(mixed[1m])
min_over_time(odd[1m])
max_over_time(odd[1m])
count_over_time(rare[10m] offset 1m)
last_over_time(rare[10m])
sum(memory_bytes)
sum by (instance) (cpu_seconds_total)
sum without (mode) (cpu_seconds_total)
sum by (mode, job) (rate(cpu_seconds_total[1m]))
sum(rate(cpu_seconds_total[1m])) by (mode)
avg by (instance) (rate(cpu_seconds_total{mode="idle"}[30s]))
avg(memory_bytes)
min(memory_bytes)
max without (instance) (memory_bytes)
count by (missing) (memory_bytes)
count by (__name__) ({job="host"})
count({job="host"}) by (__name__, job)
group by (version) (build_info)
group(nothing)
sum(nothing)
count(nothing)
sum(odd)
min(odd)
max(odd)
min(odd == NaN)
max(odd{number="0"})
avg(odd{number=~"[3-9]"})
sum without () (memory_bytes)
sum by () (memory_bytes)
max by (instance) (a or b)
absent(nothing)
absent(memory_bytes)
absent(nothing{instance="h1",job=~"x",other="y"})
absent(nothing{instance="h1",instance="h1",x="y"})
absent(nothing{instance="h1",instance!="h2",x="y"})
absent((nothing{x="y"}))
absent(sum(nothing{x="y"}))
absent(memory_bytes > 1000)
absent(rate(nothing{x="y"}[5m]))
timestamp(memory_bytes)
timestamp((memory_bytes))
timestamp(memory_bytes offset 1m)
timestamp(memory_bytes + 1)
timestamp(vector(1))
vector(1)
vector(time())
vector(1) + on() group_right memory_bytes
scalar(memory_bytes)
scalar(memory_bytes{instance="h1"})
scalar(nothing)
memory_bytes / scalar(sum(memory_bytes))
-scalar(memory_bytes{instance="h1"})
abs(memory_bytes)
abs(odd)
ceil(odd)
floor(odd)
round(odd)
round(odd, 0.2)
round(memory_bytes, 7)
round(odd, 0)
clamp_min(memory_bytes, 3)
clamp_max(memory_bytes, 3)
clamp_min(odd, 1)
clamp_max(odd, 1)
clamp_min(odd, NaN)
clamp_max(odd, NaN)
clamp_min(odd, Inf)
clamp_max(odd, -Inf)
clamp_max(odd, Inf)
clamp_min(memory_bytes, scalar(limit{instance="h1",name="load"}))
1 - avg by (instance) (rate(cpu_seconds_total{mode="idle"}[1m])) > 0.4
(memory_bytes / on(instance) limit{name="memory"} > 1) or on(instance) absent(nothing)
rare
young_total
sum(young_total) or vector(0)
sum(nothing) or vector(0)
""".strip().splitlines()

INSTANT_ONLY = r"""
memory_bytes[1m]
cpu_seconds_total{instance="h1"}[20s] offset 2m
{__name__=~"a|b"}[40s]
""".strip().splitlines()
