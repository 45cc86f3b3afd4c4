"""Expressions by hand: what is offered while one is written."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fleet import Fleet
from tests.unit.collector.webhooks import wait_for


@pytest.fixture
def field(page: Page, fleet: Fleet) -> Locator:
    wait_for(lambda: fleet.collector.query("node_load1"), "a first batch, whose names can be offered")
    page.goto("/#/explore")
    return page.get_by_label("PromQL")


def options(page: Page) -> Locator:
    return page.get_by_role("option")


def test_enter_runs_what_is_written_and_closes_what_is_offered(page: Page, field: Locator) -> None:
    field.press_sequentially("node_load")
    expect(options(page).first).to_have_text("node_load1")
    field.press_sequentially("1 * node_loa")
    expect(options(page).first).to_have_text("node_load1")
    page.keyboard.press("Enter")
    expect(options(page)).to_have_count(0)
    expect(field).to_have_value("node_load1 * node_loa")


def test_enter_takes_what_an_arrow_has_chosen(page: Page, field: Locator) -> None:
    field.press_sequentially("node_loa")
    expect(options(page).first).to_have_text("node_load1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("node_load1")
    assert "query=" not in page.url


def test_a_whole_name_is_offered_nothing_that_only_has_it_somewhere(page: Page, field: Locator) -> None:
    field.press_sequentially("group")
    expect(options(page)).to_have_text(["group_left", "group_right"])
    field.fill("")
    field.press_sequentially("up")
    expect(options(page)).to_have_count(0)


def test_labels_and_their_values_are_completed_in_braces(page: Page, field: Locator) -> None:
    field.press_sequentially("node_load1{")
    expect(options(page)).to_have_text(["env", "job", "instance"])
    field.press_sequentially("inst")
    page.keyboard.press("Tab")
    field.press_sequentially('="web')
    expect(options(page)).to_have_text(["web-1", "web-2"])
    page.keyboard.press("Tab")
    expect(field).to_have_value('node_load1{instance="web-1"')
    field.press_sequentially(", jo")
    expect(options(page)).to_have_text(["job"])
    field.press_sequentially('b=~"')
    expect(options(page)).to_have_text(["host"])
