"""Records announcements, the messages they send, and what the operator wants of them.

The only module that writes the tables ``announced_versions``, ``attachments``, ``contents``, ``files`` and
``histories``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from subscribers.database import reading, writing
from subscribers.errors import NotifyError
from subscribers.ledger import (
    announcement_rows,
    batch_members,
    batch_rows,
    complaints,
    receiving_domains,
    refusals,
)
from subscribers.messages.message import Attachment, Message
from subscribers.model import (
    AnnouncementState,
    BatchState,
    announced_versions,
    announcements,
    attachments,
    batches,
    contents,
    deliveries,
    files,
    histories,
)
from subscribers.site.history_json import PublishedHistory, PublishedVersion
from subscribers.site.news import digest

Versions = Mapping[str, PublishedVersion]  # by document


class ConcurrentPublishError(NotifyError):
    """Another process has recorded an announcement in the meantime."""

    def __init__(self) -> None:
        super().__init__(
            "another publish ran at the same time, so this one has recorded nothing; run it again"
        )


class UnfitAnnouncementError(NotifyError):
    """The announcement does not exist, or its state does not allow what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVersions:
    """The versions known to users who were last notified of one announcement.

    ``announcement_id`` is None for a baseline that is still to be recorded.
    """

    announcement_id: int | None
    labels: Mapping[str, str]  # by document
    content_sha256: Mapping[str, str] = field(default_factory=dict)  # how those versions looked, by document

    def under(self, current_ids: Mapping[str, str]) -> KnownVersions:
        """The same versions under the present ids of documents whose id has changed."""
        return replace(
            self,
            labels={current_ids.get(one, one): label for one, label in self.labels.items()},
            content_sha256={current_ids.get(one, one): sha256 for one, sha256 in self.content_sha256.items()},
        )


def what_is_known(engine: Engine) -> Sequence[KnownVersions]:
    """The versions that users may know, the newest announcement's first; empty for an unknown site."""
    with reading(engine) as connection:
        return known_versions(connection)


def known_versions(connection: Connection) -> Sequence[KnownVersions]:
    """The versions that users may know, the newest announcement's first; empty for an unknown site.

    Besides the newest announcement there are older ones: users who missed what came after were last notified
    of those.
    """
    newest = announcement_rows.newest_id(connection)
    if newest is None:
        return ()
    # After the fan-out the deliveries say what users were last notified of; before it, the messages do.
    frozen = select(announcements.c.fanned_out_at).where(announcements.c.id == newest)
    source = contents if connection.scalars(frozen).one() is None else deliveries
    last_notified = connection.scalars(
        select(source.c.last_notified_id).where(source.c.announcement_id == newest).distinct()
    )
    return [_known_by(connection, known) for known in sorted({newest, *last_notified}, reverse=True)]


def newest_history(engine: Engine) -> bytes | None:
    """The ``history.json`` from which the newest announcement, or the baseline, was made."""
    with reading(engine) as connection:
        newest = select(announcements.c.history_sha256).where(
            announcements.c.id == announcement_rows.newest_id(connection)
        )
        return connection.scalars(
            select(histories.c.body).where(histories.c.sha256 == newest.scalar_subquery())
        ).one_or_none()


def number_since(engine: Engine, moment: datetime) -> int:
    """How many announcements were made since that moment. A baseline does not count, nor one made again."""
    with reading(engine) as connection:
        made: int = connection.scalars(
            select(func.count()).where(
                announcements.c.made_at > moment,
                announcements.c.state != AnnouncementState.BASELINE.value,
                announcements.c.rebuilt_at.is_(None),
            )
        ).one()
        return made


def record(
    engine: Engine,
    history: PublishedHistory,
    *,
    raw_history: bytes,
    known_id: int | None,
    baseline: Versions | None,
    versions: Versions | None,
    messages: Mapping[tuple[str, int | None], Message | None],
    hold: bool,
    now: datetime,
) -> int | None:
    """Record a baseline, an announcement, or both, in one transaction; return the announcement's id.

    ``known_id`` is the newest announcement that the caller knew of. ``messages`` are by language and by the
    announcement that recipients were last notified of (None: the baseline recorded here).
    """
    with _alone(), writing(engine) as connection:
        announcement_rows.lock(connection)
        if announcement_rows.newest_id(connection) != known_id:
            raise ConcurrentPublishError
        if baseline is not None:
            known_id = record_baseline(connection, history, baseline, raw_history=raw_history, now=now)
        if versions is None:
            return None
        assert known_id is not None
        return record_announcement(
            connection,
            history,
            versions,
            {
                (language, known_id if last_notified_id is None else last_notified_id): message
                for (language, last_notified_id), message in messages.items()
            },
            raw_history=raw_history,
            state=AnnouncementState.HELD if hold else AnnouncementState.OPEN,
            now=now,
        )


