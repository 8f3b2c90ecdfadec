"""Publishes: finds what a site has that was not announced, verifies it, and records what will be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from subscribers.announcing import announcements, published_past
from subscribers.announcing.announcements import KnownVersions
from subscribers.announcing.published_past import NO_TRUST, Trust
from subscribers.errors import NotifyError
from subscribers.messages.compose import compose
from subscribers.messages.content import read_content
from subscribers.messages.message import Message
from subscribers.settings import Sender
from subscribers.site.history_json import PublishedDocument, PublishedHistory, PublishedVersion, parse_history
from subscribers.site.news import News, check_known, languages, news, snapshot, snapshot_before
from subscribers.site.site_reader import PublishedSite


class UnknownSiteError(NotifyError):
    """This database has never announced anything: the site is new, or it is the wrong database."""


class KnownSiteError(NotifyError):
    """A baseline was requested for a site that has one already, and unannounced changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The way to begin with a new site: announce nothing, or what was published on or after ``since``."""

    since: date | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The result of a publish: the announcement it has recorded, unless there was nothing to announce.

    ``deferred``: editorial changes wait for the next material one. ``held_by_limit``: there were too many
    announcements in a day, so a person has to release this one. ``held_for``: errors that a check found in
    the announced versions, for which a person has to release it too.
    """

    announcement_id: int | None
    announced: Sequence[News]
    opened: bool
    deferred: bool
    held_by_limit: bool
    held_for: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The announcement that a publish would record; without one, ``messages`` are empty."""

    known: Sequence[KnownVersions]
    baseline: Mapping[str, PublishedVersion] | None
    everything: Sequence[News]
    deferred: bool
    messages: Mapping[tuple[str, int | None], Message | None]

    @property
    def is_announced(self) -> bool:
        """Whether there are changes, and they are announced now."""
        return bool(self.everything) and not self.deferred

    @property
    def findings(self) -> Sequence[str]:
        """The errors that a check found in the announced versions."""
        found = (
            finding for item in self.announced for version in item.versions for finding in version.held_for
        )
        return tuple(dict.fromkeys(found))

    @property
    def announced(self) -> Sequence[News]:
        """The announced changes, each document once."""
        return (
            list({item.document.id: item for item in self.everything}.values()) if self.is_announced else ()
        )


def plan(
    engine: Engine,
    site: PublishedSite,
    *,
    sender: Sender,
    changes: Literal["every", "material"],
    opening: Opening | None,
    now: datetime,
    trust: Trust = NO_TRUST,
) -> Plan:
    """Find and verify the site's unannounced changes, and make their messages; nothing is recorded."""
    history = site.history
    known = [each.under(history.current_ids) for each in announcements.what_is_known(engine)]
    baseline = None if known else _baseline(history, opening)
    if baseline is not None:
        known = [KnownVersions(announcement_id=None, labels=_labels(baseline))]
    for each in known:
        check_known(history, each.labels)
    published_past.check_past(history, known, _earlier(engine), trust=trust)
    planned = plan_since(
        site, site.history, known, sender=sender, changes=changes, now=now, baseline=baseline
    )
    if baseline is None and planned.everything and opening is not None and opening.since is None:
        raise KnownSiteError(
            f"{history.site_url}: is known already, and has changes; leave --baseline out to announce them"
        )
    return planned


def plan_since(
    site: PublishedSite,
    history: PublishedHistory,
    known: Sequence[KnownVersions],
    *,
    sender: Sender,
    changes: Literal["every", "material"],
    now: datetime,
    baseline: Mapping[str, PublishedVersion] | None = None,
) -> Plan:
    """Find what is new in ``history`` to users who know ``known``, verify it, and make the messages.

    ``history`` is that of the site, or an earlier state of it.
    """
    newest = known[0]
    fresh = {language: news(history, newest.labels, language=language) for language in languages(history)}
    everything = [item for items in fresh.values() for item in items]
    deferred = bool(everything) and changes == "material" and not any(item.is_material for item in everything)
    contents = _contents(history, known) if everything and not deferred else {}
    if contents or baseline is not None:
        site.verify(_named(history, contents.values()))
    return Plan(
        known=known,
        baseline=baseline,
        everything=everything,
        deferred=deferred,
        messages=_messages(site, contents, sender=sender, now=now),
    )


