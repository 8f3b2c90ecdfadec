"""What a site is built from, as ``mkdocs.yml`` and the plugin's options say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from generator.site.allowed_files import FileRule
from generator.site.analytics import Analytics
from generator.site.brand import Brand


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """One site.

    ``documents`` is the folder with the policy, ``site_dir`` that of the site. ``site_url`` ends in ``/``.
    ``languages`` mark translations (``privacy.ru.md``); ``language`` is that of all other documents.
    ``announce`` holds path patterns, none meaning every document but the start page. ``since`` is how many
    older versions get a page with all that changed since. ``prevailing`` is the language whose text
    prevails, where the company has said so. ``pdf``: whether each version has a copy for paper.
    ``include_from`` are the folders in which pymdownx.snippets finds what a text includes.
    ``excluded`` tells of a path below ``documents`` whether the site leaves it out, ``file_rule`` which of
    the files that are no documents go live. ``brand`` are the company's colours.
    """

    documents: Path
    site_dir: Path
    site_url: str
    site_name: str
    language: str
    languages: tuple[str, ...]
    time_zone: ZoneInfo
    announce: tuple[str, ...]
    since: int
    prevailing: str | None
    pdf: bool
    analytics: Analytics
    extensions: Sequence[str | Mapping[str, Mapping[str, object] | None]]
    extension_configs: Mapping[str, Mapping[str, object]]
    include_from: tuple[Path, ...]
    excluded: Callable[[str], bool]
    file_rule: FileRule
    brand: Brand
    cache: Path
