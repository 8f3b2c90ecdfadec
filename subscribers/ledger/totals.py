"""The totals of every announcement: its audience, and how many recipients are in which state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, case, func, or_, select

from subscribers.database import reading
from subscribers.ledger.batch_rows import WAITING
from subscribers.ledger.refusals import is_set_aside
from subscribers.model import (
    AnnouncementState,
    BatchState,
    announced_versions,
    announcements,
    attempts,
    batches,
    deliveries,
)

FOLDER = "folder"  # the transport that writes files


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The totals of one announcement: ``audience`` is always the sum of the other five.

    ``excluded`` is by reason. Before the fan-out the audience is empty.
    """

    audience: int
    accepted: int
    excluded: Mapping[str, int]
    rejected: int
    unknown: int
    waiting: int

    @property
    def are_balanced(self) -> bool:
        """Whether the totals add up; if they do not, that is a bug."""
        parts = (self.accepted, *self.excluded.values(), self.rejected, self.unknown, self.waiting)
        return self.audience == sum(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementStatus:
    """An announcement, what the operator wants of it and how far it has got.

    ``rejected``, ``set_aside`` and ``put_off`` count recipients by reason. Those set aside were refused for
    an unclear reason, those put off are to be tried later at the server's request; both are among the
    waiting. ``written`` counts the accepted messages that were only written to a folder.
    """

    announcement_id: int
    state: AnnouncementState
    made_at: datetime
    site_url: str
    commit: str
    labels: Mapping[str, str]
    pause_reason: str | None
    fanned_out_at: datetime | None
    totals: Totals
    rejected: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, int] = field(default_factory=dict)
    put_off: Mapping[str, int] = field(default_factory=dict)
    written: int = 0

    @property
    def under_way(self) -> int:
        """How many recipients wait for anything but the time of their next attempt."""
        return self.totals.waiting - sum(self.set_aside.values()) - sum(self.put_off.values())

    @property
    def is_complete(self) -> bool:
        """Whether no recipient is waiting and none is unknown."""
        return self.fanned_out_at is not None and not self.totals.waiting and not self.totals.unknown

    @property
    def is_settled(self) -> bool:
        """Whether it is finished: complete, or cancelled before it began."""
        return self.is_complete or (self.state == AnnouncementState.CANCELLED and self.fanned_out_at is None)


def statuses(engine: Engine) -> Sequence[AnnouncementStatus]:
    """Every announcement, newest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(announcements).order_by(announcements.c.id.desc())).all()
        return [
            AnnouncementStatus(
                announcement_id=row.id,
                state=AnnouncementState(row.state),
                made_at=row.made_at,
                site_url=row.site_url,
                commit=row.commit,
                labels=_labels(connection, row.id),
                pause_reason=row.pause_reason,
                fanned_out_at=row.fanned_out_at,
                totals=_totals(connection, row.id, audience=row.audience or 0),
                written=_written(connection, row.id),
                **_reasons(connection, row.id),
            )
            for row in rows
        ]


def outcomes(engine: Engine) -> Mapping[int, Mapping[str, int]]:
    """By announcement, how many deliveries have which outcome by the provider's signed events."""
    counted: dict[int, dict[str, int]] = {}
    with reading(engine) as connection:
        for announcement_id, outcome, number in connection.execute(
            select(deliveries.c.announcement_id, deliveries.c.outcome, func.count())
            .where(deliveries.c.outcome.is_not(None))
            .group_by(deliveries.c.announcement_id, deliveries.c.outcome)
        ):
            counted.setdefault(announcement_id, {})[outcome] = number
    return counted


