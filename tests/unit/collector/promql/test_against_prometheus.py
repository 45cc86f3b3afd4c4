"""The evaluator gives what a real Prometheus gives, query by query.

The Prometheus is Debian's, version 2.42. Where version 3 answers otherwise, which is what the evaluator follows,
DIFFERENT_IN_3 says why.
"""

import http.client
import json
import math
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor_collector.promql import Expression, Labels, Matrix, QueryError, Scalar, Vector, parse
from tests.peers import peer
from tests.unit.collector.promql import generated_queries
from tests.unit.collector.promql import prometheus_corpus as corpus
from tests.unit.collector.promql.storages import MemoryStorage

# As much as the order of additions may change; the sums themselves are compared, not their last bits.
RELATIVE_TOLERANCE = 1e-9

STORAGE = MemoryStorage(corpus.series())
INSTANTS = (corpus.START + 620, corpus.START + 1100, corpus.START + 1777)

# Where version 3 answers otherwise: a pattern of queries, and whether it concerns range queries only.
DIFFERENT_IN_3 = {
    "an offset may be nothing": (r"offset 0s", False),
    "atan2 drops the metric's name like other arithmetic": (r"\batan2\b", False),
    "the deviation of a single infinite or not numeric value is NaN, not 0": (
        r"^std(dev|var)\b.*\(\s*odd\)|^stddev without \(\) .*NaN",
        False,
    ),
    "samples of a range pinned by @ stay the same at all steps of predict_linear": (
        r"predict_linear\([^)]*\[[^)]* @",
        True,
    ),
}

Answer = dict[Labels, list[tuple[float, float]]] | str


