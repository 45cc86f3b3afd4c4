"""The evaluator gives what a real Prometheus gives, query by query."""

import json
import math
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.promql import EvaluationError, Labels, Matrix, Scalar, Vector, parse
from tests.peers import peer
from tests.unit.collector.promql import prometheus_corpus as corpus
from tests.unit.collector.promql.storages import MemoryStorage

# As much as the order of additions may change; the sums themselves are compared, not their last bits.
RELATIVE_TOLERANCE = 1e-9

INSTANTS = (corpus.START + 620, corpus.START + 1100, corpus.START + 1777)

Answer = dict[Labels, list[tuple[float, float]]] | str


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that holds the corpus."""
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
        yield f"http://{address}"
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


def _ask(url: str, path: str, **parameters: object) -> Answer:
    try:
        with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as response:
            data = json.load(response)["data"]
    except urllib.error.HTTPError as refused:
        with refused:
            return f"error: {json.load(refused)['error']}"
    result = data["result"]
    if data["resultType"] == "string":
        return result[1]
    if data["resultType"] == "scalar":
        return {(): [(float(result[0]), float(result[1]))]}
    answer = {}
    for one in result:
        samples = one["values"] if "values" in one else [one["value"]]
        answer[tuple(sorted(one["metric"].items()))] = [(float(at), float(value)) for at, value in samples]
    return answer


def _answer(result: Vector | Scalar | Matrix | str, at: float) -> Answer:
    match result:
        case str():
            return result
        case Scalar(value):
            return {(): [(at, value)]}
        case Vector():
            return {labels: [(at, value)] for labels, value in zip(result.labels, result.values, strict=True)}
    return {labels: list(zip(times / 1000, values, strict=True)) for labels, times, values in result.series}


def _same(ours: Answer, theirs: Answer) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    if ours.keys() != theirs.keys():
        return False
    for labels, samples in theirs.items():
        if [at for at, _ in ours[labels]] != [at for at, _ in samples]:
            return False
        for (_, mine), (_, other) in zip(ours[labels], samples, strict=True):
            same = math.isclose(mine, other, rel_tol=RELATIVE_TOLERANCE) or (math.isnan(mine) and math.isnan(other))
            if not same:
                return False
    return True


def _comparable(answer: Answer) -> Answer:
    """Of two series that rival each other Prometheus names either as the first, and none of several groups."""
    if isinstance(answer, str) and answer.startswith("error: found duplicate series for the match group"):
        return answer.split("{")[0] + answer.rpartition(";")[2]
    return answer


def _differences(queries: list[str], ours_and_theirs) -> list[str]:
    different = []
    for query in queries:
        for ours, theirs in ours_and_theirs(query):
            if not _same(_comparable(ours), _comparable(theirs)):
                different.append(f"{query}\n    ours   {ours}\n    theirs {theirs}")
    return different


def test_instant_queries_answer_as_prometheus_does(prometheus: str) -> None:
    storage = MemoryStorage(corpus.series())

    def both(query: str) -> Iterator[tuple[Answer, Answer]]:
        expression = parse(query)
        for at in INSTANTS:
            try:
                ours = _answer(expression.evaluate(storage, at * 1000), at)
            except EvaluationError as error:
                ours = f"error: {error.message}"
            yield ours, _ask(prometheus, "/api/v1/query", query=query, time=at)

    different = _differences([*corpus.QUERIES, *corpus.INSTANT_ONLY], both)
    assert not different, "\n".join(different)


def test_range_queries_answer_as_prometheus_does(prometheus: str) -> None:
    storage = MemoryStorage(corpus.series())
    start, end, step = corpus.START + 31, corpus.END + 400, 47

    def both(query: str) -> Iterator[tuple[Answer, Answer]]:
        try:
            matrix = parse(query).evaluate_range(storage, start * 1000, end * 1000, step * 1000)
            ours = _answer(matrix, 0)
        except EvaluationError as error:
            ours = f"error: {error.message}"
        yield ours, _ask(prometheus, "/api/v1/query_range", query=query, start=start, end=end, step=step)

    different = _differences([query for query in corpus.QUERIES if not query.startswith('"')], both)
    assert not different, "\n".join(different)
