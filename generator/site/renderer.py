"""The renderer of a site: the one with which a build, a check and a list of versions read the same texts."""

from __future__ import annotations

from collections.abc import MutableMapping

from generator.errors import PolicyError
from generator.git.repository import Repository
from generator.markdown.renderer import Renderer
from generator.site.config import SiteConfig


class IncludedFromOutsideError(PolicyError):
    """No folder from which texts include files is in the repository."""

    def __init__(self, config: SiteConfig) -> None:
        folders = ", ".join(map(str, config.include_from))
        super().__init__(
            f"{folders}: outside the repository, so no version has the files that texts include from there; "
            "move them in, and name their folder (base_path of pymdownx.snippets in mkdocs.yml)"
        )


def renderer_of(
    config: SiteConfig, repository: Repository, cache: MutableMapping[str, str] | None = None
) -> Renderer:
    """The renderer of the site whose texts are in the repository."""
    bases = [base for path in config.include_from if (base := repository.path_of(path)) is not None]
    if config.include_from and not bases:
        raise IncludedFromOutsideError(config)
    return Renderer(config.extensions, config.extension_configs, cache, bases=bases)
