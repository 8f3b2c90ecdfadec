"""Asks axe-core whether a page can be read and used by everyone."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page, where: str = "", **options: Any) -> None:
    """Fail with axe's report if it finds a violation; ``options`` are those of ``axe.run``."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options})
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"
