"""Recovers an old copy of the database, in one transaction: a kill leaves it as it was.

Every message that the lost database may have sent becomes unknown. Then evidence settles what it can, and the
database takes the high-water mark over. Nothing is sent here, and nothing unknown is ever sent by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine

from subscribers.announcing import announcements, published_past
from subscribers.announcing.announcements import ConcurrentPublishError, KnownVersions
from subscribers.announcing.published_past import Trust
from subscribers.announcing.publishing import Opening, Plan, plan_since
from subscribers.database import forget_deleted, reading, writing
from subscribers.delivery_id import DeliveryId, publication_of
from subscribers.errors import NotifyError
from subscribers.high_water_mark import installation
from subscribers.high_water_mark.chain import Position
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.journal import JournalReader, Kind
from subscribers.ledger import announcement_rows, recovered, signed_events
from subscribers.ledger.erasure import erase_accounts
from subscribers.model import AnnouncementState
from subscribers.notices.old_database import OldDatabaseListedError, refuse_unknown
from subscribers.proof.export_bundle import adopt_head
from subscribers.recovery.evidence import Evidence
from subscribers.recovery.lost_announcements import SiteState, announced, numbered, states_since
from subscribers.recovery.matching import match
from subscribers.recovery.proven_accounts import ProofBundle
from subscribers.settings import Sender
from subscribers.site.history_json import PublishedVersion, parse_history
from subscribers.site.news import check_known, snapshot, snapshot_before
from subscribers.site.notices_json import NOTICES, Notices
from subscribers.site.site_reader import PublishedSite
from subscribers.users.erasures import ErasureKeys
from subscribers.users.journalled import apply_journal


class NoBaselineError(NotifyError):
    """The copy is from before the first publish, so nobody knows what users knew then."""

    def __init__(self) -> None:
        super().__init__(
            "this copy of the database is from before the first publish. Say what users knew then with "
            "--announce-since DATE: the day that the first publish was given, or the day after "
            "policy-notify publish --baseline. All that was published since may have been announced"
        )


class SiteNeededError(NotifyError):
    """Without the site nobody can know what the lost database announced."""

    def __init__(self) -> None:
        super().__init__(
            "name the published site with --site FOLDER or --site URL: what the lost database announced is "
            "made again from it, so that nobody is notified of it twice"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """An announcement that the lost database may have made."""

    announcement_id: int
    versions: Sequence[str]  # such as "privacy 2026-02-09"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The result: what was taken over, made again and settled.

    ``journalled`` counts the requests of users that the journal had and the copy lacked. ``unknown`` and
    ``settled`` are numbers of recipients by announcement. ``absent`` is evidence of messages to email
    addresses that no user of the announcement has.
    """

    was_old: bool
    was_unmarked: bool
    requests: int
    rebuilt: Sequence[Rebuilt]
    settled: Mapping[int, int]
    unknown: Mapping[int, int]
    absent: Sequence[Evidence]
    foreign: int
    journalled: Counter[Kind] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Why the database may be an old copy.

    ``position`` is that of a mark which it does not know. ``until`` is when the newest request that it does
    not know was made, as far as anything says. ``is_named``: events name the publication of every such
    request, so no other announcement can be missing.
    """

    position: Position | None
    is_unmarked: bool
    requests: int
    until: datetime | None
    is_named: bool


class _DryRun(Exception):  # noqa: N818 - it ends the transaction, and is no error
    def __init__(self, recovery: Recovery) -> None:
        self.recovery = recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """An announcement to be made again."""

    state: SiteState
    announcement_id: int
    plan: Plan


def recover(
    engine: Engine,
    mark: HighWaterMark,
    site: PublishedSite | None,
    evidence: Iterable[Evidence],
    bundles: Sequence[ProofBundle],
    *,
    sender: Sender,
    changes: Literal["every", "material"],
    opening: Opening | None,
    now: datetime,
    dry_run: bool,
    listed: Notices | None = None,
    keys: Callable[[], ErasureKeys] | None = None,
) -> Recovery:
    """Recover the database, or settle more of what is unknown if it was recovered before.

    A database that its high-water mark knows to be the newest is only settled by evidence. ``listed`` is the
    site's list of emails that were sent, if we have signed it. ``keys`` is called if the journal says that
    users have to be erased again.
    """
    found = list(evidence)
    problem = _problem(engine, mark, listed)
    lost: Sequence[_Lost] = ()
    baseline: Mapping[str, PublishedVersion] | None = None
    newest: int | None = None
    journalled = Counter[Kind]()
    if problem is not None:
        if site is None:
            raise SiteNeededError
        known, baseline = _known(engine, site, opening)
        newest = known[0].announcement_id
        lost = _lost(
            site,
            known,
            _named(engine, found, bundles, listed),
            problem,
            make=lambda state, those: plan_since(
                site, state.history, those, sender=sender, changes=changes, now=now
            ),
        )
    try:
        with writing(engine) as connection:
            announcement_rows.lock(connection)
            if problem is not None:
                assert site is not None
                if announcement_rows.newest_id(connection) != newest:
                    raise ConcurrentPublishError
                journalled = _apply_journal(connection, mark, keys)
                _rebuild(connection, site, lost, baseline, now=now)
            recovered.add_absent(connection, now=now)
            recovery = replace(
                _settled(connection, found, bundles, problem, lost, now=now), journalled=journalled
            )
            if problem is not None and problem.position is not None:
                installation.take_over(connection, problem.position)
            if dry_run:
                raise _DryRun(recovery)
    except _DryRun as ended:
        return ended.recovery
    if recovery.journalled[Kind.ERASURE]:
        forget_deleted(engine)
    if problem is not None and problem.is_unmarked:
        start_mark(engine, mark, now=now)
    return recovery


def _apply_journal(
    connection: Connection, mark: HighWaterMark, keys: Callable[[], ErasureKeys] | None
) -> Counter[Kind]:
    """Apply what users have asked for since the copy was made, so that it decides who may be notified.

    ``restore`` has done so already for a backup, and repeating it changes nothing.
    """
    own = installation.read_installation(connection)
    journal = JournalReader(mark.store, identity=own.identity, key=own.journal_key)
    applied = apply_journal(connection, journal)
    for account, erased_at in applied.to_erase:
        assert keys is not None, "an erasure needs the secret keys"
        erase_accounts(connection, [account], keys=keys(), at=erased_at)
        applied.changed[Kind.ERASURE] += 1
    return applied.changed


def start_mark(engine: Engine, mark: HighWaterMark, *, now: datetime) -> None:
    """Make the high-water mark of a database that has lost it, or never had one."""
    with reading(engine) as connection:
        own = installation.read_installation(connection)
    mark.store.start(own.identity, own.position, at=now)


def make_own(engine: Engine, *, now: datetime) -> str:
    """Make the database one of its own, which is not to replace the original; return its new identity.

    The original has sent, or will send, what waits here: it becomes unknown.
    """
    with writing(engine) as connection:
        announcement_rows.lock(connection)
        for announcement_id in recovered.freeze_waiting_audiences(connection, now=now):
            announcement_rows.note_rebuilt(connection, announcement_id, at=now)
        recovered.mark_open_unknown(connection, now=now)
        return installation.renew(connection).identity


def _problem(engine: Engine, mark: HighWaterMark, listed: Notices | None) -> _Problem | None:
    """Why the database is, or may be, an old copy; None if it is the newest one, as far as anything says."""
    with reading(engine) as connection:
        installation.refuse_if_moved(connection)
        own = installation.read_installation(connection)
        later = [row for row in signed_events.unmatched(connection) if row.database == own.identity]
        found = mark.store.read(own.identity)
        is_behind = found is not None and not installation.knows(connection, found.position)
        known = announcement_rows.publications(connection)
        is_behind_list = listed is not None and not _knows_all(connection, listed)
    later = [row for row in later if row.settled_at is None]
    is_unmarked = found is None and own.is_marked
    if not (is_behind or is_unmarked or later or is_behind_list):
        return None
    positions = [found.position] if found is not None and is_behind else []
    if is_behind_list and listed is not None and listed.ledger is not None:
        positions.append(Position(listed.ledger.number, listed.ledger.head))
    furthest = max(positions, key=lambda position: position.number, default=None)
    moments = [row.occurred_at for row in later] + ([found.at] if found is not None and is_behind else [])
    return _Problem(
        position=furthest,
        is_unmarked=is_unmarked,
        requests=max(
            len({row.token for row in later}),
            furthest.number - own.position.number if furthest is not None else 0,
        ),
        # Without a mark of that time, nothing says when the newest request was made.
        until=None if is_unmarked or is_behind_list else max(moments),
        is_named=not (is_behind or is_unmarked or is_behind_list)
        and all(row.publication is not None and row.publication in known for row in later),
    )


def _knows_all(connection: Connection, listed: Notices) -> bool:
    """Whether the database knows everything on the site's list of emails."""
    try:
        refuse_unknown(connection, listed, where=NOTICES)
    except OldDatabaseListedError:
        return False
    return True


