"""The options of the plugin, and the site's configuration that they and ``mkdocs.yml`` give."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import ConfigurationError

from generator.errors import ConfigError
from generator.markdown import snippets
from generator.markdown.foreign_files import refused_extension
from generator.rendered.characters import clean
from generator.site.allowed_files import FileRule
from generator.site.analytics import read_analytics
from generator.site.brand import Brand, read_brand
from generator.site.config import SiteConfig

CHANGES_MARKDOWN = ("on_page_read_source", "on_page_markdown")


class PolicySiteOptions(Config):  # type: ignore[no-untyped-call] # MkDocs 1.6 does not type this hook
    """The options below ``policysite:`` in mkdocs.yml. ``SiteConfig`` explains each of them."""

    time_zone = config_options.Type(str, default="UTC")
    languages = config_options.ListOfItems(config_options.Type(str), default=[])
    announce = config_options.ListOfItems(config_options.Type(str), default=[])
    since = config_options.Type(int, default=20)
    prevailing = config_options.Optional(config_options.Type(str))
    pdf = config_options.Type(bool, default=False)
    analytics = config_options.Type(dict, default={})
    notices_keys = config_options.ListOfItems(config_options.Type(str), default=[])
    extra_files = config_options.ListOfItems(config_options.Type(str), default=[])


def site_config(config: MkDocsConfig, chosen: PolicySiteOptions) -> SiteConfig:
    """The configuration of the site, checked; raises ConfigError with what to correct."""
    where = config.config_file_path
    known = sorted(PolicySiteOptions().keys())
    if unknown := sorted(str(name) for name in chosen if name not in known):
        raise ConfigError(
            f"{where}: policysite has no option `{'`, `'.join(unknown)}`; its options are {', '.join(known)}"
        )
    for name in ("site_name", "site_url"):
        if (value := config[name]) and clean(value) != value:
            raise ConfigError(f"{where}: {name} contains control characters; remove them")
    if not config.site_url:
        raise ConfigError(
            f"{where}: site_url is missing, but emails and feeds need it; add `site_url: https://…/`"
        )
    try:
        time_zone = ZoneInfo(chosen.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"{where}: {chosen.time_zone!r} is not a time zone; use an IANA name such as Europe/Moscow"
        ) from None
    language = str(config.theme.get("language", "en"))
    site_languages = sorted({language, *chosen.languages})
    if chosen.prevailing not in (None, *site_languages):
        raise ConfigError(
            f"{where}: prevailing: {chosen.prevailing!r} is not one of the site's languages "
            f"({', '.join(site_languages)}); correct it, or add it to `languages`"
        )
    analytics = read_analytics(chosen.analytics)
    if analytics.counters and config.extra.get("analytics"):
        raise ConfigError(
            f"{where}: extra.analytics would count visitors without asking them; "
            "remove it, and use the option `analytics` of policysite, which asks first"
        )
    _refuse_changes_to_past_versions(config)
    exclude = config.exclude_docs
    return SiteConfig(
        documents=Path(config.docs_dir),
        site_dir=Path(config.site_dir),
        site_url=config.site_url if config.site_url.endswith("/") else f"{config.site_url}/",
        site_name=config.site_name,
        language=language,
        languages=tuple(chosen.languages),
        time_zone=time_zone,
        announce=tuple(chosen.announce),
        since=chosen.since,
        prevailing=chosen.prevailing,
        pdf=chosen.pdf,
        analytics=analytics,
        extensions=_own_extensions(config),
        extension_configs=config.mdx_configs,
        include_from=_included_from(config),
        excluded=exclude.match_file if exclude else lambda _: False,
        file_rule=FileRule(named=_named_files(config, chosen)),
        brand=_brand(config),
        cache=Path(where).parent / ".cache" / "policysite",
        notices_keys=tuple(chosen.notices_keys),
    )


def _named_files(config: MkDocsConfig, chosen: PolicySiteOptions) -> tuple[str, ...]:
    """The files and patterns below the documents folder that mkdocs.yml names."""
    pictures = [config.theme[name] for name in ("logo", "favicon") if name in config.theme]
    paths = [*config.extra_css, *map(str, config.extra_javascript), *filter(None, pictures)]
    escaped = (glob.escape(str(path).partition("?")[0].removeprefix("./")) for path in paths)
    return (*escaped, *chosen.extra_files)


def _included_from(config: MkDocsConfig) -> tuple[Path, ...]:
    """The folders in the option ``base_path`` of pymdownx.snippets, relative to the folder of mkdocs.yml."""
    where = config.config_file_path
    named = [name for name in config.markdown_extensions if name in snippets.NAMES]
    bases = config.mdx_configs.get(named[-1], {}).get("base_path", ["."]) if named else []
    try:
        return tuple(
            Path(where).parent / os.fspath(base)
            for base in ([bases] if isinstance(bases, str | os.PathLike) else bases)
        )
    except (TypeError, ConfigurationError):
        raise ConfigError(
            f"{where}: {named[-1]}: base_path must be a list of folders, such as `base_path: [includes]`"
        ) from None


def _own_extensions(config: MkDocsConfig) -> list[str]:
    """The extensions that mkdocs.yml names.

    Extensions that other plugins add as objects are left out, since nobody knows which files they read.
    """
    return [each for each in config.markdown_extensions if isinstance(each, str)]


def _refuse_changes_to_past_versions(config: MkDocsConfig) -> None:
    """Raise ConfigError for extensions and hooks that would change the words of past versions."""
    where = config.config_file_path
    for name in _own_extensions(config):
        if remedy := refused_extension(name, config.mdx_configs.get(name, {})):
            raise ConfigError(f"{where}: markdown_extensions: {remedy}")
    for name, hook in cast("dict[str, Any]", config.hooks).items():  # MkDocs types it as a list
        for event in CHANGES_MARKDOWN:
            if hasattr(hook, event):
                raise ConfigError(
                    f"{where}: hooks: {name} changes Markdown ({event}), so it would change past versions "
                    "too; "
                    f"remove {event} from the hook, and commit the text as people should read it"
                )


def _brand(config: MkDocsConfig) -> Brand:
    """The company's colours, from the palette and from the styles in the documents folder."""
    files = (Path(config.docs_dir, str(path).partition("?")[0]) for path in config.extra_css)
    styles = (file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())
    return read_brand(config.theme.get("palette"), styles)
