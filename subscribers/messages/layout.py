"""Lays a message out: which part comes where, in which words. Text and HTML are both made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from subscribers.messages import excerpt, sentences
from subscribers.messages.clean_text import isolated, one_line, paragraphs, printable, shortened
from subscribers.messages.content import AnnouncedContent, AnnouncedDocument, AnnouncedVersion, Status
from subscribers.messages.links import LinkTargets
from subscribers.messages.whole_text import WholeText
from subscribers.site.history_json import PublishedColours
from subscribers.words import Words, direction_of

_MARKDOWN_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)  # in the redline files of a site


@dataclass(frozen=True, slots=True)
class Level:
    """How much a message shows of the parts that can make it too large. A brief one only lists documents."""

    redline_bytes: int = 0
    versions: int = 1
    changes: int = 3
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A URL and the words of its link."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A document in the list at the top. In a brief message also its summary, and a URL with the rest."""

    title: str
    status: str
    said: list[str]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPart:
    """One version of a document. The message leaves out the parts that are empty."""

    heading: str
    status: str
    notes: list[str]
    summary_heading: str
    summary: list[str]
    changes: list[tuple[str, str]]
    more_changes: list[str]
    impact_heading: str
    impact: list[str]
    redline_heading: str
    redline_html: str
    redline_text: str
    left: list[Link]
    links: list[Link]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """One document, its newest version first. ``main`` is the link that most readers need."""

    heading: str
    language: str
    direction: str
    missed: list[str]
    versions: list[VersionPart]
    earlier: list[str]
    main: Link
    links: list[Link]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file with the whole text: where it is, with its URL if it is not attached, and its digest."""

    said: str
    url: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole message.

    ``preheader`` is the text that an inbox shows after the subject. ``contents`` is the list of documents if
    there are several. ``listed_at`` is the page by which a reader can check that the message is genuine, and
    ``genuine`` the key of the sentence that says so.
    """

    subject: str
    preheader: str
    site: str
    headline: str
    note: list[str]
    contents: list[Entry]
    documents: list[DocumentPart]
    files: list[FilePart]
    is_alone: bool
    why: str
    genuine: str
    listed_at: str
    colours: PublishedColours


def lay_out(content: AnnouncedContent, words: Words, level: Level, targets: LinkTargets) -> Layout:
    """The layout of a message about ``content``, as full as ``level`` allows, with links to ``targets``."""
    headline = sentences.headline(content, words)
    site = one_line(content.site_name)
    alone = len(content.documents) == 1
    budget = _RedlineBudget(level.redline_bytes, targets)
    emails = content.sent_emails.get(words.language) or next(iter(content.sent_emails.values()), None)
    return Layout(
        subject=shortened(words("subject", site=site, headline=headline)),
        preheader=_preheader(content, words),
        site=site,
        headline=headline[:1].upper() + headline[1:],
        note=[words("brief")] if level.brief and not alone else [],
        contents=[] if alone else [_entry(document, words, level) for document in content.documents],
        documents=[
            _document(document, words, level, budget, alone=alone)
            for document in content.documents
            if alone or not level.brief
        ],
        files=[_file(file, words) for file in content.whole_texts],
        is_alone=alone,
        why=words("why_text", site=site),
        genuine="genuine_listed" if emails else "genuine",
        listed_at=emails or (content.documents[0].history_url if alone else content.site_url),
        colours=content.colours,
    )


def _file(file: WholeText, words: Words) -> FilePart:
    title = isolated(file.title)
    digest = words("whole_text_digest", digest=file.sha256)
    if file.attachment is None:
        return FilePart(said=words("whole_text_linked", title=title), url=file.url, digest=digest)
    said = words("whole_text_attached", title=title, name=isolated(file.attachment.name))
    return FilePart(said=said, url="", digest=digest)


def _entry(document: AnnouncedDocument, words: Words, level: Level) -> Entry:
    newest = document.versions[0]
    title, status = isolated(document.title), sentences.status(newest, words)
    if not level.brief:
        return Entry(title=title, status=status, said=[], url="")
    if len(document.versions) > 1:
        url = document.since[1] if document.since else document.history_url
        missed = [words("missed", count=len(document.versions))]
    else:
        url = newest.redline_url or newest.page_url
        missed = []
    said = [*missed, *paragraphs(newest.summary), *paragraphs(newest.impact)]
    return Entry(title=title, status=status, said=said, url=url)


def _preheader(content: AnnouncedContent, words: Words) -> str:
    """The text that an inbox shows after the subject."""
    if len(content.documents) > 1:
        return ", ".join(isolated(document.title) for document in content.documents)
    newest = content.documents[0].versions[0]
    return paragraphs(newest.summary)[0] if paragraphs(newest.summary) else sentences.status(newest, words)