def _known(
    engine: Engine, site: PublishedSite, opening: Opening | None
) -> tuple[Sequence[KnownVersions], Mapping[str, PublishedVersion] | None]:
    """The versions that users knew when the copy was made, and the baseline that is still to be recorded."""
    history = site.history
    known = [each.under(history.current_ids) for each in announcements.what_is_known(engine)]
    if not known:
        if opening is None or opening.since is None:
            raise NoBaselineError
        baseline = snapshot_before(history, opening.since)
        labels = {document: version.label for document, version in baseline.items()}
        return [KnownVersions(announcement_id=None, labels=labels)], baseline
    for each in known:
        check_known(history, each.labels)
    # The renderer may have been upgraded since the copy; the sources must be the same.
    raw = announcements.newest_history(engine)
    earlier = parse_history(raw, where="the history.json of the last announcement") if raw else None
    published_past.check_past(history, known, earlier, trust=Trust(renderer=True, dates=True))
    return known, None


def _named(
    engine: Engine, evidence: Sequence[Evidence], bundles: Sequence[ProofBundle], listed: Notices | None
) -> Mapping[str, int | None]:
    """The publications that evidence names, with the number that the announcement had."""
    with reading(engine) as connection:
        stored = _stored(connection)
    named: dict[str, int | None] = {
        one.publication: one.delivery.announcement_id
        for one in (*stored, *evidence)
        if one.publication is not None
    }
    named |= {publication_of(bundle.head.publication): bundle.head.announcement for bundle in bundles}
    on_site = listed.announcements if listed is not None else ()
    return named | {publication_of(one.publication): one.announcement for one in on_site}


