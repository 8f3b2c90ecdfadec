"""The rendered text of each version, with links for a page, a feed or an email."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote, unquote, urljoin

from generator.git.repository import Repository
from generator.markdown.renderer import Renderer
from generator.redline import RenderedVersion, StatedDates
from generator.redline.pictures import with_pictures
from generator.site.folder_files import FolderFiles
from generator.site.links import Links
from generator.site.urls import relative
from generator.versions.history import read_version
from generator.versions.version import Version


class VersionTexts:
    """Renders each version; a text that was rendered before is taken from ``cache``."""

    def __init__(
        self,
        repository: Repository,
        renderer: Renderer,
        cache: MutableMapping[str, str],
        *,
        links: Links,
        files: FolderFiles,
        site_url: str,
    ) -> None:
        self._repository = repository
        self._renderer = renderer
        self._cache = cache
        self._links = links
        self._files = files
        self._site_url = site_url

    def html(self, version: Version) -> str:
        """The rendered text. Links are as they were written, and each picture carries a mark for its blob."""
        key = f"text-{self._renderer.version}-{version.made_of}"
        kept = self._cache.get(key)
        if kept is None:
            kept = self._cache[key] = read_version(version, self._repository, self._renderer).html
        return with_pictures(kept, version.pictures)

    def source(self, version: Version) -> bytes:
        """The file as it was committed."""
        return self._repository.read(version.source_blob)

    def file(self, url: str) -> bytes | None:
        """The content of a file of the site that is not a page, by its absolute URL."""
        path = unquote(url.removeprefix(self._site_url)) if url.startswith(self._site_url) else ""
        blob = self._files.now.get(path) or self._files.kept.get(quote(path))
        return self._files.read(path, blob) if blob else None

    def rendered(self, version: Version) -> RenderedVersion:
        """The version as a redline compares it, without its effective date."""
        front = version.front
        stated = StatedDates(effective=front.stated_effective, withdrawn=front.withdrawn)
        return RenderedVersion(html=self.html(version), title=front.title, stated_dates=stated)

    def on_page(self, markup: str, version: Version, *, page: str) -> str:
        """Markup of a version with links that work on this page."""
        return self._links.resolve(
            markup,
            source=version.path,
            make_link=partial(relative, page=page),
            find_file=partial(self._files.find, version=version),
            find_picture=self._files.find_picture,
        )

    @contextmanager
    def collecting_images(self) -> Iterator[dict[str, str]]:
        """Yields a mapping that holds, at the end, the kept files that texts have shown within the block."""
        before, self._files.kept = self._files.kept, {}
        noted = self._files.kept
        try:
            yield noted
        finally:
            self._files.kept = before | noted

    def keep(self, files: Mapping[str, str]) -> None:
        """Publish these older files as well: blobs by their path on the site."""
        self._files.kept.update(files)

    def anywhere(self, markup: str, version: Version, *, here: str) -> str:
        """Markup of a version with absolute links. Links inside the text lead to the page ``here``."""
        return self._links.resolve(
            markup,
            source=version.path,
            make_link=partial(urljoin, self._site_url),
            find_file=partial(self._files.find, version=version),
            find_picture=self._files.find_picture,
            here=here,
        )
