"""Who can be told by mail, and who cannot; read only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Select, func, literal, null, select, union_all

from subscribers.database import reading
from subscribers.model import Exclusion, announcements, deliveries, users

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachablePerson:
    """A registered account that no mail reaches until its address is corrected."""

    external_id: str
    reason: str
    since: datetime


def unreachable(engine: Engine) -> Iterator[UnreachablePerson]:
    """Everybody registered whom no mail reaches, by external id; memory does not grow with their number."""
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
            if email is None or not email.isascii():  # else it was corrected since
                yield UnreachablePerson(external_id=external_id, reason=reason, since=since)


def _unsupported() -> Select[str, str, datetime, str]:
    """Whose email address the transport could not carry in the newest announcement."""
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
    """How many accounts are registered at present."""
    registered = select(func.count()).where(users.c.erased_at.is_(None), users.c.left_at.is_(None))
    with reading(engine) as connection:
        return connection.execute(registered).scalar_one()