def _lost(
    site: PublishedSite,
    known: Sequence[KnownVersions],
    named: Mapping[str, int | None],
    problem: _Problem,
    *,
    make: Callable[[SiteState, Sequence[KnownVersions]], Plan],
) -> Sequence[_Lost]:
    """The announcements to be made again, each planned as if those before it had been made."""
    all_states = states_since(site.raw_history, site.history, known[0].labels, until=problem.until)
    states = announced(all_states, named, and_newest=not problem.is_named)
    if not states:
        return ()
    first = known[0].announcement_id or 1  # the baseline's, if that is still to be recorded
    lost: list[_Lost] = []
    for state, number in zip(states, numbered(states, named, newest=first), strict=True):
        plan = make(state, known)
        if plan.is_announced:
            lost.append(_Lost(state=state, announcement_id=number, plan=plan))
            labels = {document: version.label for document, version in snapshot(state.history).items()}
            known = [KnownVersions(announcement_id=number, labels=labels), *known]
    return lost


def _rebuild(
    connection: Connection,
    site: PublishedSite,
    lost: Sequence[_Lost],
    baseline: Mapping[str, PublishedVersion] | None,
    *,
    now: datetime,
) -> None:
    """Make the lost announcements again. Everything that may have been sent since the copy is unknown."""
    opened = 0
    if baseline is not None:
        opened = announcements.record_baseline(
            connection, site.history, baseline, raw_history=site.raw_history, now=now
        )
    for announcement_id in recovered.freeze_waiting_audiences(connection, now=now):
        announcement_rows.note_rebuilt(connection, announcement_id, at=now)
    recovered.mark_open_unknown(connection, now=now)
    for one in lost:
        announcements.record_announcement(
            connection,
            one.state.history,
            snapshot(one.state.history),
            {
                (language, last_notified_id or opened): message
                for (language, last_notified_id), message in one.plan.messages.items()
            },
            raw_history=one.state.raw_history,
            state=AnnouncementState.OPEN,
            now=now,
            announcement_id=one.announcement_id,
        )
        recovered.freeze(connection, one.announcement_id, now=now)
        announcement_rows.note_rebuilt(connection, one.announcement_id, at=now)


def _settled(
    connection: Connection,
    evidence: Sequence[Evidence],
    bundles: Sequence[ProofBundle],
    problem: _Problem | None,
    lost: Sequence[_Lost],
    *,
    now: datetime,
) -> Recovery:
    """Settle what the evidence proves, and count what it leaves unknown."""
    matches = match(connection, [*_stored(connection), *evidence], bundles)
    settled = {
        announcement_id: number
        for announcement_id, proven in sorted(matches.proven.items())
        if (number := recovered.accept_proven(connection, announcement_id, proven, now=now))
    }
    signed_events.match_again(connection)
    signed_events.settle_unmatched(connection, at=now)
    announcement_rows.reopen(connection, reason=signed_events.OLD_COPY)
    for bundle in sorted(bundles, key=lambda bundle: bundle.head.announcement):
        own = announcement_rows.of_publication(connection, bundle.head.publication)
        if own is not None:
            adopt_head(connection, own, bundle.raw_head)
    return Recovery(
        was_old=problem is not None and not problem.is_unmarked,
        was_unmarked=problem is not None and problem.is_unmarked,
        requests=problem.requests if problem is not None else 0,
        rebuilt=[
            Rebuilt(
                announcement_id=one.announcement_id,
                versions=[
                    f"{item.document.slug} {version.label}"
                    for item in one.plan.announced
                    for version in item.versions
                ],
            )
            for one in lost
        ],
        settled=settled,
        unknown=recovered.unknown_by_announcement(connection),
        absent=matches.absent,
        foreign=matches.foreign,
    )


def _stored(connection: Connection) -> Sequence[Evidence]:
    """The signed events in the database that name requests it does not know. They have no email address."""
    return [
        Evidence(
            transport="sendgrid",
            delivery=delivery,
            publication=row.publication,
            token=row.token,
            at=row.occurred_at,
        )
        for row in signed_events.unmatched(connection)
        if (delivery := DeliveryId.parse(row.delivery)) is not None
    ]