def audit(engine: Engine) -> Sequence[str]:
    """Errors in the totals, found by counting every single delivery; empty unless there is a bug."""
    problems = [
        f"announcement {status.announcement_id}: {status.totals}"
        for status in statuses(engine)
        if not status.totals.are_balanced
    ]
    with reading(engine) as connection:
        counted = select(deliveries.c.announcement_id, func.count().label("number")).group_by(
            deliveries.c.announcement_id
        )
        present = {row.announcement_id: row.number for row in connection.execute(counted)}
        frozen = connection.execute(
            select(announcements.c.id, announcements.c.audience).where(announcements.c.audience.is_not(None))
        )
        problems += [
            f"announcement {announcement_id}: audience {number}, deliveries {present.get(announcement_id, 0)}"
            for announcement_id, number in frozen
            if number != present.get(announcement_id, 0)
        ]
        held = (
            select(deliveries.c.batch_id, func.count().label("number"))
            .where(deliveries.c.batch_id.is_not(None))
            .group_by(deliveries.c.batch_id)
            .subquery()
        )
        sizes = connection.execute(
            select(batches.c.id, batches.c.size, func.coalesce(held.c.number, 0))
            .select_from(batches.outerjoin(held, held.c.batch_id == batches.c.id))
            .where(batches.c.size != func.coalesce(held.c.number, 0))
        )
        problems += [
            f"batch {batch_id}: size {size}, deliveries {number}" for batch_id, size, number in sizes
        ]
    return problems


def _labels(connection: Connection, announcement_id: int) -> dict[str, str]:
    rows = connection.execute(
        select(announced_versions.c.document, announced_versions.c.label).where(
            announced_versions.c.announcement_id == announcement_id
        )
    )
    return {row.document: row.label for row in rows}


def _written(connection: Connection, announcement_id: int) -> int:
    """How many messages were written to a folder instead of sent."""
    number: int | None = connection.scalars(
        select(func.sum(batches.c.size))
        .join(attempts, attempts.c.token == batches.c.token)
        .where(
            batches.c.announcement_id == announcement_id,
            batches.c.state == BatchState.ACCEPTED.value,
            attempts.c.transport == FOLDER,
        )
    ).one()
    return number or 0


def waiting_since(engine: Engine) -> datetime | None:
    """When the first of the recipients who still wait to be tried again was tried; None without any."""
    with reading(engine) as connection:
        first: datetime | None = connection.scalars(
            select(func.min(attempts.c.claimed_at))
            .join(batches, batches.c.id == attempts.c.batch_id)
            .join(announcements, announcements.c.id == batches.c.announcement_id)
            .where(
                announcements.c.state == AnnouncementState.OPEN.value,
                batches.c.state == BatchState.PLANNED.value,
                batches.c.retry_at.is_not(None),
            )
        ).one()
        return first


def set_aside_since(engine: Engine, moment: datetime) -> int:
    """How many recipients were set aside since that moment."""
    with reading(engine) as connection:
        number: int | None = connection.scalars(
            select(func.sum(batches.c.size)).where(is_set_aside(), batches.c.refused_at >= moment)
        ).one()
        return number or 0


def _reasons(connection: Connection, announcement_id: int) -> dict[str, dict[str, int]]:
    kind = case(
        (batches.c.state == BatchState.REJECTED.value, "rejected"),
        (is_set_aside(), "set_aside"),
        else_="put_off",
    ).label("kind")
    reason = func.coalesce(batches.c.reason, "refused").label("reason")
    rows = connection.execute(
        select(kind, reason, func.sum(batches.c.size))
        .where(
            batches.c.announcement_id == announcement_id,
            or_(
                batches.c.state == BatchState.REJECTED.value,
                and_(batches.c.state == BatchState.PLANNED.value, batches.c.retry_at.is_not(None)),
            ),
        )
        .group_by(kind, reason)
    )
    found: dict[str, dict[str, int]] = {}
    for name, why, number in rows:
        found.setdefault(name, {})[why] = number
    return found


def _totals(connection: Connection, announcement_id: int, *, audience: int) -> Totals:
    sizes: dict[str, int] = dict(
        connection.execute(
            select(batches.c.state, func.sum(batches.c.size))
            .where(batches.c.announcement_id == announcement_id)
            .group_by(batches.c.state)
        ).all()
    )
    excluded: dict[str, int] = dict(
        connection.execute(
            select(deliveries.c.exclusion, func.count())
            .where(deliveries.c.announcement_id == announcement_id, deliveries.c.exclusion.is_not(None))
            .group_by(deliveries.c.exclusion)
        ).all()
    )
    return Totals(
        audience=audience,
        accepted=sizes.get(BatchState.ACCEPTED, 0),
        excluded=excluded,
        rejected=sizes.get(BatchState.REJECTED, 0),
        unknown=sizes.get(BatchState.UNKNOWN, 0),
        waiting=sum(sizes.get(state, 0) for state in WAITING),
    )