class Prometheus:
    """Asks the one at an address over one connection that is kept open."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=20)

    def close(self) -> None:
        self._connection.close()

    def ask(self, path: str, **parameters: object) -> Answer:
        self._connection.request("GET", f"{path}?{urllib.parse.urlencode(parameters)}")
        with self._connection.getresponse() as response:
            answer = json.load(response)
        if answer["status"] == "error":
            return f"error: {answer['error']}"
        result = answer["data"]["result"]
        match answer["data"]["resultType"]:
            case "string":
                return result[1]
            case "scalar":
                return {(): [(float(result[0]), float(result[1]))]}
        series = {}
        for one in result:
            samples = one["values"] if "values" in one else [one["value"]]
            series[tuple(sorted(one["metric"].items()))] = [(float(at), float(value)) for at, value in samples]
        return series


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that holds the corpus."""
    home: Path = tmp_path_factory.mktemp("prometheus")
    (home / "corpus.txt").write_text(_openmetrics(corpus.series()))
    (home / "prometheus.yml").write_text("{}")
    make_blocks = [peer("promtool"), "tsdb", "create-blocks-from", "openmetrics", "corpus.txt", "data"]
    subprocess.run(make_blocks, cwd=home, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [
                peer("prometheus"),
                *arguments,
                f"--web.listen-address={address}",
                "--enable-feature=promql-negative-offset",
            ],
            cwd=home,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(address, home / "log")
        asked = Prometheus(address)
        yield asked
        asked.close()
    finally:
        server.kill()
        server.wait()


def _openmetrics(series: dict[str, dict[float, float]]) -> str:
    lines = []
    for text, samples in series.items():
        lines.extend(f"{text} {value} {second:.3f}" for second, value in samples.items())
    return "\n".join([*lines, "# EOF", ""])


def _wait_until_ready(address: str, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/-/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"Prometheus did not become ready:\n{log.read_text()}")


def _answer(result: Vector | Scalar | Matrix | str, at: float) -> Answer:
    match result:
        case str():
            return result
        case Scalar(value):
            return {(): [(at, value)]}
        case Vector():
            return {labels: [(at, value)] for labels, value in zip(result.labels, result.values, strict=True)}
    return {labels: list(zip(times / 1000, values, strict=True)) for labels, times, values in result.series}


def _same(ours: Answer, theirs: Answer, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    if ours.keys() != theirs.keys():
        return False
    for labels, samples in theirs.items():
        if [at for at, _ in ours[labels]] != [at for at, _ in samples]:
            return False
        for (_, mine), (_, other) in zip(ours[labels], samples, strict=True):
            same = math.isclose(mine, other, rel_tol=tolerance) or (math.isnan(mine) and math.isnan(other))
            if not same:
                return False
    return True


def _comparable(answer: Answer) -> Answer:
    """Of two series that rival each other Prometheus names either as the first, and none of several groups."""
    if isinstance(answer, str) and answer.startswith("error: found duplicate series for the match group"):
        return answer.split("{")[0] + answer.rpartition(";")[2]
    return answer


def _ours(query: str, evaluate: Callable[[Expression], Answer]) -> Answer:
    try:
        return evaluate(parse(query))
    except QueryError as error:
        return f"error: {error.message}"


def _theirs_of(query: str) -> str:
    """The query in the words of Prometheus 2."""
    return query.replace("double_exponential_smoothing", "holt_winters")


def _both_instant(prometheus: Prometheus, query: str, at: float) -> tuple[Answer, Answer]:
    ours = _ours(query, lambda expression: _answer(expression.evaluate(STORAGE, round(at * 1000)), at))
    return ours, prometheus.ask("/api/v1/query", query=_theirs_of(query), time=at)


def _both_range(prometheus: Prometheus, query: str, start: float, end: float, step: float) -> tuple[Answer, Answer]:
    milliseconds = [round(seconds * 1000) for seconds in (start, end, step)]
    ours = _ours(query, lambda expression: _answer(expression.evaluate_range(STORAGE, *milliseconds), 0))
    return ours, prometheus.ask("/api/v1/query_range", query=_theirs_of(query), start=start, end=end, step=step)


def _are_errors(*answers: Answer) -> bool:
    return all(isinstance(answer, str) and answer.startswith("error: ") for answer in answers)


def _different_in_3(query: str, is_range: bool) -> str | None:
    """Why the two versions may differ."""
    for reason, (pattern, only_range) in DIFFERENT_IN_3.items():
        if (is_range or not only_range) and re.search(pattern, query):
            return reason
    return None


def _tolerance(query: str) -> float:
    """Prometheus computes the slope of a line in a way that loses more digits."""
    return 1e-6 if "predict_linear" in query or "deriv" in query else RELATIVE_TOLERANCE


def _told(query: str, ours: Answer, theirs: Answer) -> str:
    return f"{query}\n    ours   {str(ours)[:2000]}\n    theirs {str(theirs)[:2000]}"


def test_instant_queries_answer_as_prometheus_does(prometheus: Prometheus) -> None:
    different = []
    for query in [*corpus.QUERIES, *corpus.INSTANT_ONLY]:
        for at in INSTANTS:
            ours, theirs = _both_instant(prometheus, query, at)
            if not _same(_comparable(ours), _comparable(theirs)):
                different.append(_told(query, ours, theirs))
    assert not different, "\n".join(different)


def test_range_queries_answer_as_prometheus_does(prometheus: Prometheus) -> None:
    different = []
    for query in [one for one in corpus.QUERIES if not one.startswith('"')]:
        ours, theirs = _both_range(prometheus, query, corpus.START + 31, corpus.END + 400, 47)
        if not _same(_comparable(ours), _comparable(theirs)):
            different.append(_told(query, ours, theirs))
    assert not different, "\n".join(different)


def test_generated_instant_queries_answer_or_fail_as_prometheus_does(prometheus: Prometheus) -> None:
    _check_generated(lambda query: _both_instant(prometheus, query, corpus.START + 1100.5), is_range=False)


def test_generated_range_queries_answer_or_fail_as_prometheus_does(prometheus: Prometheus) -> None:
    _check_generated(
        lambda query: _both_range(prometheus, query, corpus.START + 300.5, corpus.END + 400, 149), is_range=True
    )


def _check_generated(ask_both: Callable[[str], tuple[Answer, Answer]], is_range: bool) -> None:
    """Also that every known difference between the versions still shows in the query that it is known by."""
    different = []
    still_needed = set()
    for query in generated_queries.queries():
        ours, theirs = ask_both(query)
        if _same(ours, theirs, _tolerance(query)) or _are_errors(ours, theirs):
            continue
        reason = _different_in_3(query, is_range)
        if reason is None:
            different.append(_told(query, ours, theirs))
        still_needed.add(reason)
    assert not different, "\n".join(different)
    expected = {reason for reason, (_, only_range) in DIFFERENT_IN_3.items() if is_range or not only_range}
    assert still_needed == expected
