"""The plugin's former place; only until every ``.venv`` was installed again (see ``mkdocs_plugin``)."""

from generator.mkdocs_plugin.plugin import PolicySitePlugin

__all__ = ["PolicySitePlugin"]
