"""The only writer of the table ``announcements``, for use inside a caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from subscribers.delivery_id import publication_of
from subscribers.model import AnnouncementState, announcements


def lock(connection: Connection) -> None:
    """Let the transactions that must not run at the same time wait for each other.

    On SQLite all writers do that anyway.
    """
    # The oldest announcement is the baseline, which is always there.
    connection.execute(select(announcements.c.id).order_by(announcements.c.id).limit(1).with_for_update())


def newest_id(connection: Connection) -> int | None:
    """The id of the newest announcement; None before the first one."""
    newest: int | None = connection.scalars(select(func.max(announcements.c.id))).one()
    return newest


def publications(connection: Connection) -> set[str]:
    """The publications of all announcements, as Message-IDs and events name them."""
    digests = connection.scalars(select(announcements.c.versions_sha256))
    return {publication_of(versions_sha256) for versions_sha256 in digests}


def of_publication(connection: Connection, versions_sha256: str) -> int | None:
    """The announcement of a publication; None if there is none."""
    number: int | None = connection.scalars(
        select(announcements.c.id).where(announcements.c.versions_sha256 == versions_sha256)
    ).one_or_none()
    return number


def add(connection: Connection, announcement_id: int | None = None, /, **values: object) -> int:
    """Add an announcement; its id is the next number, unless a lost one gets its number back."""
    announcement_id = announcement_id or (newest_id(connection) or 0) + 1
    connection.execute(insert(announcements).values(id=announcement_id, **values))
    return announcement_id


def set_state(
    connection: Connection, announcement_id: int, state: AnnouncementState, *, reason: str | None = None
) -> None:
    """Record what the operator wants, or that an announcement has paused itself and why."""
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id)
        .values(state=state.value, pause_reason=reason)
    )


def pause_if_open(connection: Connection, announcement_id: int, *, reason: str) -> None:
    """Pause an announcement that is being sent; leave one in any other state as it is."""
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id, announcements.c.state == AnnouncementState.OPEN.value)
        .values(state=AnnouncementState.PAUSED.value, pause_reason=reason)
    )


def pause_all(connection: Connection, *, reason: str) -> None:
    """Pause every announcement that is being sent."""
    # In their order: then no two transactions wait for each other.
    open_ids = (
        select(announcements.c.id)
        .where(announcements.c.state == AnnouncementState.OPEN.value)
        .order_by(announcements.c.id)
        .with_for_update()
    )
    for announcement_id in connection.scalars(open_ids).all():
        pause_if_open(connection, announcement_id, reason=reason)


def reopen(connection: Connection, *, reason: str) -> None:
    """Let the announcements go on that have paused themselves for this reason."""
    connection.execute(
        update(announcements)
        .where(
            announcements.c.state == AnnouncementState.PAUSED.value, announcements.c.pause_reason == reason
        )
        .values(state=AnnouncementState.OPEN.value, pause_reason=None)
    )


def set_audience(connection: Connection, announcement_id: int, *, audience: int, at: datetime) -> None:
    """Record how many recipients the fan-out has found."""
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id)
        .values(fanned_out_at=at, audience=audience)
    )


def enlarge_audience(connection: Connection, announcement_id: int, *, audience: int) -> None:
    """Record a larger audience: users came back who belong to it."""
    connection.execute(
        update(announcements).where(announcements.c.id == announcement_id).values(audience=audience)
    )


def note_rebuilt(connection: Connection, announcement_id: int, *, at: datetime) -> None:
    """Record that a recovery has made the announcement again, or frozen its audience."""
    connection.execute(
        update(announcements).where(announcements.c.id == announcement_id).values(rebuilt_at=at)
    )


def set_complaints_at_release(connection: Connection, announcement_id: int, number: int) -> None:
    """Record how many had complained when the operator released it: those do not pause it again."""
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id)
        .values(complaints_at_release=number)
    )


def replace_words(connection: Connection, announcement_id: int, *, column: str, words: str) -> None:
    """Put other words in the place of a provider's, which quoted an erased email address."""
    connection.execute(
        update(announcements).where(announcements.c.id == announcement_id).values({column: words})
    )
