"""What axe-core says of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_core_python
from playwright.sync_api import Page

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
SERIOUS = ("serious", "critical")


def findings(page: Page) -> list[dict[str, Any]]:
    """What axe-core has found, without what is of little weight."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        {"id": one["id"], "help": one["help"], "where": [node["target"] for node in one["nodes"]][:5]}
        for one in found
        if one["impact"] in SERIOUS
    ]
