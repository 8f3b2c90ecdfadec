"""Runs MkDocs: builds the site of a ``mkdocs.yml``, previews it, or only reads its configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from mkdocs.commands.build import build as build_with_mkdocs
from mkdocs.commands.serve import serve as serve_with_mkdocs
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, ConfigurationError

from generator.errors import ConfigError, PolicyError
from generator.mkdocs_plugin.captured_log import on_one_line
from generator.mkdocs_plugin.failing_plugin import failing_plugin
from generator.mkdocs_plugin.options import site_config
from generator.mkdocs_plugin.plugin import PolicySitePlugin
from generator.mkdocs_plugin.refusals import refusals_of_mkdocs
from generator.site.build import Built
from generator.site.config import SiteConfig
from generator.site.published_history import PublishedHistory
from generator.site.sent_emails import SentEmails


def build(
    config_file: Path,
    *,
    site_dir: Path,
    before: Path,
    day: date | None,
    published: PublishedHistory | None,
    emails: SentEmails | None,
) -> Built:
    """Build the site of ``config_file`` into ``site_dir``, which MkDocs empties first.

    ``before`` is the folder of the site that the new one will replace. ``emails`` is the list for its page.
    """
    with refusals_of_mkdocs(config_file) as logged:
        config = load_config(str(config_file), site_dir=str(site_dir))
        plugin = _plugin(config)
        plugin.day, plugin.published, plugin.before, plugin.emails = day, published, before, emails
        with _naming_plugins(config):
            config.plugins.on_startup(command="build", dirty=False)
            try:
                build_with_mkdocs(config)
            finally:
                config.plugins.on_shutdown()
    assert plugin.built is not None
    return replace(plugin.built, warnings=(*logged.warnings, *plugin.built.warnings))


def serve(config_file: Path, *, address: str, report: Callable[[str], None]) -> None:
    """Preview the site with uncommitted edits until interrupted. ``report`` gets each problem as a line."""
    with refusals_of_mkdocs(config_file, report):
        serve_with_mkdocs(str(config_file), dev_addr=address)


def read_config(config_file: Path) -> SiteConfig:
    """The configuration of the site of ``config_file``."""
    if not config_file.exists():
        raise ConfigError(
            f"{config_file}: there is no such file; run the command in the folder with mkdocs.yml, "
            "or choose the file with --config"
        )
    with refusals_of_mkdocs(config_file):
        try:
            config = load_config(str(config_file))
        except OSError as error:
            raise ConfigError(
                f"{config_file}: {error.strerror}; choose a mkdocs.yml with --config"
            ) from error
    return site_config(config, _plugin(config).config)


@contextmanager
def _naming_plugins(config: MkDocsConfig) -> Iterator[None]:
    """Raise an error in another plugin's code as a refusal that names the plugin and says what to do."""
    modules = {
        name: sys.modules[type(plugin).__module__]
        for name, plugin in config.plugins.items()
        if not isinstance(plugin, PolicySitePlugin)
    }
    folders = {
        name: Path(file).parent
        for name, module in modules.items()
        if (file := getattr(module, "__file__", None)) and not module.__name__.startswith("mkdocs.")
    }
    try:
        yield
    except (PolicyError, Abort, ConfigurationError):
        raise
    except Exception as error:  # a plugin written by others can raise anything
        name = failing_plugin(error, folders)
        if name is None:
            raise
        raise ConfigError(
            f"{config.config_file_path}: the plugin `{name}` failed ({type(error).__name__}: "
            f"{on_one_line(str(error))}); remove it from `plugins:`, or correct its settings"
        ) from error


def _plugin(config: MkDocsConfig) -> PolicySitePlugin:
    for plugin in config.plugins.values():
        if isinstance(plugin, PolicySitePlugin):
            return plugin
    raise ConfigError(
        f"{config.config_file_path}: the plugin policysite is missing; add `policysite` below `plugins:`"
    )
