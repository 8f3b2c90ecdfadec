"""Marks email addresses as unreachable, by what providers say of them, and takes such marks back.

For use inside a caller's transaction. Marks set by an operator or a user are in
:mod:`subscribers.users.requests`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Select, exists, func, or_, update

from subscribers.high_water_mark.journal import REACHABLE, Kind, note
from subscribers.model import Unreachable, UserAction, user_records, users


def mark_refused(connection: Connection, email: str, *, at: datetime | None) -> None:
    """Mark every account with an email address that the server does not know, unless it is marked already."""
    marked = connection.scalars(
        update(users)
        .where(users.c.email == email, users.c.unreachable.is_(None))
        .values(unreachable=Unreachable.BOUNCED.value, unreachable_at=at)
        .returning(users.c.external_id)
    )
    note(connection, _named(marked), Kind.REACHABILITY, Unreachable.BOUNCED, at=at)


def take_back_refused(connection: Connection, emails: Select[str | None], *, at: datetime) -> None:
    """Take back the marks that a refusal at that moment has left on these email addresses."""
    taken_back = connection.scalars(
        update(users)
        .where(
            users.c.email.in_(emails),
            users.c.unreachable == Unreachable.BOUNCED.value,
            users.c.unreachable_at == at,
        )
        .values(unreachable=None, unreachable_at=None)
        .returning(users.c.external_id)
    )
    note(connection, _named(taken_back), Kind.REACHABILITY, REACHABLE)


def mark_reported(
    connection: Connection, user_id: int, *, email: str, reason: Unreachable, at: datetime
) -> None:
    """Mark a user as unreachable, as a signed event of that moment says.

    The mark is left out if the email address was corrected, or if somebody has marked the user as reachable
    since. A complaint replaces a bounce, and a bounce never replaces a complaint.
    """
    stronger = [Unreachable.COMPLAINED.value]
    if reason is Unreachable.BOUNCED:
        stronger.append(Unreachable.BOUNCED.value)
    marked = connection.scalars(
        update(users)
        .where(
            users.c.id == user_id,
            func.lower(users.c.email) == email.lower(),
            ~exists().where(
                user_records.c.user_id == users.c.id,
                user_records.c.action == UserAction.REACHABLE.value,
                user_records.c.at >= at,
            ),
            or_(users.c.unreachable.is_(None), users.c.unreachable.not_in(stronger)),
        )
        .values(unreachable=reason.value, unreachable_at=at)
        .returning(users.c.external_id)
    )
    note(connection, _named(marked), Kind.REACHABILITY, reason, at=at)


def _named(external_ids: Iterable[str | None]) -> list[str]:
    """Those that are known; an erased user has no external id."""
    return [external_id for external_id in external_ids if external_id is not None]
