"""Lists the users whom no email reaches, and counts the registered ones. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, func, literal, null, select, union_all

from subscribers.database import reading
from subscribers.model import Exclusion, announcements, deliveries, users

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachableUser:
    """A registered account that no email reaches until its address is corrected."""

    external_id: str
    reason: str
    since: datetime


def unreachable(engine: Engine) -> Iterator[UnreachableUser]:
    """The registered accounts that no email reaches, by external id. Memory does not grow with them."""
    marked = select(
        users.c.external_id,
        users.c.unreachable.label("reason"),
        users.c.unreachable_at.label("since"),
        null().label("email"),
    ).where(users.c.unreachable.is_not(None), users.c.erased_at.is_(None), users.c.left_at.is_(None))
    both = union_all(marked, _unsupported()).subquery()
    wanted = select(both).order_by(both.c.external_id).execution_options(yield_per=ROWS_AT_A_TIME)
    with reading(engine) as connection:
        for external_id, reason, since, email in connection.execute(wanted):
            if email is None or not email.isascii():  # otherwise the address was corrected since
                yield UnreachableUser(external_id=external_id, reason=reason, since=since)


def _unsupported() -> Select[str, str, datetime, str]:
    """Accounts whose email address the transport could not carry in the newest announcement."""
    newest = select(func.max(announcements.c.id)).where(announcements.c.audience > 0).scalar_subquery()
    return (
        select(
            users.c.external_id,
            literal(Exclusion.UNSUPPORTED.value).label("reason"),
            announcements.c.fanned_out_at.label("since"),
            users.c.email,
        )
        .join(deliveries, deliveries.c.recipient_id == users.c.id)
        .join(announcements, announcements.c.id == deliveries.c.announcement_id)
        .where(
            deliveries.c.announcement_id == newest,
            deliveries.c.exclusion == Exclusion.UNSUPPORTED.value,
            users.c.unreachable.is_(None),
            users.c.erased_at.is_(None),
            users.c.left_at.is_(None),
        )
    )


def count_registered(engine: Engine) -> int:
    """The number of registered accounts."""
    registered = select(func.count()).where(users.c.erased_at.is_(None), users.c.left_at.is_(None))
    with reading(engine) as connection:
        return connection.execute(registered).scalar_one()
