"""Lays a mail out: what stands where, in which words, before any markup; for text and HTML alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from subscribers.messages import excerpt
from subscribers.messages.content import AnnouncedContent, AnnouncedDocument, AnnouncedVersion, Status
from subscribers.messages.links import LinkTargets
from subscribers.site.history_json import PublishedColours
from subscribers.words import Words, direction_of

SUBJECT_LIMIT = 120  # characters; inboxes show 60 to 90


@dataclass(frozen=True, slots=True)
class Level:
    """How much a mail shows of what could make it too large; a brief one only lists the documents."""

    redline_bytes: int = 0
    versions: int = 1
    changes: int = 3
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An address, and the words that lead to it."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A document in the list at the top; in a brief mail also what is said of it, and where to read on."""

    title: str
    status: str
    said: list[str]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPart:
    """One version of a document; what is empty is left out."""

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
    """One document, its newest version first; ``main`` is where most readers want to go."""

    heading: str
    language: str
    direction: str
    missed: list[str]
    versions: list[VersionPart]
    earlier: list[str]
    main: Link
    links: list[Link]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole mail.

    ``preheader`` is what an inbox shows after the subject, ``contents`` the list of several documents.
    ``listed_at`` is the page of the site by which a reader can check that the message is genuine.
    """

    subject: str
    preheader: str
    site: str
    headline: str
    note: list[str]
    contents: list[Entry]
    documents: list[DocumentPart]
    is_alone: bool
    why: str
    listed_at: str
    colours: PublishedColours


def lay_out(content: AnnouncedContent, words: Words, level: Level, targets: LinkTargets) -> Layout:
    """The mail that tells ``content``, no fuller than ``level``; links lead to ``targets`` only."""
    headline = _headline(content, words)
    site = _line(content.site_name)
    alone = len(content.documents) == 1
    room = _Room(level.redline_bytes, targets)
    return Layout(
        subject=_shortened(words("subject", site=site, headline=headline)),
        preheader=_preheader(content, words),
        site=site,
        headline=headline[:1].upper() + headline[1:],
        note=[words("brief")] if level.brief and not alone else [],
        contents=[] if alone else [_entry(document, words, level) for document in content.documents],
        documents=[
            _document(document, words, level, room, alone=alone)
            for document in content.documents
            if alone or not level.brief
        ],
        is_alone=alone,
        why=words("why_text", site=site),
        listed_at=content.documents[0].history_url if alone else content.site_url,
        colours=content.colours,
    )


def _headline(content: AnnouncedContent, words: Words) -> str:
    if len(content.documents) > 1:
        return words("headline_several", count=len(content.documents))
    return _headline_of(content.documents[0], words)


def _headline_of(document: AnnouncedDocument, words: Words) -> str:
    newest, title = document.versions[0], _title(document)
    if document.is_new:
        return words("headline_new", title=title)
    if newest.ends:
        key = "headline_will_end" if newest.is_upcoming else "headline_ended"
        return words(key, title=title, date=words.date(newest.effective_on))
    if newest.is_upcoming and all(version.amends_known for version in document.versions):
        return words("headline_amended", title=title, date=words.date(newest.effective_on))
    if newest.is_upcoming and not newest.amends_known:
        return words("headline_upcoming", title=title, date=words.date(newest.effective_on))
    if newest.withdraws and not newest.replaces:
        key = "headline_withdrawn" if newest.keeps else "headline_changed_withdrawn"
        return words(key, title=title, date=words.date(newest.withdraws[0]))
    return words("headline_changed", title=title)


def _entry(document: AnnouncedDocument, words: Words, level: Level) -> Entry:
    newest = document.versions[0]
    title, status = _title(document), _status(newest, words)
    if not level.brief:
        return Entry(title=title, status=status, said=[], url="")
    if len(document.versions) > 1:
        url = document.since[1] if document.since else document.history_url
        missed = [words("missed", count=len(document.versions))]
    else:
        url = newest.redline_url or newest.page_url
        missed = []
    said = [*missed, *_paragraphs(newest.summary), *_paragraphs(newest.impact)]
    return Entry(title=title, status=status, said=said, url=url)


def _preheader(content: AnnouncedContent, words: Words) -> str:
    """What an inbox shows after the subject."""
    if len(content.documents) > 1:
        return ", ".join(_title(document) for document in content.documents)
    newest = content.documents[0].versions[0]
    return _paragraphs(newest.summary)[0] if _paragraphs(newest.summary) else _status(newest, words)


def _document(
    document: AnnouncedDocument, words: Words, level: Level, room: _Room, *, alone: bool
) -> DocumentPart:
    shown = document.versions[: level.versions]
    several = len(document.versions) > 1
    versions = [
        _version(version, document, words, level, room, several=several, alone=alone) for version in shown
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
        heading="" if alone else _title(document),
        language=document.language,
        direction=direction_of(document.language),
        missed=[
            *_untranslated(document, words),
            *([words("missed", count=len(document.versions))] if several else []),
        ],
        versions=versions,
        earlier=[words("earlier", count=left)] if left else [],
        main=main,
        links=[link for link in links if link.url != main.url],
    )


def _main_link(document: AnnouncedDocument, words: Words) -> Link:
    """To all that changed since the reader was last notified, or to the text of a new document."""
    newest = document.versions[0]
    if document.is_new:
        spoken = f" ({words.name_of(document.language)})" if _untranslated(document, words) else ""
        return Link(words("button_new") + spoken, newest.page_url)
    if newest.withdraws and len(document.versions) == 1:
        return Link(words("button_withdrawn"), newest.redline_url or newest.page_url)
    if len(document.versions) > 1:
        return Link(words("button"), document.since[1] if document.since else document.history_url)
    return Link(words("button"), newest.redline_url or newest.page_url)


def _link_to_document(document: AnnouncedDocument, words: Words) -> Link:
    """To the document's page, which shows an upcoming text only from its day on."""
    newest = document.versions[0]
    if newest.status in {Status.UPCOMING, Status.UPCOMING_LATER}:
        last = newest.comes_first or newest.effective_on
        return Link(words("link_document_until", date=words.date(last - timedelta(days=1))), document.url)
    if newest.ends and not newest.is_upcoming:
        return Link(words("link_ended"), document.url)
    return Link(words("link_document"), document.url)


