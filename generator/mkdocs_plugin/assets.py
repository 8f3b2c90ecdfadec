"""The styles and scripts that the generator adds to a site, under names that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.site.brand import brand_style
from generator.site.config import SiteConfig

FOLDER = Path(__file__).parents[1] / "templates" / "assets"
CONSENT = "consent.js"
# Each of these needs those before it.
ON_SOME_PAGES = ("compare-texts.js", "compare-steps.js", "compare-marks.js", "compare.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """``paths`` holds each file's path in the site by its plain name, ``contents`` its bytes by that path."""

    paths: Mapping[str, str]
    contents: Mapping[str, bytes]

    def on_every_page(self, suffix: str) -> list[str]:
        """The paths of the files with this suffix that every page loads."""
        return [
            path for name, path in self.paths.items() if name not in ON_SOME_PAGES and path.endswith(suffix)
        ]

    def on_some_pages(self) -> dict[str, str]:
        """The paths, by name, of the scripts that only the pages that need them load."""
        return {name: self.paths[name] for name in ON_SOME_PAGES}


def read_assets(config: SiteConfig) -> Assets:
    """The files that a site with this configuration needs."""
    files = {
        file.name: file.read_bytes()
        for file in sorted(FOLDER.iterdir())
        if config.analytics.counters or file.name != CONSENT
    }
    if style := brand_style(config.brand):
        files["policysite-brand.css"] = style.encode()  # after policysite.css, whose colours it changes
    paths = {name: f"assets/{_hashed(name, content)}" for name, content in files.items()}
    return Assets(paths=paths, contents={paths[name]: content for name, content in files.items()})


def _hashed(name: str, content: bytes) -> str:
    """A name that changes with the content, so that no browser shows a new page in an old style."""
    file = Path(name)
    return f"{file.stem}.{hashlib.sha256(content).hexdigest()[:8]}{file.suffix}"
