"""Where each document is on the site: slugs, permanent addresses, redirects from older ones; pure.

Addresses are relative to the site's root, percent-encoded, and end in ``/`` where they are pages.
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
from generator.versions.history import DocumentHistory, fitting_name, slug_of
from generator.versions.version import Version

FEED = "feed.xml"
JSON_FEED = "feed.json"
HISTORY = "history.json"
SCHEMA = "history.schema.json"
SITEMAP = "sitemap.xml"
ROBOTS = "robots.txt"
SITE_FILES = frozenset({FEED, JSON_FEED, HISTORY, SCHEMA, SITEMAP, f"{SITEMAP}.gz", "404.html"})
MADE_AT_ROOT = SITE_FILES | {ROBOTS, "index.html"}
BELOW_A_DOCUMENT = frozenset({
    "versions", "changes", "since", "history", "compare", "in-force", "in-force.json", "fragment.html",
    "index.html", FEED, JSON_FEED,
})  # fmt: skip


class PathTakenError(PolicyError):
    """Two documents, or a document and a page that the site makes, would be at one address."""

    def __init__(self, path: str, *, address: str, other: str) -> None:
        super().__init__(
            f"{path}: its address /{address} belongs to {other}; "
            "rename one of them, or leave one out (exclude_docs in mkdocs.yml)"
        )
        self.path = path
        self.address = address


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDocument:
    """A document on the site.

    ``former_slugs`` lead here. ``translation_of`` is the id of the document that this one translates.
    """

    document: DocumentHistory
    slug: str
    former_slugs: tuple[str, ...]
    language: str
    translation_of: str | None
    announced: bool

    @property
    def source_name(self) -> str:
        """The path that the navigation knows it by: always with a suffix in small letters."""
        return SUFFIX.sub(lambda found: found[0].lower(), self.document.path)

    @property
    def address(self) -> str:
        """Where the text in force is."""
        return path_of_slug(self.slug)

    @property
    def history(self) -> str:
        """The page with all versions."""
        return f"{self.address}history/"

    @property
    def feed(self) -> str:
        """Its own feed; the start page has that of the site."""
        return f"{self.address}{FEED}"

    @property
    def json_feed(self) -> str:
        """The same as JSON."""
        return f"{self.address}{JSON_FEED}"

    @property
    def comparison(self) -> str:
        """The page that compares any two versions."""
        return f"{self.address}compare/"

    @property
    def in_force(self) -> str:
        """The page that says what was in force on a day."""
        return f"{self.address}in-force/"

    @property
    def in_force_data(self) -> str:
        """The same for programs."""
        return f"{self.address}in-force.json"

    @property
    def fragment(self) -> str:
        """The text in force for another site to include."""
        return f"{self.address}fragment.html"

    def version(self, version: Version) -> str:
        """The permanent page of a version."""
        return f"{self.address}versions/{version.label}/"

    def copy(self, version: Version, suffix: str) -> str:
        """A copy of a version's text in another form, such as ``md``."""
        ending = f"-{version.label}.{suffix}"
        name = fitting_name(posixpath.basename(self.slug) or "index", ending=ending)
        return f"{self.version(version)}{quote(name, errors='surrogateescape')}"

    def change(self, version: Version) -> str:
        """The page with the redline that brought a version."""
        return f"{self.address}changes/{version.label}/"

    def since(self, version: Version) -> str:
        """The page with all that changed since a version."""
        return f"{self.address}since/{version.label}/"


def path_of_slug(slug: str) -> str:
    """The page of a slug; that of the empty one is the site's root."""
    return f"{quote(slug, errors='surrogateescape')}/" if slug else ""


def relative(address: str, *, page: str) -> str:
    """``address`` as a link on ``page``, so that the site works below any path."""
    target, _, fragment = address.partition("#")
    link = posixpath.relpath(f"/{target}", f"/{page}")
    if (not target or target.endswith("/")) and not link.endswith("/"):
        link += "/"
    return f"{link}#{fragment}" if fragment else link


def assign_paths(
    documents: Sequence[DocumentHistory],
    *,
    language: str,
    languages: Iterable[str],
    announce: Sequence[str],
    files: Collection[str] = (),
) -> tuple[SiteDocument, ...]:
    """Every document with its address; a living document has it before an ended one.

    ``languages`` are the suffixes and the folders that mark a translation (``privacy.ru.md``,
    ``ru/privacy.md``), besides the folders whose titles show it; ``announce`` are path patterns, ``files``
    are the paths of what is on the site beside the documents.
    """
    titles = ((document.path, document.versions[-1].title) for document in documents)
    languages = {*languages, *language_folders(titles)}
    originals = find_originals(documents, language=language, languages=languages)
    living = {document.slug: document.path for document in documents if document.ended_at is None}
    taken = _Taken(living, files)
    places = []
    for document in documents:
        spoken, names = named_language(document.path, language=language, languages=languages)
        former = {slug_of(path) for path in document.former_paths} | {slug_of(document.path)}
        places.append(
            SiteDocument(
                document=document,
                slug=taken.slug_beside(document),
                former_slugs=tuple(sorted(former - {document.slug})),
                language=spoken or language,
                translation_of=originals.get(document.id),
                announced=_announced(document.path, original=names[0] if names else None, patterns=announce),
            )
        )
    _refuse_taken(places, taken)
    return tuple(places)


class _Taken:
    """What is at an address already: ``holders`` are the paths of living documents by slug."""

    def __init__(self, holders: Mapping[str, str], files: Collection[str]) -> None:
        self._holders = holders
        self._files = files

    def by(self, slug: str) -> str | None:
        """What else the site has there; None if nothing."""
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

    def slug_beside(self, document: DocumentHistory) -> str:
        """The document's slug; of an ended one whose slug is taken, one that adds when it ended."""
        if document.ended_at is None or self.by(document.slug) is None:
            return document.slug
        head, slash, name = document.slug.rpartition("/")
        slug = f"{head}{slash}{fitting_name(name, ending=f'@{document.gaps[-1].removed[:12]}')}"
        return slug if self.by(slug) is None else fitting_name(slug.replace("/", "-"), ending="")


def _announced(path: str, *, original: str | None, patterns: Sequence[str]) -> bool:
    if not patterns:
        return slug_of(original or path) != ""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _refuse_taken(places: Sequence[SiteDocument], taken: _Taken) -> None:
    holders: dict[str, str] = {}
    living = [place for place in places if place.document.ended_at is None]
    for place in living:
        other = holders.setdefault(place.slug, place.document.path)
        if other != place.document.path:
            raise PathTakenError(place.document.path, address=place.address, other=other)
    for place in living:
        if (made := taken.by(place.slug)) is not None:
            raise PathTakenError(place.document.path, address=place.address, other=made)