def _untranslated(document: AnnouncedDocument, words: Words) -> list[str]:
    """That a text comes in another language than the message: the reader has no newer translation."""
    if document.language.partition("-")[0] == words.language.partition("-")[0]:
        return []
    return [words("untranslated", language=words.name_of(document.language))]


def _version(
    version: AnnouncedVersion,
    document: AnnouncedDocument,
    words: Words,
    level: Level,
    room: _Room,
    *,
    several: bool,
    alone: bool,
) -> VersionPart:
    summary = _paragraphs(version.summary)
    listed = [] if summary else [(_line(where), _line(text)) for where, text in version.changes]
    more = max(0, len(listed) - level.changes)
    html, text, whole = room.take(version)
    left = []
    if version.redline_url is not None and not whole:
        left = [Link(words("redline_left"), version.redline_url)]
    elif version.redline_url is not None and version.omitted:
        left = [Link(words("changes_left", count=version.omitted), version.redline_url)]
    return VersionPart(
        heading=_version_heading(version, document, words) if several else "",
        status=_status(version, words),
        notes=_notes(version, document, words, alone=alone),
        summary_heading=words(_summary_heading(version, document)),
        summary=summary,
        changes=listed[: level.changes],
        more_changes=[words("more_changes", count=more)] if more else [],
        impact_heading=words("what_it_means_amended" if version.amends else "what_it_means"),
        impact=_paragraphs(version.impact),
        redline_heading=words("word_by_word_announced" if version.withdraws else "word_by_word"),
        redline_html=html,
        redline_text=text,
        left=left,
        links=_version_links(version, words) if several else [],
    )


def _summary_heading(version: AnnouncedVersion, document: AnnouncedDocument) -> str:
    if document.is_new:
        return "in_short"
    if version.keeps and version.summary:
        return "in_short"
    return "what_changed_amended" if version.amends or version.keeps else "what_changed"


