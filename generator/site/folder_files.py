"""The pictures and other files in the documents folder, as they were at each commit.

A past version shows the picture that it had. If that picture has changed since, the old one is kept below
``KEPT_FILES``, under a name made from its content.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from urllib.parse import quote

from generator.git.document_paths import in_repository, is_document_path
from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED
from generator.site.allowed_files import FileRule, suffix
from generator.site.svg import UncleanableSvgError, clean_svg
from generator.versions.history import LEFT_OUT
from generator.versions.version import Version

KEPT_FILES = "assets/kept/"


class FolderFiles:
    """The files in the documents folder that are not documents, at any commit.

    ``now`` are the files of the newest commit: blobs by path below the folder. ``kept`` are older files that
    a past version shows: blobs by their path on the site. Both hold only files that may be published;
    ``warnings`` name the others of the newest commit. ``former_folders`` say where the documents folder was
    at the commits before it was renamed.
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
        """The file as it is published: an SVG picture is cleaned. None if it cannot be cleaned."""
        raw = self._repository.read(blob)
        if suffix(path) != "svg":
            return raw
        try:
            return clean_svg(raw)
        except UncleanableSvgError as error:
            warning = f"{path}: is not published because it {error}; save it as plain SVG"
            if warning not in self.warnings:
                self.warnings.append(warning)
            return None

    def find(self, path: str, *, version: Version) -> str | None:
        """The path on the site of a file that a version shows: of the file as it was at that time."""
        now = self.now.get(path)
        then = None if version.commit == UNCOMMITTED else self._files(version.commit).get(path)
        if then is None or then == now:
            return quote(path) if now else None
        kept = f"{KEPT_FILES}{then[:16]}/{quote(posixpath.basename(path))}"
        self.kept[kept] = then
        return kept

    def find_picture(self, path: str, blob: str) -> str | None:
        """The path on the site of a picture in a version: its usual path, or one below ``KEPT_FILES``."""
        is_below = not self._folder or path.startswith(f"{self._folder}/")
        below = path.removeprefix(f"{self._folder}/") if is_below else ""
        if self.now.get(below) == blob:
            return quote(below, errors="surrogateescape")
        if not self._rule.is_published(below or path) or (is_below and self._excluded(below)):
            return None
        name = quote(posixpath.basename(path), errors="surrogateescape")
        kept = f"{KEPT_FILES}{blob[:16]}/{name}"
        self.kept[kept] = blob
        return kept

    def _files(self, commit: str) -> Mapping[str, str]:
        if commit not in self._at:
            beside = self._beside(commit).items()
            self._at[commit] = {path: blob for path, blob in beside if self._rule.is_published(path)}
        return self._at[commit]

    def _beside(self, commit: str) -> Mapping[str, str]:
        folder = self._former_folders.get(commit, self._folder)
        skipped = len(folder) + 1 if folder else 0
        return {
            path[skipped:]: blob
            for path, blob in self._repository.files(commit, folder=folder).items()
            if not is_document_path(path, folder=folder) and not self._excluded(path[skipped:])
        }
