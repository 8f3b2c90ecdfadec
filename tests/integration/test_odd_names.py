"""Any bytes can be a file name: the site is complete, and no control character gets into a page or feed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support.policy_site import PolicySite

from generator.errors import ConfigError

NAMES = [
    "x\x1b[31m\n::error::y",
    "z\udcff\udcfe",
    "a b ",
    "end.",
    "C:x",
    "c1\x9b\u202e",
    "\x7f",
    "\ufffe",
    "d\udcff/e",
]
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\ud800-\udfff]|&#(?:5[5-7][0-9]{3}|27);")


@pytest.mark.parametrize("theme", ["mkdocs", "material"])
def test_a_site_with_odd_file_names_is_complete(tmp_path: Path, theme: str) -> None:
    site = PolicySite(tmp_path)
    site.config["theme"] = {"name": theme}
    for name in NAMES:
        site.repository.write(f"policy/{name}.md", "Words only, no heading.\n")
    site.repository.commit()
    assert site.build().documents == len(NAMES)
    for file in site.folder.rglob("*"):
        if file.suffix in {".xml", ".html", ".txt"} and file.is_file():
            assert not CONTROL.search(file.read_text(encoding="utf8")), file
        if file.suffix == ".xml":
            ET.parse(file)


@pytest.mark.parametrize("name", ["Fi\x1b[31mrm", "Firm\ud800", "Firm\x85"])
def test_a_site_name_with_control_characters_is_refused(tmp_path: Path, name: str) -> None:
    site = PolicySite(tmp_path)
    site.config["site_name"] = name
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    with pytest.raises(ConfigError, match="site_name contains control characters"):
        site.build()
