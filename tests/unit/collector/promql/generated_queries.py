"""Every function, aggregation and operator in every place where it may stand: the large part of the corpus.

The lengths of windows keep all samples, and all steps of sub-queries, off the windows' edges, where Prometheus 2 and
3 differ. `topk` is asked for series without equal values, as which of two equal ones it takes is left open.
"""

import itertools
import random

from tests.unit.collector.promql.prometheus_corpus import START

RANGE_FUNCTIONS = (
    "absent_over_time({})",
    "avg_over_time({})",
    "changes({})",
    "count_over_time({})",
    "delta({})",
    "deriv({})",
    "double_exponential_smoothing({}, 0.3, 0.6)",
    "double_exponential_smoothing({}, 0.99, 0.01)",
    "idelta({})",
    "increase({})",
    "irate({})",
    "last_over_time({})",
    "max_over_time({})",
    "min_over_time({})",
    "predict_linear({}, 600)",
    'predict_linear({}, scalar(limit{{instance="h1",name="load"}}))',
    "present_over_time({})",
    "quantile_over_time(0.37, {})",
    "quantile_over_time(-1, {})",
    "quantile_over_time(2, {})",
    "quantile_over_time(NaN, {})",
    "rate({})",
    "resets({})",
    "stddev_over_time({})",
    "stdvar_over_time({})",
    "sum_over_time({})",
)
RANGES = (
    "cpu_seconds_total[7m]",
    "cpu_seconds_total[9s]",
    "cpu_seconds_total[1m7s] offset 3m",
    f"cpu_seconds_total[5m] @ {START + 1000}",
    f"cpu_seconds_total[5m] @ {START + 1000.25} offset 1m",
    "cpu_seconds_total[5m] offset -2m @ start()",
    "cpu_seconds_total[5m] @ end()",
    "cpu_seconds_total[5m1s7ms:20s]",
    "cpu_seconds_total[10m1s7ms:]",
    "cpu_seconds_total[5m1s7ms:20s] offset 2m",
    f"cpu_seconds_total[5m1s7ms:20s] @ {START + 900}",
    "cpu_seconds_total[5m1s7ms:13s] @ end() offset 3m",
    "rate(cpu_seconds_total[1m])[5m1s7ms:20s]",
    "(sum by (mode) (cpu_seconds_total))[5m1s7ms:30s]",
    "(cpu_seconds_total @ end())[3m1s7ms:20s]",
    "(cpu_seconds_total @ start() offset 1m)[3m1s7ms:20s] offset 1m",
    "max_over_time(deriv(cpu_seconds_total[2m])[2m1s7ms:15s])[6m1s7ms:1m]",
)
GAUGE_RANGES = (
    "memory_bytes[7m]",
    'odd{number=~"[0-3]"}[2m]',
    "mixed[3m]",
    "rare[20m]",
    "nothing[5m]",
    "tiny[10m]",
    "limit[4m]",
    "a[5m]",
    "(a > 0.5)[5m1s7ms:10s]",
    "memory_bytes[15m1s7ms:45s]",
    "vector(time())[5m1s7ms:20s]",
    "absent(a)[5m1s7ms:20s]",
)
# They weigh where a counter was zero, which Prometheus 2 and 3 do differently unless it is far from that.
COUNTERS_ONLY = frozenset({"increase({})", "rate({})"})

