"""Where each document is on the site: slugs, permanent paths, redirects from former ones; pure.

All paths are relative to the site's root and percent-encoded; the path of a page ends in ``/``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote

from generator.errors import PolicyError
from generator.site.document_translations import SUFFIX, find_originals, named_language
from generator.site.language_folders import language_folders
from generator.versions.document_history import DocumentHistory
from generator.versions.slugs import fitting_name, slug_of
from generator.versions.version import Version

FEED = "feed.xml"
JSON_FEED = "feed.json"
HISTORY = "history.json"
SCHEMA = "history.schema.json"
SITEMAP = "sitemap.xml"
ROBOTS = "robots.txt"
NOTICES = "notices.json"
NOTICES_SCHEMA = "notices.schema.json"
SITE_FILES = frozenset({
    FEED, JSON_FEED, HISTORY, SCHEMA, NOTICES, NOTICES_SCHEMA, SITEMAP, f"{SITEMAP}.gz", "404.html"
})  # fmt: skip
MADE_AT_ROOT = SITE_FILES | {ROBOTS, "index.html"}
BELOW_A_DOCUMENT = frozenset({
    "versions", "changes", "since", "history", "compare", "in-force", "in-force.json", "fragment.html",
    "index.html", FEED, JSON_FEED,
})  # fmt: skip


class PathTakenError(PolicyError):
    """Two documents, or a document and a page that the site makes, would have the same URL."""

    def __init__(self, source: str, *, path: str, other: str) -> None:
        super().__init__(
            f"{source}: its URL /{path} belongs to {other}; "
            "rename one of them, or leave one out (exclude_docs in mkdocs.yml)"
        )
        self.source = source
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDocument:
    """A document and the paths of its pages and files on the site.

    The paths below ``former_slugs`` redirect here. ``translation_of`` is the id of the document that this one
    translates. ``announced``: whether users are notified of its changes.
    """

    history: DocumentHistory
    slug: str
    former_slugs: tuple[str, ...]
    language: str
    translation_of: str | None
    announced: bool

    @property
    def nav_path(self) -> str:
        """The source path as the navigation knows it: with a suffix in small letters."""
        return SUFFIX.sub(lambda found: found[0].lower(), self.history.path)

    @property
    def page_path(self) -> str:
        """The page with the current version."""
        return path_of_slug(self.slug)

    @property
    def history_path(self) -> str:
        """The page with all versions."""
        return f"{self.page_path}history/"

    @property
    def feed_path(self) -> str:
        """The document's own feed; the start page has the feed of the whole site."""
        return f"{self.page_path}{FEED}"

    @property
    def json_feed_path(self) -> str:
        """The same feed as JSON."""
        return f"{self.page_path}{JSON_FEED}"

    @property
    def comparison_path(self) -> str:
        """The page that compares any two versions."""
        return f"{self.page_path}compare/"

    @property
    def in_force_path(self) -> str:
        """The page that says what was in force on a day."""
        return f"{self.page_path}in-force/"

    @property
    def in_force_json_path(self) -> str:
        """The same information for programs."""
        return f"{self.page_path}in-force.json"

    @property
    def fragment_path(self) -> str:
        """The current version for another site to include."""
        return f"{self.page_path}fragment.html"

    def version_path(self, version: Version) -> str:
        """The permanent page of a version."""
        return f"{self.page_path}versions/{version.label}/"

    def copy_path(self, version: Version, suffix: str) -> str:
        """A copy of a version in another form, such as ``md``."""
        ending = f"-{version.label}.{suffix}"
        name = fitting_name(posixpath.basename(self.slug) or "index", ending=ending)
        return f"{self.version_path(version)}{quote(name, errors='surrogateescape')}"

    def change_path(self, version: Version) -> str:
        """The page with the redline from the version before."""
        return f"{self.page_path}changes/{version.label}/"

    def redline_json_path(self, version: Version) -> str:
        """The same redline for programs."""
        return f"{self.change_path(version)}redline.json"

    def since_path(self, version: Version) -> str:
        """The page with everything that changed since a version."""
        return f"{self.page_path}since/{version.label}/"