def _document(
    document: AnnouncedDocument, words: Words, level: Level, budget: _RedlineBudget, *, alone: bool
) -> DocumentPart:
    shown = document.versions[: level.versions]
    several = len(document.versions) > 1
    versions = [
        _version(version, document, words, level, budget, several=several, alone=alone) for version in shown
    ]
    main = _main_link(document, words)
    links = []
    if not document.is_new:
        links.append(_link_to_document(document, words))
        if not several:
            links += _version_links(document.versions[0], words)
        links.append(Link(words("link_history"), document.history_url))
    left = len(document.versions) - len(shown)
    return DocumentPart(
        heading="" if alone else isolated(document.title),
        language=document.language,
        direction=direction_of(document.language),
        missed=[
            *sentences.untranslated(document, words),
            *([words("missed", count=len(document.versions))] if several else []),
        ],
        versions=versions,
        earlier=[words("earlier", count=left)] if left else [],
        main=main,
        links=[link for link in links if link.url != main.url],
    )


def _main_link(document: AnnouncedDocument, words: Words) -> Link:
    """A link to all changes since the reader was last notified, or to the text of a new document."""
    newest = document.versions[0]
    if document.is_new:
        spoken = f" ({words.name_of(document.language)})" if sentences.untranslated(document, words) else ""
        return Link(words("button_new") + spoken, newest.page_url)
    if newest.withdraws and len(document.versions) == 1:
        return Link(words("button_withdrawn"), newest.redline_url or newest.page_url)
    if len(document.versions) > 1:
        return Link(words("button"), document.since[1] if document.since else document.history_url)
    return Link(words("button"), newest.redline_url or newest.page_url)


def _link_to_document(document: AnnouncedDocument, words: Words) -> Link:
    """A link to the document's page, which shows an upcoming version only once it is in effect."""
    newest = document.versions[0]
    if newest.status in {Status.UPCOMING, Status.UPCOMING_LATER}:
        last = newest.comes_first or newest.effective_on
        return Link(words("link_document_until", date=words.date(last - timedelta(days=1))), document.url)
    if newest.ends and not newest.is_upcoming:
        return Link(words("link_ended"), document.url)
    return Link(words("link_document"), document.url)


def _version(
    version: AnnouncedVersion,
    document: AnnouncedDocument,
    words: Words,
    level: Level,
    budget: _RedlineBudget,
    *,
    several: bool,
    alone: bool,
) -> VersionPart:
    summary = paragraphs(version.summary)
    listed = [] if summary else [(one_line(where), one_line(text)) for where, text in version.changes]
    more = max(0, len(listed) - level.changes)
    html, text, whole = budget.take(version)
    left = []
    if version.redline_url is not None and not whole:
        left = [Link(words("redline_left"), version.redline_url)]
    elif version.redline_url is not None and version.omitted:
        left = [Link(words("changes_left", count=version.omitted), version.redline_url)]
    return VersionPart(
        heading=sentences.version_heading(version, document, words) if several else "",
        status=sentences.status(version, words),
        notes=sentences.notes(version, document, words, alone=alone),
        summary_heading=words(sentences.summary_heading(version, document)),
        summary=summary,
        changes=listed[: level.changes],
        more_changes=[words("more_changes", count=more)] if more else [],
        impact_heading=words("what_it_means_amended" if version.amends else "what_it_means"),
        impact=paragraphs(version.impact),
        redline_heading=words("word_by_word_announced" if version.withdraws else "word_by_word"),
        redline_html=html,
        redline_text=text,
        left=left,
        links=_version_links(version, words) if several else [],
    )


def _version_links(version: AnnouncedVersion, words: Words) -> list[Link]:
    links = [Link(words("link_version"), version.page_url)]
    if version.redline_url is not None:
        links.append(Link(words("link_redline"), version.redline_url))
    return links


class _RedlineBudget:
    """Counts the bytes of HTML that the redlines of one message may still take."""

    def __init__(self, left_bytes: int, targets: LinkTargets) -> None:
        self.left_bytes = left_bytes
        self.targets = targets

    def take(self, version: AnnouncedVersion) -> tuple[str, str, bool]:
        """As much of the redline's beginning as fits, as HTML and text, and whether that is all of it."""
        text = "\n".join(map(printable, version.redline_text.expandtabs(4).split("\n")))
        text = _MARKDOWN_HEADING.sub("", text)
        shown = excerpt.excerpt(version.redline_html, text, limit_bytes=self.left_bytes, targets=self.targets)
        self.left_bytes -= len(shown.html.encode())
        return shown.html, shown.text, shown.is_whole