ELEMENTWISE = (
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor", "ln",
    "log10", "log2", "rad", "round", "sgn", "sin", "sinh", "sqrt", "tan", "tanh", "timestamp", "absent", "sort",
    "sort_desc", "vector(scalar", "-", "+",
)  # fmt: skip
DATES = ("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year")
AGGREGATIONS = (
    "avg", "bottomk(2,", "count", 'count_values("value",', "group", "max", "min", "quantile(0.37,", "quantile(-1,",
    "quantile(2,", "quantile(NaN,", "stddev", "stdvar", "sum", "topk(2,", "topk(0,", "topk(1.9,", "topk(-3,",
    "bottomk(1e9,", 'count_values("mode",',
)  # fmt: skip
GROUPINGS = (
    "", "by ()", "by (instance)", "by (mode, job)", "by (missing)", "by (__name__)", "by (value)", "without ()",
    "without (instance)", "without (mode, job)", "without (missing)", "without (value)",
)  # fmt: skip
OPERATORS = (
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "== bool", "!= bool", "> bool", "< bool",
    ">= bool", "<= bool",
)  # fmt: skip
SET_OPERATORS = ("and", "or", "unless")
MATCHINGS = (
    "", "on (instance)", "ignoring (name)", "ignoring (name, job)", "on (instance, job)", "on ()", "ignoring ()",
)  # fmt: skip
GROUPED = ("", "group_left", "group_right", "group_left (name)", "group_right (job)", "group_left (version, missing)")
SIDES = (
    ("memory_bytes", 'limit{name="memory"}'),
    ("memory_bytes", "limit"),
    ("limit", "memory_bytes"),
    ("cpu_seconds_total", "build_info"),
    ("a", "b"),
    ("a > 0.5", "b < 0.5"),
)
NUMBERS = ("0", "-2.5", "3", "NaN", "Inf", "-Inf", "time()", 'scalar(limit{instance="h1",name="load"})')
LABELS = r"""
label_replace(memory_bytes, "host", "$1", "instance", "h(.*)")
label_replace(memory_bytes, "host", "x-$1-${1}y-$1y-$$-$", "instance", "(h)(.*)")
label_replace(memory_bytes, "host", "${digit}_${none}_$9", "instance", "h(?P<digit>.)")
label_replace(memory_bytes, "instance", "", "instance", "h[12]")
label_replace(memory_bytes, "instance", "", "", "")
label_replace(memory_bytes, "job", "new", "missing", "")
label_replace(memory_bytes, "job", "new", "missing", ".+")
label_replace(memory_bytes, "job", "new", "instance", "h")
label_replace(memory_bytes, "__name__", "other", "instance", "h1")
label_replace(memory_bytes, "__name__", "", "instance", ".*")
label_replace(limit, "name", "", "instance", "h1")
label_replace(nothing, "a", "b", "c", "d")
label_replace(rate(cpu_seconds_total[1m]), "mode", "$1", "mode", "(.).*")
sum by (host) (label_replace(memory_bytes, "host", "$2$1", "instance", "(.)(.)"))
label_replace(memory_bytes, "host", "$1", "instance", "(")
label_replace(memory_bytes, "host", "$1", "instance", "h(.*)|(x)")
label_replace(memory_bytes, "host", "<$2>", "instance", "h(.*)|(x)")
label_replace(memory_bytes, "host", "${1", "instance", "h(.*)")
label_replace(memory_bytes, "host", "${}$", "instance", "h(.*)")
label_replace(memory_bytes, "", "x", "instance", "h(.*)")
label_join(memory_bytes, "all", "-", "instance", "job")
label_join(memory_bytes, "all", "-", "instance", "missing", "job")
label_join(memory_bytes, "all", "-")
label_join(memory_bytes, "job", "", "missing")
label_join(memory_bytes, "instance", ",", "job", "job")
label_join(memory_bytes, "", ",", "job", "job")
label_join(memory_bytes, "x", ",", "")
label_join(nothing, "all", "-", "instance")
""".strip().splitlines()
HISTOGRAMS = ("seconds_bucket", "rate(seconds_bucket[5m])",
              'sum by (le) (rate(seconds_bucket{kind=~"good|young"}[3m7s]))',
              'sum without (kind) (seconds_bucket{kind!="odd"})', 'seconds_bucket{kind="good"} / 0', "memory_bytes",
              'seconds_bucket{le=~"1|2|.Inf"}')  # fmt: skip
OTHERS = r"""
memory_bytes offset 0s
rate(cpu_seconds_total[1m] offset 0s)
sum(memory_bytes offset -3m)
memory_bytes @ start()
memory_bytes @ end() offset 4m
memory_bytes offset 4m @ end()
sum(memory_bytes @ end()) / sum(memory_bytes)
memory_bytes - memory_bytes @ start()
timestamp(memory_bytes @ end())
timestamp(memory_bytes @ start() + 0)
topk(2, a @ end()) and a
a and topk(2, sum_over_time(a[5m] @ end()))
vector(1) @ 5
count(nothing @ 0)
absent(nothing{instance="h1"} @ end())
absent_over_time(nothing{instance="h1",job=~"x"}[5m])
absent_over_time(nothing{instance="h1"}[5m1s7ms:10s])
absent_over_time(a[1m])
absent_over_time(a{instance="h0"}[1m])
time() - pi()
vector(pi())
minute()
hour()
day_of_week() + day_of_month() + day_of_year()
days_in_month() * month() - year()
minute(vector(time() * 1.5))
hour(memory_bytes @ end())
clamp(memory_bytes, 10, 20)
clamp(memory_bytes, 20, 10)
clamp(odd, NaN, 1)
clamp(odd, -1, NaN)
clamp(odd, -Inf, Inf)
clamp(memory_bytes, scalar(limit{instance="h1",name="load"}), 20)
round(memory_bytes, -3)
round(tiny, 0.01)
round(tiny, scalar(limit{instance="h1",name="load"}))
scalar(topk(1, a))
quantile(scalar(tiny), a)
topk(scalar(limit{instance="h1",name="load"}), a)
quantile_over_time(scalar(tiny), memory_bytes[5m])
predict_linear(memory_bytes[5m] @ end(), 60)
predict_linear(memory_bytes[5m] @ start(), time() - 1700000000)
predict_linear(memory_bytes[5m] offset 10m, 600)
double_exponential_smoothing(memory_bytes[5m], 0, 0.5)
double_exponential_smoothing(memory_bytes[5m], 0.5, 1)
double_exponential_smoothing(nothing[5m], 0, 2)
topk(NaN, a)
topk(1e30, a)
count_values("", a)
count_values("number", odd)
count_values("number", -odd)
count_values("n", moment)
count_values without (number) ("n", odd)
count_values("n", memory_bytes * 1e20)
count_values("n", memory_bytes / 1e9)
rate(memory_bytes)
sum(memory_bytes[5m])
memory_bytes[5m:1m] + 1
foo(memory_bytes)
topk(memory_bytes)
topk("a", memory_bytes)
label_join(memory_bytes)
round(memory_bytes, 1, 2)
histogram_quantile(seconds_bucket)
1 == 1
memory_bytes and 1
memory_bytes{instance="h1"
memory_bytes offset
memory_bytes @ foo
memory_bytes @ 5 @ 6
memory_bytes offset 5m offset 5m
(memory_bytes) offset 5m
sum(memory_bytes) @ 5
memory_bytes[5m:1m:1m]
memory_bytes[5m][5m]
memory_bytes[0s]
memory_bytes[5m:0s]
""".strip().splitlines()