def publish(
    engine: Engine,
    site: PublishedSite,
    *,
    sender: Sender,
    changes: Literal["every", "material"],
    opening: Opening | None,
    hold: bool,
    now: datetime,
    trust: Trust = NO_TRUST,
    daily_limit: int | None = None,
) -> Publication:
    """Record an announcement of the site's unannounced changes. Nothing is sent here.

    An announcement beyond ``daily_limit`` within 24 hours is held, so that a person checks it before it goes
    out. So is an announcement of a version in which a check found errors.
    """
    planned = plan(engine, site, sender=sender, changes=changes, opening=opening, now=now, trust=trust)
    held_by_limit = (
        planned.is_announced
        and not hold
        and daily_limit is not None
        and announcements.number_since(engine, now - timedelta(days=1)) >= daily_limit
    )
    held_for = planned.findings if not hold else ()
    newest = planned.known[0]
    announcement_id = None
    if planned.is_announced or planned.baseline is not None:
        announcement_id = announcements.record(
            engine,
            site.history,
            raw_history=site.raw_history,
            known_id=newest.announcement_id,
            baseline=planned.baseline,
            versions=snapshot(site.history) if planned.is_announced else None,
            messages=planned.messages,
            hold=hold or held_by_limit or bool(held_for),
            now=now,
        )
    if looks_new := published_past.changed_appearance(site.history, planned.known):
        announcements.accept_appearance(engine, looks_new)
    if not planned.is_announced and newest.announcement_id is not None:
        _advance(engine, site.history, newest, planned.everything)
    return Publication(
        announcement_id=announcement_id,
        announced=planned.announced,
        opened=planned.baseline is not None,
        deferred=planned.deferred,
        held_by_limit=held_by_limit,
        held_for=held_for,
    )


def _earlier(engine: Engine) -> PublishedHistory | None:
    raw = announcements.newest_history(engine)
    return None if raw is None else parse_history(raw, where="the history.json of the last announcement")


def _baseline(history: PublishedHistory, opening: Opening | None) -> Mapping[str, PublishedVersion]:
    if opening is None:
        raise UnknownSiteError(
            f"{history.site_url}: this database has never announced anything; to begin, publish once with "
            "--baseline (nobody is notified) or --announce-since DATE; if another has, restore that one"
        )
    return snapshot(history) if opening.since is None else snapshot_before(history, opening.since)


def _contents(
    history: PublishedHistory, known: Sequence[KnownVersions]
) -> dict[tuple[str, int | None], tuple[News, ...]]:
    """The changes for each language and each announcement that users were last notified of."""
    return {
        (language, each.announcement_id): news(history, each.labels, language=language)
        for each in known
        for language in languages(history)
    }


def _messages(
    site: PublishedSite,
    contents: Mapping[tuple[str, int | None], tuple[News, ...]],
    *,
    sender: Sender,
    now: datetime,
) -> dict[tuple[str, int | None], Message | None]:
    today = now.astimezone(ZoneInfo(site.history.time_zone)).date()
    return {
        (language, last_notified_id): compose(
            read_content(site, items, today=today, attach=sender.attach), language=language, sender=sender
        )
        if items
        else None
        for (language, last_notified_id), items in contents.items()
    }


def _named(
    history: PublishedHistory, contents: Iterable[Sequence[News]]
) -> list[tuple[PublishedDocument, PublishedVersion]]:
    """Each version on which a message or a baseline is based, with its document."""
    documents = {document.id: document for document in history.documents}
    named = {(document, version.number): version for document, version in snapshot(history).items()}
    for items in contents:
        for item in items:
            named |= {(item.document.id, version.number): version for version in item.versions}
    return [(documents[document], version) for (document, _), version in named.items()]


def _advance(
    engine: Engine, history: PublishedHistory, newest: KnownVersions, everything: Sequence[News]
) -> None:
    """Count new versions without news as known: a return to the known text, a translation that catches up."""
    waiting = {item.document.id for item in everything}
    quiet = {
        document: version
        for document, version in snapshot(history).items()
        if version.label != newest.labels.get(document) and document not in waiting
    }
    if quiet and newest.announcement_id is not None:
        announcements.advance(engine, newest.announcement_id, quiet)


def _labels(versions: Mapping[str, PublishedVersion]) -> dict[str, str]:
    return {document: version.label for document, version in versions.items()}
