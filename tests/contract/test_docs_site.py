"""The documentation as a site of its own, as ``make docs`` builds it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def docs_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a broken link, a missing page or an unknown anchor would have stopped the build."""
    folder = tmp_path_factory.mktemp("docs")
    command: list[str | Path] = [
        Path(sys.executable).with_name("mkdocs"),
        "build",
        "--strict",
        "--config-file",
    ]
    done = subprocess.run(
        [*command, ROOT / "docs/site/mkdocs.yml", "--site-dir", folder],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def _text(file: Path) -> str:
    return re.sub(r"<[^>]+>", "", file.read_text(encoding="utf8"))


def test_the_menu_of_the_documentation_has_every_page_of_its_index(docs_site: Path) -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf8")
    start = (docs_site / "index.html").read_text(encoding="utf8")
    for page in re.findall(r"\]\(([\w/-]+)\.md[#)]", index):
        assert f'href="{page}/"' in start, page


def test_the_command_reference_has_every_option_as_help_says_it(docs_site: Path) -> None:
    reference = _text(docs_site / "reference/commands/index.html")
    for option in ("--first-publication", "--announce-since", "--history-sha256", "--signing-key"):
        assert option in reference
    assert "policy-notify proof verify" in reference


def test_every_list_is_a_list_here_as_on_github(docs_site: Path) -> None:
    # Python-Markdown wants an empty line before a list, and four spaces before what belongs to an item.
    ragged = re.compile(r"<p>(?:(?!</p>).)*\n(?:[-*]|\d+\.) .*", re.DOTALL)
    pages = sorted(docs_site.rglob("*.html"))
    found = [str(page.relative_to(docs_site)) for page in pages if ragged.search(page.read_text("utf8"))]
    assert found == []


def test_the_api_reference_shows_signatures_and_docstrings(docs_site: Path) -> None:
    reference = _text(docs_site / "reference/python/index.html")
    assert "def redline_markdown(old: str, new: str) -&gt; str" in reference
    assert "The redline of two Markdown texts" in reference


def test_the_documentation_loads_nothing_from_another_host(docs_site: Path) -> None:
    loading = re.compile(
        r"<(?:script|img|iframe)[^>]+src=\"(https?:[^\"]+)\"|<link[^>]+href=\"(https?:[^\"]+)\""
    )
    loaded = [
        found for page in docs_site.rglob("*.html") for found in loading.findall(page.read_text("utf8"))
    ]
    assert loaded == []