def queries() -> list[str]:
    """The same ones in the same order every time."""
    found = [
        function.format(range_vector)
        for function, range_vector in itertools.product(RANGE_FUNCTIONS, (*RANGES, *GAUGE_RANGES))
        if function not in COUNTERS_ONLY or range_vector.startswith("cpu_seconds_total[")
    ]
    for function, vector in itertools.product(ELEMENTWISE, ("odd", "memory_bytes", "tiny")):
        found.append(f"{function}({vector}){')' * function.count('(')}")
    found += [f"{function}({vector})" for function in DATES for vector in ("moment", "memory_bytes", "mixed")]
    for aggregation, grouping in itertools.product(AGGREGATIONS, GROUPINGS):
        name, _, parameter = aggregation.partition("(")
        vectors = ("a", "cpu_seconds_total") if "k" in name else ("a", "cpu_seconds_total", "odd", "limit")
        found += [f"{name} {grouping} ({parameter} {vector})" for vector in vectors]
    for operator, (left, right) in itertools.product((*OPERATORS, *SET_OPERATORS), SIDES):
        for matching, grouped in itertools.product(MATCHINGS, GROUPED):
            if not grouped or (matching and operator in ("/", ">", "== bool", "or")):
                found.append(f"({left}) {operator} {matching} {grouped} ({right})")
    for operator, number, vector in itertools.product(OPERATORS, NUMBERS, ("odd", "tiny")):
        found += [f"{vector} {operator} {number}", f"{number} {operator} {vector}"]
    found += [
        f"histogram_quantile({q}, {vector})" for q in (0, 0.3, 0.5, 0.99, 1, -1, 2, "NaN") for vector in HISTOGRAMS
    ]
    return [*found, *LABELS, *OTHERS, *_nested(random.Random(11), 400)]


def _nested(chance: random.Random, count: int) -> list[str]:
    """Expressions of expressions."""

    def vector(depth: int) -> str:
        if depth == 0 or chance.random() < 0.1:
            name = chance.choice(("a", "b", "memory_bytes", 'cpu_seconds_total{mode="idle"}', "limit", "tiny", "mixed"))
            return name + chance.choice(("", "", "", " offset 2m", " @ end()", f" @ {START + 777} offset 1m"))
        inner = depth - 1
        match chance.randrange(7):
            case 0:
                function = chance.choice([one for one in RANGE_FUNCTIONS if one not in COUNTERS_ONLY])
                return function.format(f"({vector(inner)})[{chance.choice(('5m1s7ms:20s', '2m1s7ms:', '90s7ms:9s'))}]")
            case 1:
                return f"{chance.choice(('abs', 'sgn', 'atan', 'timestamp', 'sort', 'exp', '-'))}({vector(inner)})"
            case 2:
                name, _, parameter = chance.choice(
                    [one for one in AGGREGATIONS if "k(" not in one and "_v" not in one]
                ).partition("(")
                return f"{name} {chance.choice(GROUPINGS)} ({parameter} {vector(inner)})"
            case 3:
                return f"({vector(inner)}) {chance.choice(OPERATORS[:7])} {chance.choice(NUMBERS)}"
            case 4:
                operator = chance.choice((*OPERATORS[:7], "> bool", "<", *SET_OPERATORS, *SET_OPERATORS))
                return f"({vector(inner)}) {operator} {chance.choice(MATCHINGS)} ({vector(inner)})"
            case 5:
                return f'label_replace({vector(inner)}, "instance", "$1", "instance", "h(.)")'
        return f"clamp({vector(inner)}, {scalar(inner)}, {scalar(inner)})"

    def scalar(depth: int) -> str:
        return f"scalar({vector(depth)})" if chance.random() < 0.3 else chance.choice(NUMBERS)

    return [vector(chance.randint(2, 4)) for _ in range(count)]
