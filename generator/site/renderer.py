"""The Markdown renderer of a site, which ``build``, ``check`` and ``versions`` share."""

from __future__ import annotations

from collections.abc import MutableMapping

from generator.errors import PolicyError
from generator.git.repository import Repository
from generator.markdown.renderer import Renderer
from generator.site.config import SiteConfig


class IncludedFromOutsideError(PolicyError):
    """None of the folders from which texts include files is in the repository."""

    def __init__(self, config: SiteConfig) -> None:
        folders = ", ".join(map(str, config.include_from))
        super().__init__(
            f"{folders}: outside the repository, so no version has the files that texts include from there; "
            "move them into it, and name their folder (base_path of pymdownx.snippets in mkdocs.yml)"
        )


def renderer_of(
    config: SiteConfig, repository: Repository, cache: MutableMapping[str, str] | None = None
) -> Renderer:
    """The renderer for texts of this site, which are in the repository."""
    bases = [base for path in config.include_from if (base := repository.path_of(path)) is not None]
    if config.include_from and not bases:
        raise IncludedFromOutsideError(config)
    return Renderer(config.extensions, config.extension_configs, cache, bases=bases)
