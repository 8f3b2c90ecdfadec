"""Parses ``history.json``, which lists everything that a site has published, and the redline files.

Formats 1 and 2 of ``history.json`` are accepted. Format 2 is described by the site's ``history.schema.json``;
format 1 says ``address`` where format 2 says ``path``. Keys that are not named here are ignored, because
additions keep the format number. Nothing is fetched here: ``site_reader`` does that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal, TypeVar
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from subscribers.errors import NotifyError

FORMATS = (1, 2)


class UnreadableSiteError(NotifyError):
    """A file of the site is not what its format says."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}; build and publish the site again with the policy-site of this version"
        )
        self.where = where
        self.what = what


def _inside_the_site(path: str) -> str:
    """Return ``path`` if it is relative and leads nowhere above the site's root, however it is spelled."""
    plain = unquote(path)
    if re.match(r"/|[A-Za-z][A-Za-z0-9+.-]*:", plain) or re.search(r"[\\?#\x00-\x1f\x7f]", plain):
        raise ValueError("is not a path below the site's root")
    if plain and any(part in ("", ".", "..") for part in plain.removesuffix("/").split("/")):
        raise ValueError("leads out of the site")
    return path


def _root(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.endswith("/"):
        raise ValueError("is not the URL of a site; it must begin with https:// or http:// and end with /")
    if re.search(r"[\s\\\x00-\x20\x7f-\x9f?#]", url) or parts.username is not None:
        raise ValueError("has a user name, or a character that the URL of a site cannot have")
    return url


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not an IANA time zone") from error
    return name


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ObjectId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
DocumentId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[0-9]+)?$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Positive = Annotated[int, Field(ge=1)]
SitePath = Annotated[str, AfterValidator(_inside_the_site)]
# "path" in format 2, "address" in format 1
Path = Annotated[SitePath, Field(validation_alias=AliasChoices("path", "address"))]
FormerPaths = Annotated[
    tuple[SitePath, ...], Field(validation_alias=AliasChoices("former_paths", "former_addresses"))
]
SiteUrl = Annotated[str, AfterValidator(_root)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedlineReference:
    """The redline from the version before: ``page`` is for people, ``path`` is its ``redline.json``."""

    from_number: Annotated[Positive, Field(alias="from")]
    page: SitePath
    path: Path
    sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """One version of a document. If ``change`` is None, it counts as material; the first has no ``redline``.

    On a given day, of the versions that are in effect and not withdrawn, the one with the highest ``line``
    applies; on the same line, the one with the highest number.
    """

    number: Positive
    label: Label
    commit: ObjectId
    source_blob: ObjectId
    published_at: AwareDatetime
    effective_on: date
    declared_version: str | None
    change: Literal["material", "editorial"] | None
    summary: str | None
    impact: str | None
    approved_by: str | None
    returns_to: Positive | None
    content_sha256: Sha256
    title: str
    path: Path
    page_sha256: Sha256
    redline: RedlineReference | None
    discovered: bool = False
    stated_effective_on: date | None = None
    text_sha256: Sha256 | None = None  # as content_sha256, but without the stated effective date
    line: Annotated[int, Field(ge=0)] = 0
    withdraws: Label | None = None
    withdrawn_by: Positive | None = None
    withdrawn_on: date | None = None  # from this day, the version withdraws the whole document
    copies: Mapping[str, SitePath] = field(default_factory=dict)  # the same text in other forms, by form
    copies_sha256: Mapping[str, Sha256] = field(default_factory=dict)
    held_for: tuple[str, ...] = ()  # what a check found; the announcement waits until somebody releases it


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDocument:
    """A document and its versions, oldest first; ``versions[n - 1]`` has the number n."""

    id: DocumentId
    slug: str
    path: Path
    former_paths: FormerPaths
    language: LanguageCode
    translation_of: DocumentId | None
    title: str
    announced: bool
    ended_at: AwareDatetime | None
    versions: Annotated[tuple[PublishedVersion, ...], Field(min_length=1)]
    former_ids: tuple[DocumentId, ...] = ()  # it may have been published under these before

    @property
    def newest(self) -> PublishedVersion:
        """The version published last, whether or not it is in effect."""
        return self.versions[-1]

    def withdrawn_by(self, version: PublishedVersion) -> list[PublishedVersion]:
        """The versions that will not take effect because of this one."""
        return [other for other in self.versions if other.withdrawn_by == version.number]

    @property
    def in_order(self) -> list[PublishedVersion]:
        """All versions that were not withdrawn, each before the versions that replace it."""
        standing = (version for version in self.versions if version.withdrawn_by is None)
        return sorted(standing, key=lambda version: (version.line, version.number))

    @property
    def history_path(self) -> str:
        """The page with every version, its date and its redline."""
        return f"{self.path}history/"

    def since_path(self, version: PublishedVersion) -> str:
        """The page with all changes since ``version``. A site has it for its newest versions only."""
        return f"{self.path}since/{version.label}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedColours:
    """The company's colour for links on a light and on a dark background, with the defaults of the site."""

    accent: Colour = "#1d4f91"
    accent_dark: Colour = "#9cc0f5"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedHistory:
    """The whole ``history.json``; all paths are relative to ``site_url``."""

    format: Literal[1, 2]
    site_url: SiteUrl
    site_name: str
    language: LanguageCode
    time_zone: TimeZone
    commit: ObjectId
    documents: tuple[PublishedDocument, ...]
    colours: PublishedColours = PublishedColours()
    # The page with all emails that were sent, by language, that of the site first; empty without one.
    sent_emails: Mapping[LanguageCode, SitePath] = field(default_factory=dict)

    @property
    def current_ids(self) -> Mapping[str, str]:
        """Maps every id that a document ever had to its current id."""
        former = {former: document.id for document in self.documents for former in document.former_ids}
        return former | {document.id: document.id for document in self.documents}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChange:
    """One change in plain words. ``where`` is the heading above it, empty before the first heading."""

    kind: str
    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRedline:
    """A ``redline.json``, as far as messages need it. Its HTML comes from outside: clean it before use."""

    format: Literal[1]
    document: DocumentId
    from_number: Annotated[Positive, Field(alias="from")]
    to_number: Annotated[Positive, Field(alias="to")]
    counts: Mapping[str, Positive]
    changes: Annotated[tuple[PublishedChange, ...], Field(min_length=1)]
    mail_html: str  # the keys of the format
    mail_text: str
    omitted: Annotated[int, Field(ge=0)]


_Parsed = TypeVar("_Parsed", PublishedHistory, PublishedRedline)
_HISTORY = TypeAdapter(PublishedHistory)
_REDLINE = TypeAdapter(PublishedRedline)


def parse_history(raw: bytes, *, where: str) -> PublishedHistory:
    """The history in ``raw``; ``where`` names the file in an error."""
    history = _parse(_HISTORY, raw, where=where)
    ids = Counter(document.id for document in history.documents)
    for document in history.documents:
        if ids[document.id] > 1:
            raise UnreadableSiteError(where, f"document {document.id} is listed twice")
        if [version.number for version in document.versions] != list(range(1, len(document.versions) + 1)):
            raise UnreadableSiteError(where, f"the versions of {document.slug} are not numbered 1, 2, 3 …")
        labels = [version.label for version in document.versions]
        if len(set(labels)) < len(labels):
            raise UnreadableSiteError(where, f"two versions of {document.slug} have the same label")
        if document.translation_of is not None and document.translation_of not in ids:
            raise UnreadableSiteError(where, f"{document.slug} translates a document that is not listed")
    return history


def parse_redline(raw: bytes, *, where: str) -> PublishedRedline:
    """The redline in ``raw``; ``where`` names the file in an error."""
    return _parse(_REDLINE, raw, where=where)


def _parse(kind: TypeAdapter[_Parsed], raw: bytes, *, where: str) -> _Parsed:
    try:
        return kind.validate_json(raw, strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) if str(part).isprintable() else repr(part) for part in problem["loc"])
        if place == "format":
            what = f"has format {problem['input']!r:.40}, but this policy-notify reads only {_formats(kind)}"
        else:
            what = f"{place}: {problem['msg']}" if place else problem["msg"]
        raise UnreadableSiteError(where, what) from error


def _formats(kind: TypeAdapter[_Parsed]) -> str:
    return f"formats {' and '.join(map(str, FORMATS))}" if kind is _HISTORY else "format 1"
