"""What was announced and what is to be: records announcements and what the operator wants of them."""

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
from subscribers.ledger import announcement_rows, batch_members, batch_rows, complaints, refusals
from subscribers.messages.message import Message
from subscribers.model import (
    AnnouncementState,
    BatchState,
    announced_versions,
    announcements,
    batches,
    contents,
    deliveries,
    histories,
)
from subscribers.site.history_json import PublishedHistory, PublishedVersion
from subscribers.site.news import digest

Versions = Mapping[str, PublishedVersion]  # by document


class ConcurrentPublishError(NotifyError):
    """Another process has recorded an announcement meanwhile."""

    def __init__(self) -> None:
        super().__init__("another publish ran at the same time; nothing was recorded by this one: repeat it")


class UnfitAnnouncementError(NotifyError):
    """The announcement is not there, or not in a state for what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What people know who were last told by one announcement (None: a baseline yet to be recorded)."""

    announcement_id: int | None
    labels: Mapping[str, str]  # by document
    content_sha256: Mapping[str, str] = field(
        default_factory=dict
    )  # of those versions as they looked, by document

    def under(self, current_ids: Mapping[str, str]) -> Told:
        """The same of documents that have another id by now."""
        return replace(
            self,
            labels={current_ids.get(one, one): label for one, label in self.labels.items()},
            content_sha256={current_ids.get(one, one): sha256 for one, sha256 in self.content_sha256.items()},
        )


def what_is_known(engine: Engine) -> Sequence[Told]:
    """What anybody in the audience may know, the newest announcement's first; empty for an unknown site.

    Besides the newest there are the ones of which somebody was told last, having missed those after.
    """
    with reading(engine) as connection:
        newest = announcement_rows.newest_id(connection)
        if newest is None:
            return ()
        # A frozen audience says who was last told of what; before that, the messages made say who may be.
        frozen = select(announcements.c.fanned_out_at).where(announcements.c.id == newest)
        source = contents if connection.scalars(frozen).one() is None else deliveries
        last_told = connection.scalars(
            select(source.c.last_notified_id).where(source.c.announcement_id == newest).distinct()
        )
        return [_told_by(connection, known) for known in sorted({newest, *last_told}, reverse=True)]


def newest_history(engine: Engine) -> bytes | None:
    """The ``history.json`` on which the newest announcement, or the baseline, rests."""
    with reading(engine) as connection:
        newest = select(announcements.c.history_sha256).where(
            announcements.c.id == announcement_rows.newest_id(connection)
        )
        return connection.scalars(
            select(histories.c.body).where(histories.c.sha256 == newest.scalar_subquery())
        ).one_or_none()


