"""Texts of versions as pages, feeds and mails need them: rendered, with links and the files of their time."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote, unquote, urljoin

from generator.git.document_paths import is_document_path
from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED
from generator.redline import Side
from generator.redline.pictures import with_pictures
from generator.site.allowed_files import FileRule, suffix
from generator.site.links import Links
from generator.site.svg import UncleanableSvgError, clean_svg
from generator.site.urls import relative
from generator.versions.document import Renderer
from generator.versions.history import LEFT_OUT, in_repository, read_version
from generator.versions.version import Version

KEPT_FILES = "assets/kept/"


class FolderFiles:
    """The files of the documents folder that are no documents, at any commit.

    ``now`` are those of the newest: blobs by path below the folder. ``kept`` are older ones that a text
    still shows: blobs by the address that they have got. Neither holds what may not go live; ``warnings``
    say so of the newest. ``former_folders`` are where the documents were at commits before a renaming.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        head: str,
        folder: str,
        former_folders: Mapping[str, str],
        excluded: Callable[[str], bool],
        rule: FileRule,
    ) -> None:
        self._repository = repository
        self._folder = folder
        self._former_folders = former_folders
        self._excluded = excluded
        self._rule = rule
        self._at: dict[str, Mapping[str, str]] = {}
        known = set(repository.left_out)
        self.warnings = [
            f"{in_repository(folder, path)}: {why}"
            for path in self._beside(head)
            if (why := rule.left_out(path)) is not None
        ]
        self.warnings += [f"{path}: {LEFT_OUT}" for path in repository.left_out if path not in known]
        self.now = self._files(head)
        self.kept: dict[str, str] = {}

    def read(self, path: str, blob: str) -> bytes | None:
        """The file as it goes live: an SVG picture is cleaned, and None where it cannot be."""
        raw = self._repository.read(blob)
        if suffix(path) != "svg":
            return raw
        try:
            return clean_svg(raw)
        except UncleanableSvgError as error:
            warning = f"{path}: is not published, for it {error}; save it as plain SVG"
            if warning not in self.warnings:
                self.warnings.append(warning)
            return None

    def address(self, path: str, *, version: Version) -> str | None:
        """Where the file is that a version shows: one that has changed since stays beside the newest."""
        now = self.now.get(path)
        then = None if version.commit == UNCOMMITTED else self._files(version.commit).get(path)
        if then is None or then == now:
            return quote(path) if now else None
        address = f"{KEPT_FILES}{then[:16]}/{quote(posixpath.basename(path))}"
        self.kept[address] = then
        return address

    def picture(self, path: str, blob: str) -> str | None:
        """Where a picture of a version is: beside the newest text, if it is still there, or kept for ever."""
        is_below = not self._folder or path.startswith(f"{self._folder}/")
        below = path.removeprefix(f"{self._folder}/") if is_below else ""
        if self.now.get(below) == blob:
            return quote(below, errors="surrogateescape")
        if not self._rule.goes_live(below or path) or (is_below and self._excluded(below)):
            return None
        name = quote(posixpath.basename(path), errors="surrogateescape")
        address = f"{KEPT_FILES}{blob[:16]}/{name}"
        self.kept[address] = blob
        return address

    def _files(self, commit: str) -> Mapping[str, str]:
        if commit not in self._at:
            beside = self._beside(commit).items()
            self._at[commit] = {path: blob for path, blob in beside if self._rule.goes_live(path)}
        return self._at[commit]

    def _beside(self, commit: str) -> Mapping[str, str]:
        folder = self._former_folders.get(commit, self._folder)
        skipped = len(folder) + 1 if folder else 0
        return {
            path[skipped:]: blob
            for path, blob in self._repository.files(commit, folder=folder).items()
            if not is_document_path(path, folder=folder) and not self._excluded(path[skipped:])
        }


class VersionTexts:
    """Gives each version's text; what was rendered before is taken from ``cache``."""

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
        """The text as it was rendered, with the links as they were written, and a sign on each picture."""
        key = f"text-{self._renderer.version}-{version.made_of}"
        kept = self._cache.get(key)
        if kept is None:
            kept = self._cache[key] = read_version(version, self._repository, self._renderer).html
        return with_pictures(kept, version.pictures)

    def source(self, version: Version) -> bytes:
        """The file as it was committed."""
        return self._repository.read(version.source_blob)

    def file(self, url: str) -> bytes | None:
        """A file of the site that is no page, by its absolute address."""
        address = unquote(url.removeprefix(self._site_url)) if url.startswith(self._site_url) else ""
        blob = self._files.now.get(address) or self._files.kept.get(quote(address))
        return self._files.read(address, blob) if blob else None

    def side(self, version: Version) -> Side:
        """The text as one side of a redline, without its day."""
        return Side(html=self.html(version), title=version.front.title)

    def on_page(self, markup: str, version: Version, *, page: str) -> str:
        """Markup of a version with links that work on the page at this address."""
        return self._links.resolve(
            markup,
            source=version.path,
            locate=partial(relative, page=page),
            file_address=partial(self._files.address, version=version),
            picture_address=self._files.picture,
        )

    @contextmanager
    def noting_images(self) -> Iterator[dict[str, str]]:
        """Answers a mapping in which, at the end, are the older files that texts have shown since."""
        before, self._files.kept = self._files.kept, {}
        noted = self._files.kept
        try:
            yield noted
        finally:
            self._files.kept = before | noted

    def keep(self, files: Mapping[str, str]) -> None:
        """Let these older files be on the site: blobs by address."""
        self._files.kept.update(files)

    def anywhere(self, markup: str, version: Version, *, here: str) -> str:
        """Markup of a version with absolute links; those inside the text lead to ``here``."""
        return self._links.resolve(
            markup,
            source=version.path,
            locate=partial(urljoin, self._site_url),
            file_address=partial(self._files.address, version=version),
            picture_address=self._files.picture,
            here=here,
        )
