"""Settings of the theme: its language and, for Material for MkDocs, templates, colours and fonts."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from generator.site.brand import DEFAULT_PALETTE
from generator.site.material_fixes import theme_language

MATERIAL_TEMPLATES = Path(__file__).parents[1] / "templates" / "material"


def is_material(config: MkDocsConfig) -> bool:
    """Whether the site uses Material for MkDocs."""
    return config.theme.name == "material"


def set_up_material(config: MkDocsConfig, *, language: str) -> None:
    """Add the generator's templates and default colours, and load no font from another host."""
    config.theme.dirs.insert(1 if config.theme.custom_dir else 0, str(MATERIAL_TEMPLATES))
    set_language(config, language)
    palette = config.theme.get("palette") or {}
    if isinstance(palette, dict) and "scheme" not in palette:
        config.theme["palette"] = [{**entry, **palette} for entry in DEFAULT_PALETTE]
    config.theme["font"] = False  # nothing is loaded from another host before a visitor agrees


def set_language(config: MkDocsConfig, language: str) -> None:
    """Set the language of the theme's own words. Material falls back to English for a language it lacks."""
    if is_material(config):
        config.theme["language"] = theme_language(language, folders=config.theme.dirs)
    elif "language" in config.theme:
        config.theme["language"] = language
