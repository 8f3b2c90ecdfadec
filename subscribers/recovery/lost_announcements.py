"""Finds the announcements that a lost database may have made since the copy, from what the site has.

Pure: the site's ``history.json`` names each version and the time of its publication, so every state that the
site went through is known. Which of them were announced, only evidence says: a Message-ID, an event or a
proof names the publication by its digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscribers.delivery_id import publication_of
from subscribers.site.history_json import PublishedDocument, PublishedHistory
from subscribers.site.news import digest, snapshot

# The time of a publication is that of its commit, on the machine of an author; clocks may be that far apart.
CLOCKS_APART = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """A state of the site that may have been announced, as its ``history.json`` was then."""

    history: PublishedHistory
    raw_history: bytes
    versions_sha256: str

    @property
    def publication(self) -> str:
        """The digits by which Message-IDs name it."""
        return publication_of(self.versions_sha256)


def states_since(
    raw_history: bytes, history: PublishedHistory, known: Mapping[str, str], *, until: datetime | None
) -> Sequence[SiteState]:
    """The states of the site after the one with the ``known`` labels, oldest first.

    Without those that the site was in only after ``until``, the time of the newest lost request.
    """
    latest = None if until is None else until + CLOCKS_APART
    numbers = {document.id: _number(document, known.get(document.id)) for document in history.documents}
    moments = sorted(
        {
            version.published_at
            for document in history.documents
            if document.announced
            for version in document.versions[numbers[document.id] :]
            if latest is None or version.published_at <= latest
        }
    )
    states: dict[str, SiteState] = {}
    for moment in moments:
        then = _as_of(history, moment, numbers)
        versions_sha256 = digest(snapshot(then))
        raw = _shortened(raw_history, then)
        state = SiteState(history=then, raw_history=raw, versions_sha256=versions_sha256)
        states.setdefault(versions_sha256, state)
    return list(states.values())


def announced(
    states: Sequence[SiteState], named: Mapping[str, int | None], *, and_newest: bool
) -> Sequence[SiteState]:
    """The states to take as announced: those whose publication is ``named`` by evidence, and the newest.

    States in between that nothing names are part of the next one: its message tells their changes too.
    Without ``and_newest``, the newest state has to be named as well.
    """
    return [state for state in states if state.publication in named or (and_newest and state is states[-1])]


def numbered(states: Sequence[SiteState], named: Mapping[str, int | None], *, newest: int) -> Sequence[int]:
    """The number of each announcement: the one that evidence names, else the next.

    The last one gets a number as high as any that evidence names, so that no number is given to another
    announcement later.
    """
    numbers: list[int] = []
    highest = max((number for number in named.values() if number is not None), default=0)
    for state in states:
        number = (numbers[-1] if numbers else newest) + 1
        given = named.get(state.publication)
        if given is not None and given > number:
            number = given
        elif given is None and state is states[-1]:
            number = max(number, highest)
        numbers.append(number)
    return numbers


def _number(document: PublishedDocument, label: str | None) -> int:
    return next((version.number for version in document.versions if version.label == label), 0)


def _as_of(history: PublishedHistory, moment: datetime, numbers: Mapping[str, int]) -> PublishedHistory:
    documents = []
    for document in history.documents:
        published = [version.number for version in document.versions if version.published_at <= moment]
        count = max(numbers[document.id], *published, 0)
        if count:
            ended = document.ended_at if document.ended_at and document.ended_at <= moment else None
            documents.append(replace(document, versions=document.versions[:count], ended_at=ended))
    if not documents:
        return replace(history, documents=())
    newest = max((document.newest for document in documents), key=lambda version: version.published_at)
    return replace(history, documents=tuple(documents), commit=newest.commit)


def _shortened(raw: bytes, then: PublishedHistory) -> bytes:
    """The ``history.json`` with what the site had ``then``; the same bytes if that is everything."""
    listed = json.loads(raw)
    counts = {document.id: len(document.versions) for document in then.documents}
    kept = [document for document in listed["documents"] if document["id"] in counts]
    if all(len(one["versions"]) == counts.get(one["id"]) for one in listed["documents"]):
        return raw
    for document in kept:
        document["versions"] = document["versions"][: counts[document["id"]]]
    listed |= {"documents": kept, "commit": then.commit}
    return json.dumps(listed, ensure_ascii=False, indent=1).encode()