def path_of_slug(slug: str) -> str:
    """The page of a slug; the empty slug is the site's root."""
    return f"{quote(slug, errors='surrogateescape')}/" if slug else ""


def relative(path: str, *, page: str) -> str:
    """``path`` as a link on ``page``, so that the site works below any URL."""
    target, _, fragment = path.partition("#")
    link = posixpath.relpath(f"/{target}", f"/{page}")
    if (not target or target.endswith("/")) and not link.endswith("/"):
        link += "/"
    return f"{link}#{fragment}" if fragment else link


def assign_paths(
    histories: Sequence[DocumentHistory],
    *,
    language: str,
    languages: Iterable[str],
    announce: Sequence[str],
    files: Collection[str] = (),
) -> tuple[SiteDocument, ...]:
    """Every document with its paths. A living document gets a slug before an ended one.

    ``languages`` are the suffixes and the folders that mark a translation (``privacy.ru.md``,
    ``ru/privacy.md``); folders whose titles are written in their language count as well. ``announce`` are
    patterns of source paths, ``files`` the paths of the other files that the site publishes.

    Raises PathTakenError.
    """
    titles = ((history.path, history.versions[-1].title) for history in histories)
    languages = {*languages, *language_folders(titles)}
    originals = find_originals(histories, language=language, languages=languages)
    living = {history.slug: history.path for history in histories if history.ended_at is None}
    taken = _TakenPaths(living, files)
    documents = []
    for history in histories:
        spoken, names = named_language(history.path, language=language, languages=languages)
        former = {slug_of(path) for path in history.former_paths} | {slug_of(history.path)}
        documents.append(
            SiteDocument(
                history=history,
                slug=taken.free_slug(history),
                former_slugs=tuple(sorted(former - {history.slug})),
                language=spoken or language,
                translation_of=originals.get(history.id),
                announced=_announced(history.path, original=names[0] if names else None, patterns=announce),
            )
        )
    _refuse_taken(documents, taken)
    return tuple(documents)


class _TakenPaths:
    """The paths that are taken already. ``holders`` are the source paths of living documents by slug."""

    def __init__(self, holders: Mapping[str, str], files: Collection[str]) -> None:
        self._holders = holders
        self._files = files

    def by(self, slug: str) -> str | None:
        """The other thing that the site has there; None if there is none."""
        parts = slug.split("/")
        if parts[0] in MADE_AT_ROOT:
            return "a file of the site"
        for position, part in enumerate(parts):
            above = "/".join(parts[:position])
            if part in BELOW_A_DOCUMENT and above in self._holders:
                return f"the versions of {self._holders[above]}"
            if (file := "/".join(parts[: position + 1])) in self._files:
                return f"the file {file}"
        return None

    def free_slug(self, history: DocumentHistory) -> str:
        """The document's slug. If it is taken and the document has ended, the commit of its end is added."""
        if history.ended_at is None or self.by(history.slug) is None:
            return history.slug
        head, slash, name = history.slug.rpartition("/")
        slug = f"{head}{slash}{fitting_name(name, ending=f'@{history.gaps[-1].removed[:12]}')}"
        return slug if self.by(slug) is None else fitting_name(slug.replace("/", "-"), ending="")


def _announced(path: str, *, original: str | None, patterns: Sequence[str]) -> bool:
    if not patterns:
        return slug_of(original or path) != ""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _refuse_taken(documents: Sequence[SiteDocument], taken: _TakenPaths) -> None:
    holders: dict[str, str] = {}
    living = [document for document in documents if document.history.ended_at is None]
    for document in living:
        other = holders.setdefault(document.slug, document.history.path)
        if other != document.history.path:
            raise PathTakenError(document.history.path, path=document.page_path, other=other)
    for document in living:
        if (made := taken.by(document.slug)) is not None:
            raise PathTakenError(document.history.path, path=document.page_path, other=made)
