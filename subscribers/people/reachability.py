"""Who can be told by mail, and who cannot; read only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from subscribers.database import reading
from subscribers.model import people

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachablePerson:
    """A registered account that no mail reaches until its address is corrected."""

    external_id: str
    reason: str
    since: datetime


def unreachable(engine: Engine) -> Iterator[UnreachablePerson]:
    """Everybody registered whom no mail reaches, by external id; memory does not grow with their number."""
    wanted = (
        select(people.c.external_id, people.c.unreachable, people.c.unreachable_at)
        .where(people.c.unreachable.is_not(None), people.c.erased_at.is_(None), people.c.left_at.is_(None))
        .order_by(people.c.external_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(wanted.execution_options(yield_per=ROWS_AT_A_TIME))
        for external_id, reason, since in rows:
            yield UnreachablePerson(external_id=external_id, reason=reason, since=since)


def count_registered(engine: Engine) -> int:
    """How many accounts are registered at present."""
    registered = select(func.count()).where(people.c.erased_at.is_(None), people.c.left_at.is_(None))
    with reading(engine) as connection:
        return connection.execute(registered).scalar_one()