def record_baseline(
    connection: Connection,
    history: PublishedHistory,
    versions: Versions,
    *,
    raw_history: bytes,
    now: datetime,
) -> int:
    """Record that these versions count as known to every user; return the baseline's id."""
    made = _made(connection, history, raw_history, now=now)
    state = AnnouncementState.BASELINE.value
    return _insert(connection, versions, None, **made, state=state, fanned_out_at=now, audience=0)


def record_announcement(
    connection: Connection,
    history: PublishedHistory,
    versions: Versions,
    messages: Mapping[tuple[str, int], Message | None],
    *,
    raw_history: bytes,
    state: AnnouncementState,
    now: datetime,
    announcement_id: int | None = None,
) -> int:
    """Record an announcement of these versions; return its id, which is the next one unless one is given."""
    made = _made(connection, history, raw_history, now=now)
    announcement_id = _insert(connection, versions, announcement_id, **made, state=state.value)
    for (language, last_notified_id), message in messages.items():
        connection.execute(
            insert(contents).values(
                announcement_id=announcement_id,
                language=language,
                last_notified_id=last_notified_id,
                **_content(message),
            )
        )
        for position, attachment in enumerate(message.attachments if message else ()):
            _keep_file(connection, attachment)
            connection.execute(
                insert(attachments).values(
                    announcement_id=announcement_id,
                    language=language,
                    last_notified_id=last_notified_id,
                    position=position,
                    name=attachment.name,
                    media_type=attachment.media_type,
                    sha256=attachment.sha256,
                )
            )
    return announcement_id


def advance(engine: Engine, announcement_id: int, versions: Versions) -> None:
    """Count these versions as known to the recipients of the announcement, since they are no news."""
    with writing(engine) as connection:
        connection.execute(
            delete(announced_versions).where(
                announced_versions.c.announcement_id == announcement_id,
                announced_versions.c.document.in_(versions.keys()),
            )
        )
        _insert_versions(connection, announcement_id, versions)


def accept_appearance(engine: Engine, versions: Mapping[tuple[str, str], PublishedVersion]) -> None:
    """Count these announced versions, by document and label, as looking like this from now on."""
    with writing(engine) as connection:
        for (document, label), version in versions.items():
            connection.execute(
                update(announced_versions)
                .where(announced_versions.c.document == document, announced_versions.c.label == label)
                .values(content_sha256=version.content_sha256)
            )


def release(engine: Engine, announcement_id: int) -> None:
    """Let a held or paused announcement go out."""
    allowed = (AnnouncementState.HELD, AnnouncementState.PAUSED)
    with writing(engine) as connection:
        _move(connection, announcement_id, allowed, AnnouncementState.OPEN)
        receiving_domains.forget_refusals(connection)
        number = complaints.number_of(connection, announcement_id)
        announcement_rows.set_complaints_at_release(connection, announcement_id, number)


def pause(engine: Engine, announcement_id: int, *, reason: str | None = None) -> None:
    """Send no further batch until it is released; batches under way are finished."""
    with writing(engine) as connection:
        allowed = (AnnouncementState.OPEN,)
        _move(connection, announcement_id, allowed, AnnouncementState.PAUSED, reason=reason)


def cancel(engine: Engine, announcement_id: int) -> None:
    """Stop sending it for good; users who missed it are notified of its changes with the next one."""
    allowed = (AnnouncementState.HELD, AnnouncementState.OPEN, AnnouncementState.PAUSED)
    with writing(engine) as connection:
        _move(connection, announcement_id, allowed, AnnouncementState.CANCELLED)
        batch_members.cancel_waiting(connection, announcement_id)


def retry(engine: Engine, announcement_id: int, *, reasons: Sequence[str] = ()) -> int:
    """Let recipients who were refused, set aside or put off wait again; return how many do.

    With ``reasons``, codes such as ``5.1.1``, only those refused for one of them; without, all but
    unreachable recipients.
    """
    with writing(engine) as connection:
        allowed = (AnnouncementState.OPEN, AnnouncementState.PAUSED)
        _demand(connection, announcement_id, allowed)
        receiving_domains.forget_refusals(connection)
        those = refusals.select_ids(connection, announcement_id, refusals.retryable(reasons))
        return refusals.give_back(connection, those, forgive=True)