def number_since(engine: Engine, moment: datetime) -> int:
    """How many announcements were made since; a baseline is none."""
    with reading(engine) as connection:
        made: int = connection.scalars(
            select(func.count()).where(
                announcements.c.made_at > moment, announcements.c.state != AnnouncementState.BASELINE.value
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
    """Record a baseline, an announcement, or both, all or nothing; the announcement's id.

    ``known_id`` is the newest announcement on which the decision rests. ``messages`` are by language and by
    the announcement last told of (None: the baseline recorded here).
    """
    history_sha256 = hashlib.sha256(raw_history).hexdigest()
    made = {
        "site_url": history.site_url,
        "site_language": history.language,
        "commit": history.commit,
        "history_sha256": history_sha256,
        "made_at": now,
    }
    with _alone(), writing(engine) as connection:
        announcement_rows.lock(connection)
        if announcement_rows.newest_id(connection) != known_id:
            raise ConcurrentPublishError
        _keep_history(connection, history_sha256, raw_history)
        if baseline is not None:
            state = AnnouncementState.BASELINE
            known_id = _insert(connection, baseline, **made, state=state.value, fanned_out_at=now, audience=0)
        if versions is None:
            return None
        state = AnnouncementState.HELD if hold else AnnouncementState.OPEN
        announcement_id = _insert(connection, versions, **made, state=state.value)
        for (language, last_notified_id), message in messages.items():
            connection.execute(
                insert(contents).values(
                    announcement_id=announcement_id,
                    language=language,
                    last_notified_id=known_id if last_notified_id is None else last_notified_id,
                    **_content(message),
                )
            )
        return announcement_id


def advance(engine: Engine, announcement_id: int, versions: Versions) -> None:
    """Count these versions as known to whoever knows the announcement: there was nothing in them to tell."""
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
        number = complaints.number_of(connection, announcement_id)
        announcement_rows.set_complaints_at_release(connection, announcement_id, number)


def pause(engine: Engine, announcement_id: int, *, reason: str | None = None) -> None:
    """Send no further batch until it is released; batches under way are finished."""
    with writing(engine) as connection:
        allowed = (AnnouncementState.OPEN,)
        _move(connection, announcement_id, allowed, AnnouncementState.PAUSED, reason=reason)


def cancel(engine: Engine, announcement_id: int) -> None:
    """Send nothing more of it, ever; whoever missed it is told of its changes with the next one."""
    allowed = (AnnouncementState.HELD, AnnouncementState.OPEN, AnnouncementState.PAUSED)
    with writing(engine) as connection:
        _move(connection, announcement_id, allowed, AnnouncementState.CANCELLED)
        batch_members.cancel_waiting(connection, announcement_id)


def retry(engine: Engine, announcement_id: int, *, reasons: Sequence[str] = ()) -> int:
    """Let its recipients wait again who were refused, set aside or put off; how many do.

    Of ``reasons``, codes such as ``5.1.1``, only those; without, all but the ones whom no email reaches.
    """
    with writing(engine) as connection:
        allowed = (AnnouncementState.OPEN, AnnouncementState.PAUSED)
        _demand(connection, announcement_id, allowed)
        those = refusals.select_ids(connection, announcement_id, refusals.retryable(reasons))
        return refusals.give_back(connection, those, forgive=True)


def _keep_history(connection: Connection, sha256: str, body: bytes) -> None:
    kept = select(histories.c.sha256).where(histories.c.sha256 == sha256)
    if connection.scalars(kept).one_or_none() is None:
        connection.execute(insert(histories).values(sha256=sha256, body=body))


@contextmanager
def _alone() -> Iterator[None]:
    """Two first publishes at once have no row on which they could queue: the keys keep one of them out."""
    try:
        yield
    except IntegrityError as error:
        raise ConcurrentPublishError from error


def _told_by(connection: Connection, announcement_id: int) -> Told:
    known = select(announced_versions).where(announced_versions.c.announcement_id == announcement_id)
    rows = connection.execute(known).all()
    return Told(
        announcement_id=announcement_id,
        labels={row.document: row.label for row in rows},
        content_sha256={row.document: row.content_sha256 for row in rows},
    )


def _insert(connection: Connection, versions: Versions, **values: object) -> int:
    announcement_id = announcement_rows.add(connection, versions_sha256=digest(versions), **values)
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
    sha256 = hashlib.sha256("\0".join((message.subject, message.text, message.html)).encode())
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
            f"announcement {announcement_id}: has gone out whole; there is nothing to cancel"
        )
    announcement_rows.set_state(connection, announcement_id, state, reason=reason)


def _demand(connection: Connection, announcement_id: int, allowed: Sequence[AnnouncementState]) -> None:
    present: str | None = connection.scalars(
        select(announcements.c.state).where(announcements.c.id == announcement_id).with_for_update()
    ).one_or_none()
    if present is None:
        raise UnfitAnnouncementError(
            f"announcement {announcement_id}: there is none; policy-notify status lists them"
        )
    if present not in allowed:
        fit = " or ".join(allowed)
        raise UnfitAnnouncementError(f"announcement {announcement_id}: is {present}, and has to be {fit}")


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
