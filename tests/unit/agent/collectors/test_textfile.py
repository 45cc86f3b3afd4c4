"""Metrics from files: a bad file spoils nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.textfile import SIZE_LIMIT_BYTES, Textfile
from monitor_agent.exposition import Renderer

LONG_AGO_SECONDS = 1_700_000_000


class Directory:
    """A root with /metrics in it, and a collector that looks there."""

    def __init__(self, root: Path, pattern: str = "/metrics") -> None:
        self.root = root
        self.directory = root / "metrics"
        self.directory.mkdir()
        self.collector = Textfile(str(root), Options(textfile_directory=pattern))

    def write(self, name: str, text: str) -> Path:
        """A file of long ago."""
        path = self.directory / name
        path.write_text(text)
        os.utime(path, (LONG_AGO_SECONDS, LONG_AGO_SECONDS + 0.75))
        return path

    def page(self) -> str:
        return Renderer({}).page(list(self.collector.update()))

    def samples(self) -> list[str]:
        """Lines of the page but comments and mtimes."""
        return [line for line in self.page().splitlines() if not line.startswith(("#", "node_textfile_mtime"))]


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def test_files_are_read_as_node_exporter_reads_them(directory: Directory) -> None:
    directory.write("b.prom", '# HELP jobs Jobs.\n# TYPE jobs gauge\njobs{queue="a"} 1\nplain 2\n')
    directory.write("a.prom", 'plain{x="1"} 3\n')
    directory.write("c.txt", "text 4\n")
    assert directory.page() == (
        "# HELP plain Metric read from /metrics/a.prom, /metrics/b.prom\n# TYPE plain untyped\n"
        'plain{x="1"} 3\nplain 2\n'
        '# HELP jobs Jobs.\n# TYPE jobs gauge\njobs{queue="a"} 1\n'
        "# HELP node_textfile_mtime_seconds Unixtime mtime of textfiles successfully read.\n"
        "# TYPE node_textfile_mtime_seconds gauge\n"
        'node_textfile_mtime_seconds{file="/metrics/a.prom"} 1700000000\n'
        'node_textfile_mtime_seconds{file="/metrics/b.prom"} 1700000000\n'
        "# HELP node_textfile_scrape_error 1 if there was an error opening or reading a file, 0 otherwise\n"
        "# TYPE node_textfile_scrape_error gauge\n"
        "node_textfile_scrape_error 0\n"
    )


def test_a_file_that_is_written_anew_is_read_anew(directory: Directory) -> None:
    directory.write("a.prom", "a 1\n")
    assert directory.samples() == ["a 1", "node_textfile_scrape_error 0"]
    (directory.directory / "a.prom").write_text("a 2\n")
    assert directory.samples() == ["a 2", "node_textfile_scrape_error 0"]
    new = directory.directory / "a.prom.new"
    new.write_text("a 3\n")
    new.rename(directory.directory / "a.prom")
    assert directory.samples() == ["a 3", "node_textfile_scrape_error 0"]
    (directory.directory / "a.prom").unlink()
    assert directory.samples() == ["node_textfile_scrape_error 0"]


def test_an_unchanged_file_is_not_read_again(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.write("a.prom", "a 1\n")
    directory.write("bad.prom", "b x\n")
    # Where the clock stands close to a file's times it would be read again, to be sure.
    monkeypatch.setattr("monitor_agent.collectors.textfile.SETTLED_NS", -(10**18))
    before = directory.page()
    monkeypatch.setattr("monitor_agent.collectors.textfile.read_regular_file", pytest.fail)
    assert directory.page() == before


def test_two_writes_within_one_tick_of_the_clock_are_told_apart(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = directory.write("a.prom", "a 1\n")
    found = path.stat()
    monkeypatch.setattr("monitor_agent.collectors.textfile.os.stat", lambda _: found)
    assert directory.samples()[0] == "a 1"
    path.write_text("a 2\n")
    assert directory.samples()[0] == "a 2"


MALFORMED = "b 1\nb x\n"


def make_malformed(path: Path) -> None:
    path.write_text(MALFORMED)


def make_timestamps(path: Path) -> None:
    path.write_text("b 1 1700000000000\n")


def make_too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_malformed, "line 2: 'x' is no number"),
        (make_timestamps, "line 1: 'b 1 1700000000000': no time may follow the value"),
        (make_too_large, "it is larger than 4 MiB"),
        (os.mkfifo, "it is no regular file"),
        (Path.mkdir, "it is no regular file"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_used_gives_nothing_and_is_told_once(
    directory: Directory, make: Callable[[Path], None], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.write("a.prom", "a 1\n")
    bad = directory.directory / "b.prom"
    make(bad)
    for _ in range(2):
        page = directory.page()
        assert "\na 1\n" in page
        assert "\nnode_textfile_scrape_error 1\n" in page
        assert "b.prom" not in page
    bad.rename(directory.root / "elsewhere")
    directory.write("b.prom", "b 5\n")
    assert directory.samples() == ["a 1", "b 5", "node_textfile_scrape_error 0"]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith("<4>/metrics/b.prom: ")
    assert reason in said[0]
    assert said[1] == "<6>/metrics/b.prom is read again"


def test_a_file_that_comes_back_unchanged_is_read_again(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor_agent.collectors.textfile.SETTLED_NS", -(10**18))
    elsewhere = directory.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a").write_text("a 1\n")
    (directory.directory / "a.prom").symlink_to(elsewhere / "a")
    assert directory.samples() == ["a 1", "node_textfile_scrape_error 0"]
    elsewhere.rename(directory.root / "away")
    assert directory.samples() == ["node_textfile_scrape_error 1"]
    (directory.root / "away").rename(elsewhere)
    assert directory.samples() == ["a 1", "node_textfile_scrape_error 0"]


def test_a_bad_file_that_is_removed_is_no_trouble_any_more(
    directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    path = directory.write("b.prom", MALFORMED)
    directory.samples()
    path.unlink()
    assert directory.samples() == ["node_textfile_scrape_error 0"]
    assert capsys.readouterr().err.splitlines()[1] == "<6>/metrics/b.prom is gone"


def test_what_a_later_file_repeats_is_left_out_and_told(
    directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.write("a.prom", "a 1\n")
    directory.write("b.prom", "a 2\nb 3\n")
    assert directory.samples() == ["a 1", "b 3", "node_textfile_scrape_error 1"]
    assert capsys.readouterr().err == ("<4>/metrics/b.prom: a is there already, from /metrics/a.prom; it is left out\n")
    directory.write("b.prom", "b 3\n")
    assert directory.samples() == ["a 1", "b 3", "node_textfile_scrape_error 0"]


def test_a_directory_that_is_missing_is_an_error_only_where_somebody_asked_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, error in ((Options(), "0"), (Options(textfile_directory="/missing"), "1")):
        rows = list(Textfile(str(tmp_path), options).update())
        assert [(row.columns.metrics[0].name, row.values) for row in rows] == [("node_textfile_scrape_error", (error,))]
    assert capsys.readouterr().err == "<4>/missing: No such file or directory\n"


def test_the_option_may_be_a_pattern_of_directories(tmp_path: Path) -> None:
    root = tmp_path / "[r]"  # where the collector looks is no part of the pattern
    root.mkdir()
    directory = Directory(root, "/m*/[ab]?")
    for name in ("a1", "b2", "c3"):
        (directory.directory / name).mkdir()
        directory.write(f"{name}/x.prom", f"{name} 1\n")
    assert directory.samples() == ["a1 1", "b2 1", "node_textfile_scrape_error 0"]


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    assert Directory(tmp_path, "/x*").samples() == ["node_textfile_scrape_error 1"]


def test_names_that_are_no_unicode_are_no_trouble(directory: Directory) -> None:
    directory.write("\udcff.prom", "a 1\n")
    assert "# HELP a Metric read from /metrics/\ufffd.prom\n" in directory.page()
    assert 'file="/metrics/\ufffd.prom"' in directory.page()