def _keep_history(connection: Connection, sha256: str, body: bytes) -> None:
    kept = select(histories.c.sha256).where(histories.c.sha256 == sha256)
    if connection.scalars(kept).one_or_none() is None:
        connection.execute(insert(histories).values(sha256=sha256, body=body))


def _keep_file(connection: Connection, attachment: Attachment) -> None:
    sha256 = attachment.sha256
    if connection.scalars(select(files.c.sha256).where(files.c.sha256 == sha256)).one_or_none() is None:
        connection.execute(insert(files).values(sha256=sha256, body=attachment.body))


@contextmanager
def _alone() -> Iterator[None]:
    """Two first publishes at the same time have no row to wait on: the unique keys refuse one of them."""
    try:
        yield
    except IntegrityError as error:
        raise ConcurrentPublishError from error


def _known_by(connection: Connection, announcement_id: int) -> KnownVersions:
    known = select(announced_versions).where(announced_versions.c.announcement_id == announcement_id)
    rows = connection.execute(known).all()
    return KnownVersions(
        announcement_id=announcement_id,
        labels={row.document: row.label for row in rows},
        content_sha256={row.document: row.content_sha256 for row in rows},
    )


def _made(
    connection: Connection, history: PublishedHistory, raw_history: bytes, *, now: datetime
) -> dict[str, object]:
    """The columns that describe the site of an announcement. The site's ``history.json`` is kept."""
    history_sha256 = hashlib.sha256(raw_history).hexdigest()
    _keep_history(connection, history_sha256, raw_history)
    return {
        "site_url": history.site_url,
        "site_language": history.language,
        "commit": history.commit,
        "history_sha256": history_sha256,
        "made_at": now,
    }


def _insert(
    connection: Connection, versions: Versions, announcement_id: int | None, /, **values: object
) -> int:
    announcement_id = announcement_rows.add(
        connection, announcement_id, versions_sha256=digest(versions), **values
    )
    _insert_versions(connection, announcement_id, versions)
    return announcement_id


def _insert_versions(connection: Connection, announcement_id: int, versions: Versions) -> None:
    rows = [
        {
            "announcement_id": announcement_id,
            "document": document,
            "label": version.label,
            "content_sha256": version.content_sha256,
        }
        for document, version in versions.items()
    ]
    if rows:
        connection.execute(insert(announced_versions), rows)


def _content(message: Message | None) -> dict[str, str]:
    if message is None:
        return {}
    parts = [message.subject, message.text, message.html]
    for attachment in message.attachments:
        parts += [attachment.name, attachment.media_type, attachment.sha256]
    sha256 = hashlib.sha256("\0".join(parts).encode())
    return {
        "message_language": message.language,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "sha256": sha256.hexdigest(),
    }


def _move(
    connection: Connection,
    announcement_id: int,
    allowed: Sequence[AnnouncementState],
    state: AnnouncementState,
    *,
    reason: str | None = None,
) -> None:
    _demand(connection, announcement_id, allowed)
    if state == AnnouncementState.CANCELLED and _is_complete(connection, announcement_id):
        raise UnfitAnnouncementError(
            f"announcement {announcement_id}: was sent completely, so there is nothing to cancel"
        )
    announcement_rows.set_state(connection, announcement_id, state, reason=reason)


def _demand(connection: Connection, announcement_id: int, allowed: Sequence[AnnouncementState]) -> None:
    present: str | None = connection.scalars(
        select(announcements.c.state).where(announcements.c.id == announcement_id).with_for_update()
    ).one_or_none()
    if present is None:
        raise UnfitAnnouncementError(
            f"announcement {announcement_id}: does not exist; policy-notify status lists all announcements"
        )
    if present not in allowed:
        fit = " or ".join(allowed)
        raise UnfitAnnouncementError(
            f"announcement {announcement_id}: is {present}; this needs one that is {fit}"
        )


def _is_complete(connection: Connection, announcement_id: int) -> bool:
    open_states = [*batch_rows.WAITING, BatchState.UNKNOWN.value]
    under_way = select(batches.c.id).where(
        batches.c.announcement_id == announcement_id, batches.c.state.in_(open_states)
    )
    fanned_out = select(announcements.c.fanned_out_at).where(announcements.c.id == announcement_id)
    return (
        connection.scalars(fanned_out).one() is not None
        and connection.scalars(under_way.limit(1)).one_or_none() is None
    )
