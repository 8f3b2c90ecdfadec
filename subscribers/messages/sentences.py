"""Chooses the sentences of a message: its headline, and what each version means and when it takes effect."""

from __future__ import annotations

from subscribers.messages.clean_text import isolated
from subscribers.messages.content import AnnouncedContent, AnnouncedDocument, AnnouncedVersion, Status
from subscribers.words import Words


def headline(content: AnnouncedContent, words: Words) -> str:
    if len(content.documents) > 1:
        return words("headline_several", count=len(content.documents))
    return _headline_of(content.documents[0], words)


def _headline_of(document: AnnouncedDocument, words: Words) -> str:
    newest, title = document.versions[0], isolated(document.title)
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


def summary_heading(version: AnnouncedVersion, document: AnnouncedDocument) -> str:
    if document.is_new:
        return "in_short"
    if version.keeps and version.summary:
        return "in_short"
    return "what_changed_amended" if version.amends or version.keeps else "what_changed"


def version_heading(version: AnnouncedVersion, document: AnnouncedDocument, words: Words) -> str:
    """The day of the version; also its label if the message has another version of that day."""
    heading = words("change_of", date=words.date(version.published_on))
    on_that_day = sum(other.published_on == version.published_on for other in document.versions)
    return f"{heading} ({version.label})" if on_that_day > 1 else heading


def status(version: AnnouncedVersion, words: Words) -> str:
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
    """Sentences about the announced changes that this version withdraws."""
    key = "withdraws_replaced" if version.replaces else "withdraws"
    return [words(key, date=words.date(day)) for day in version.withdraws]


def notes(version: AnnouncedVersion, document: AnnouncedDocument, words: Words, *, alone: bool) -> list[str]:
    """The small print. It does not repeat what the headline says about a single document."""
    notes = []
    if document.is_new and not alone:
        notes.append(words("new_document"))
    if version.editorial and not version.withdraws and not version.amends:
        notes.append(words("editorial"))
    if version.returns_to is not None and not version.keeps:
        notes.append(words("returns", date=words.date(version.returns_to)))
    if version.still_upcoming_on is not None:
        notes.append(words("still_upcoming", date=words.date(version.still_upcoming_on)))
    if version.stated_on is not None:
        is_past = version.effective_on == version.published_on
        key = "states_past_day" if is_past else "states_other_day"
        notes.append(words(key, date=words.date(version.stated_on)))
    return notes


def untranslated(document: AnnouncedDocument, words: Words) -> list[str]:
    """A sentence that the text is in another language than the message, if it is."""
    if document.language.partition("-")[0] == words.language.partition("-")[0]:
        return []
    return [words("untranslated", language=words.name_of(document.language))]
