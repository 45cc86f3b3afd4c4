"""Silences that are added, changed and ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.notifications.silence_store import RETENTION_MS, SilenceNotFound, SilenceStore
from monitor_collector.notifications.silences import Silence
from monitor_collector.promql.matchers import Matcher
from monitor_collector.state import StateDatabase

NEW = Silence("", (Matcher("instance", "=", "wéb-1"),), 1000, 2000, 0, "me", "because")


@pytest.fixture
def silences(tmp_path: Path) -> Iterator[SilenceStore]:
    database = StateDatabase(tmp_path / "state.sqlite")
    yield SilenceStore(database)
    database.close()


def test_a_silence_is_found_by_another_process_as_it_was_set(silences: SilenceStore, tmp_path: Path) -> None:
    number = silences.set(NEW, 500)
    other = StateDatabase(tmp_path / "state.sqlite")
    assert SilenceStore(other).all() == [NEW._replace(id=number, updated_ms=500)]
    other.close()


def test_a_silence_that_is_to_begin_in_the_past_begins_now(silences: SilenceStore) -> None:
    silences.set(NEW, 1500)
    assert silences.all()[0].starts_ms == 1500


def test_the_end_of_an_active_silence_can_be_moved(silences: SilenceStore) -> None:
    number = silences.set(NEW, 1000)
    assert silences.set(NEW._replace(id=number, ends_ms=9000, comment="longer"), 1500) == number
    (silence,) = silences.all()
    assert (silence.ends_ms, silence.comment, silence.updated_ms) == (9000, "longer", 1500)


def test_an_active_silence_with_other_matchers_ends_and_a_new_one_takes_its_place(silences: SilenceStore) -> None:
    number = silences.set(NEW, 1000)
    other = silences.set(NEW._replace(id=number, matchers=(Matcher("a", "=", "b"),)), 1500)
    first, second = silences.all()
    assert (first.id, first.ends_ms, second.id, second.starts_ms) == (number, 1500, other, 1500)


def test_a_silence_to_come_can_be_changed_altogether_but_for_its_matchers(silences: SilenceStore) -> None:
    number = silences.set(NEW, 500)
    assert silences.set(NEW._replace(id=number, starts_ms=1800), 600) == number
    assert [silence.starts_ms for silence in silences.all()] == [1800]


def test_an_ended_silence_comes_back_as_a_new_one(silences: SilenceStore) -> None:
    number = silences.set(NEW, 1000)
    silences.expire(number, 1500)
    assert silences.set(NEW._replace(id=number, starts_ms=1600), 1600) != number
    assert [silence.state(1700) for silence in silences.all()] == ["expired", "active"]


def test_ending_is_now_whether_it_has_begun_or_not_and_once(silences: SilenceStore) -> None:
    active, pending = silences.set(NEW, 1000), silences.set(NEW._replace(starts_ms=1800), 1000)
    for number in (active, pending):
        silences.expire(number, 1500)
        silences.expire(number, 1600)
    assert {silence.ends_ms for silence in silences.all()} == {1500}
    assert {silence.state(1500) for silence in silences.all()} == {"expired"}


def test_a_silence_that_does_not_exist_can_neither_be_changed_nor_ended(silences: SilenceStore) -> None:
    with pytest.raises(SilenceNotFound):
        silences.set(NEW._replace(id="x"), 1000)
    with pytest.raises(SilenceNotFound):
        silences.expire("x", 1000)


def test_silences_that_ended_long_ago_are_forgotten(silences: SilenceStore) -> None:
    silences.set(NEW, 1000)
    silences.set(NEW._replace(ends_ms=10 * RETENTION_MS), 2000 + RETENTION_MS)
    assert len(silences.all()) == 2
    silences.set(NEW._replace(ends_ms=10 * RETENTION_MS), 2001 + RETENTION_MS)
    assert [silence.ends_ms for silence in silences.all()] == [10 * RETENTION_MS] * 2