def _version_heading(version: AnnouncedVersion, document: AnnouncedDocument, words: Words) -> str:
    """Its day, and its label too where that day has another version in the mail."""
    heading = words("change_of", date=words.date(version.published_on))
    on_that_day = sum(other.published_on == version.published_on for other in document.versions)
    return f"{heading} ({version.label})" if on_that_day > 1 else heading


def _status(version: AnnouncedVersion, words: Words) -> str:
    first = words.date(version.comes_first) if version.comes_first else ""
    if version.keeps and version.status is Status.IN_FORCE:
        return " ".join([*_withdrawn(version, words), words("keeps")])
    if version.ends and (version.is_upcoming or version.status is Status.IN_FORCE):
        status = words("will_end" if version.is_upcoming else "ended", date=words.date(version.effective_on))
        return " ".join([*_withdrawn(version, words), status])
    if version.amends and version.is_upcoming:
        return " ".join([*_withdrawn(version, words), words("amends", date=words.date(version.effective_on))])
    status = words(version.status.value, date=words.date(version.effective_on), first=first)
    return " ".join([*_withdrawn(version, words), status])


def _withdrawn(version: AnnouncedVersion, words: Words) -> list[str]:
    """What will not happen because of the version."""
    key = "withdraws_replaced" if version.replaces else "withdraws"
    return [words(key, date=words.date(day)) for day in version.withdraws]


def _notes(version: AnnouncedVersion, document: AnnouncedDocument, words: Words, *, alone: bool) -> list[str]:
    """Small print; what the headline says of a single document is not said again."""
    notes = []
    if document.is_new and not alone:
        notes.append(words("new_document"))
    if version.editorial and not version.withdraws and not version.amends:
        notes.append(words("editorial"))
    if version.returns_to is not None and not version.keeps:
        notes.append(words("returns", date=words.date(version.returns_to)))
    if version.still_to_come is not None:
        notes.append(words("still_to_come", date=words.date(version.still_to_come)))
    if version.stated_on is not None:
        is_past = version.effective_on == version.published_on
        key = "states_past_day" if is_past else "states_other_day"
        notes.append(words(key, date=words.date(version.stated_on)))
    return notes


def _version_links(version: AnnouncedVersion, words: Words) -> list[Link]:
    links = [Link(words("link_version"), version.page_url)]
    if version.redline_url is not None:
        links.append(Link(words("link_redline"), version.redline_url))
    return links


class _Room:
    """The bytes of HTML that the redlines of one mail may still take."""

    def __init__(self, left_bytes: int, targets: LinkTargets) -> None:
        self.left_bytes = left_bytes
        self.targets = targets

    def take(self, version: AnnouncedVersion) -> tuple[str, str, bool]:
        """The beginning of the redline that fits, as HTML and as text, and whether that is all of it."""
        text = "\n".join(map(_shown, version.redline_text.expandtabs(4).split("\n")))
        text = _MARKDOWN_HEADING.sub("", text)
        shown = excerpt.excerpt(version.redline_html, text, room_bytes=self.left_bytes, targets=self.targets)
        self.left_bytes -= len(shown.html.encode())
        return shown.html, shown.text, shown.is_whole


def _title(document: AnnouncedDocument) -> str:
    """The title; one written from right to left is isolated, so that it stays one piece in a sentence."""
    title = _line(document.title)
    if any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in title):
        return f"\N{FIRST STRONG ISOLATE}{title}\N{POP DIRECTIONAL ISOLATE}"
    return title


def _paragraphs(text: str | None) -> list[str]:
    return [line for block in re.split(r"\n\s*\n", text or "") if (line := _line(block))]


def _line(text: str) -> str:
    """``text`` on one line."""
    return " ".join(_shown(" ".join(text.split())).split())


def _shown(line: str) -> str:
    """``line`` without signs that control a terminal or turn the direction of what follows."""
    return "".join(
        sign
        for sign in line
        if unicodedata.category(sign) not in {"Cc", "Cs"} and unicodedata.bidirectional(sign) not in _TURNING
    )


_MARKDOWN_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)  # in the redline files of a site
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _shortened(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LIMIT else f"{subject[: SUBJECT_LIMIT - 1].rstrip()}…"
