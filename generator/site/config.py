"""The settings of a site, from ``mkdocs.yml`` and the plugin's options."""

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
    """The settings of one site.

    - ``documents``: the folder with the policy; ``site_dir``: the folder of the site.
    - ``site_url``: ends in ``/``.
    - ``languages``: mark translations (``privacy.ru.md``); ``language``: that of all other documents.
    - ``announce``: patterns of source paths; empty means every document but the start page.
    - ``since``: how many older versions get a page with everything that changed since.
    - ``prevailing``: the language of the text that prevails, if the company names one.
    - ``pdf``: whether each version has a PDF copy.
    - ``include_from``: the folders in which pymdownx.snippets finds the files that a text includes.
    - ``excluded``: whether the site leaves out a path below ``documents``.
    - ``file_rule``: which of the other files are published.
    - ``brand``: the company's colours.
    - ``notices_keys``: the public keys that may sign the list of emails that were sent.
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
    notices_keys: tuple[str, ...] = ()
