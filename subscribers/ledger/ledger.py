"""The only owner of delivery state: what was intended, what is known of it, and what may be tried again.

Each method is one short transaction, and none is open while the network is used. A batch goes
``planned → claimed → accepted``, or to ``unknown`` when its request may have been written and nothing is
known of it. Whether a mail goes out twice is decided here and nowhere else: a batch leaves ``unknown`` by
evidence, or by a person's word, never by time alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, or_, select, update

from subscribers.clock import clock_of
from subscribers.database import reading, writing
from subscribers.errors import NotifyError
from subscribers.ledger import batch_rows, provider_pause, refusals, shared_addresses, unanswered
from subscribers.ledger.fan_out import freeze_audience
from subscribers.ledger.hourly_limit import NO_LIMIT, HourlyLimit, days_with_mail, most_in_a_batch, time_for
from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.unknown_batches import UnknownBatch, unknown_batches
from subscribers.messages.message import Message
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    BatchState,
    Exclusion,
    announcements,
    attempts,
    batches,
    contents,
    deliveries,
    users,
)
from subscribers.transports import RefusedError, Transport, UnclearRefusalError
from subscribers.users.pseudonyms import commit_addresses

LEASE = timedelta(seconds=45)  # renewed while the answer is waited for; a dead worker is known in a minute
# A server that defers a mail wants it tried for four to five days (RFC 5321, section 4.5.4.1).
DEFERRALS = 30
LONGEST_DEFERRAL = timedelta(hours=4)
FEW_AHEAD = 10  # batches to try, where the pace will let hardly more than one through


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt at a batch that nobody else may try: who gets what, under which token."""

    batch_id: int
    token: str
    claimed_at: datetime
    publication: str
    message: Message
    recipients: tuple[tuple[str, str], ...]  # delivery id, address


class NotUnconfirmedError(NotifyError):
    """No batch of that number is in doubt."""


class Ledger:
    """Delivery state in one database; any number of processes may hold one of these.

    Without ``now`` all of them go by one clock, the database's, so that a lease ends for all at once.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        now: Callable[[], datetime] | None = None,
        lease: timedelta = LEASE,
        hourly_limit: HourlyLimit = NO_LIMIT,
    ) -> None:
        self.engine = engine
        self.now = now or clock_of(engine)
        self.lease = lease
        self.hourly_limit = hourly_limit
        self._days: tuple[date, int] | None = None  # today, and days with mail before it

    # What there is to do.

    def fan_out(self, *, batch_limit: int) -> int | None:
        """Freeze the audience of the announcement whose turn has come; its id, None when it is not to be."""
        with writing(self.engine) as connection:
            turn = batch_rows.turn(connection)
            if turn is None:
                return None
            state, fanned_out_at = connection.execute(
                select(announcements.c.state, announcements.c.fanned_out_at)
                .where(announcements.c.id == turn)
                .with_for_update()
            ).one()
            if state != AnnouncementState.OPEN or fanned_out_at is not None:
                return None
            freeze_audience(connection, turn, batch_limit=batch_limit, now=self.now())
            return turn

    def sendable(self, transport: Transport, *, limit: int = 100) -> Sequence[int]:
        """The batches that may be claimed now, in their order; none while the provider asks for a pause."""
        with reading(self.engine) as connection:
            if provider_pause.current_pause(connection, transport.name, now=self.now()) is not None:
                return []
            turn = batch_rows.turn(connection)
            limit = min(limit, FEW_AHEAD) if self.hourly_limit.is_limited else limit
            due = (
                select(batches.c.id)
                .join(announcements, announcements.c.id == batches.c.announcement_id)
                .where(announcements.c.state == AnnouncementState.OPEN.value, *self._is_due())
                .order_by(batches.c.id)
                .limit(limit)
            )
            again = due.where(batches.c.retry_at.is_not(None))
            if turn is None:
                return connection.scalars(again).all()
            # Apart, since the few to be tried again are not worth sorting all that wait by their number.
            earlier = connection.scalars(again.where(announcements.c.id < turn)).all()
            return [*earlier, *connection.scalars(due.where(batches.c.announcement_id == turn))][:limit]

    def next_chance(self, transport: Transport) -> datetime | None:
        """When something may become sendable that is not so now; None when nothing will by itself."""
        with reading(self.engine) as connection:
            turn = batch_rows.turn(connection)
            leases = select(batches.c.lease_until_at).where(batches.c.state == BatchState.CLAIMED.value)
            chances = [*connection.scalars(leases)]
            closed = provider_pause.current_pause(connection, transport.name, now=self.now())
            retries = (
                select(func.min(func.coalesce(batches.c.retry_at, self.now())))
                .join(announcements, announcements.c.id == batches.c.announcement_id)
                .where(
                    batches.c.state == BatchState.PLANNED.value,
                    announcements.c.state == AnnouncementState.OPEN.value,
                    *((announcements.c.id <= turn,) if turn is not None else ()),
                )
            )
            retry = connection.scalars(retries).one()
            if retry is not None:
                chances.append(max(retry, closed.until) if closed else retry)
            return min(chances, default=None)

    # One batch.

    def claim(self, batch_id: int, transport: Transport) -> Claim | None:
        """Take the batch for this process alone, until the lease ends; None when it is not to be had."""
        now = self.now()
        with writing(self.engine) as connection:
            hourly = self._hourly(connection, transport)
            if hourly is not None:
                batch_rows.lock(connection)
            if provider_pause.current_pause(connection, transport.name, now=now) is not None:
                return None
            due = connection.execute(
                select(batches.c.size, announcements.c.versions_sha256)
                .join(announcements, announcements.c.id == batches.c.announcement_id)
                .where(
                    batches.c.id == batch_id,
                    announcements.c.state == AnnouncementState.OPEN.value,
                    *self._is_due(),
                )
                .with_for_update(of=batches, skip_locked=True)
            ).one_or_none()
            if due is None:
                return None
            limit = min(transport.batch_limit, most_in_a_batch(hourly)) if hourly else transport.batch_limit
            if due.size > limit:
                batch_rows.split(connection, batch_id, part=limit)
                return None
            shared_addresses.part_ways(connection, batch_id)
            if batch_rows.exclude_hindered(connection, batch_id) == 0:
                return None
            if shared_addresses.come_together(connection, batch_id) == 0:
                return None
            token = secrets.token_hex(16)
            recipients = _recipients(connection, batch_id)
            connection.execute(
                insert(attempts).values(
                    token=token,
                    batch_id=batch_id,
                    transport=transport.name,
                    state=AttemptState.CLAIMED.value,
                    claimed_at=now,
                    commitments=commit_addresses(recipients, due.versions_sha256),
                )
            )
            connection.execute(
                update(batches)
                .where(batches.c.id == batch_id)
                .values(
                    state=BatchState.CLAIMED.value,
                    token=token,
                    lease_until_at=now + self.lease,
                    attempts=batches.c.attempts + 1,
                    retry_at=None,
                )
            )
            if hourly is not None:
                until = now + time_for(len(recipients), hourly)
                provider_pause.pause_for_hourly_limit(connection, transport.name, until=until)
            return _claim(connection, batch_id, recipients, token=token, claimed_at=now)

    def intend(self, claim: Claim, *, request_sha256: str) -> bool:
        """Make it durable that the request may be written from now on; renew the lease.

        False when the claim was lost: then nothing may be written.
        """
        with writing(self.engine) as connection:
            held = connection.execute(
                update(batches)
                .where(
                    batches.c.id == claim.batch_id,
                    batches.c.token == claim.token,
                    batches.c.state == BatchState.CLAIMED.value,
                )
                .values(lease_until_at=self.now() + self.lease)
            ).rowcount
            if held:
                batch_rows.note(connection, claim.token, AttemptState.INTENDED, request_sha256=request_sha256)
            return held == 1

    def renew(self, claim: Claim) -> bool:
        """Let the lease begin anew while the answer is waited for; False when the claim was lost."""
        with writing(self.engine) as connection:
            return (
                connection.execute(
                    update(batches)
                    .where(
                        batches.c.id == claim.batch_id,
                        batches.c.token == claim.token,
                        batches.c.state == BatchState.CLAIMED.value,
                    )
                    .values(lease_until_at=self.now() + self.lease)
                ).rowcount
                == 1
            )

    def accept(self, token: str, *, provider_id: str | None) -> None:
        """The provider has taken the attempt's request; by its answer or by evidence, early or late."""
        with writing(self.engine) as connection:
            batch_rows.settle_accepted(connection, token, provider_id=provider_id, now=self.now())

    def refuse(self, claim: Claim, transport: Transport, error: RefusedError) -> None:
        """The provider refuses a recipient for good: halve the batch, or reject the one who is left."""
        with writing(self.engine) as connection:
            if not self._ended(connection, claim, AttemptState.REFUSED, str(error)):
                return
            if self._halved(connection, claim):
                return
            [(_, address)] = claim.recipients
            refusals.reject(
                connection,
                claim.batch_id,
                detail=str(error),
                reason=error.reason,
                refused_at=self.now(),
                unreachable=address if error.unreachable else None,
            )
            refusals.pause_if_ours(connection, claim.batch_id, transport.name, detail=str(error))

    def set_aside(self, claim: Claim, transport: Transport, error: UnclearRefusalError) -> None:
        """Refused, and nobody knows for whose sake: halve the batch, or let the one who is left wait."""
        with writing(self.engine) as connection:
            if not self._ended(connection, claim, AttemptState.REFUSED, str(error)):
                return
            if self._halved(connection, claim):
                return
            refusals.set_aside(
                connection, claim.batch_id, detail=str(error), reason=error.reason, now=self.now()
            )
            refusals.pause_if_ours(
                connection, claim.batch_id, transport.name, detail=str(error), ours=error.ours
            )

    def exclude_unsupported(self, claim: Claim, detail: str) -> None:
        """Exclude those whose email addresses cannot be carried; the others of the batch wait as before."""
        with writing(self.engine) as connection:
            if not self._ended(connection, claim, AttemptState.UNSENT, detail):
                return
            ids = [int(delivery.partition("-")[2]) for delivery, to in claim.recipients if not to.isascii()]
            batch_rows.plan(connection, claim.batch_id)
            those = deliveries.c.recipient_id.in_(ids)
            batch_rows.exclude(connection, claim.batch_id, those, Exclusion.UNSUPPORTED.value)

    def defer(self, claim: Claim, detail: str, *, reason: str) -> None:
        """The provider did not take the request now; try it later, for days, then give up."""
        with writing(self.engine) as connection:
            if not self._ended(connection, claim, AttemptState.UNSENT, detail):
                return
            tried: int = connection.scalars(
                select(batches.c.attempts).where(batches.c.id == claim.batch_id)
            ).one()
            if tried >= DEFERRALS:
                refusals.reject(connection, claim.batch_id, detail=detail, reason=reason)
            else:
                connection.execute(
                    update(batches)
                    .where(batches.c.id == claim.batch_id)
                    .values(reason=reason, refused_at=None)
                )
                wait = min(timedelta(minutes=2) * 2 ** (tried - 1), LONGEST_DEFERRAL)
                batch_rows.plan(connection, claim.batch_id, retry_at=self.now() + wait)

    def put_back(self, claim: Claim, detail: str) -> None:
        """The request was surely not written: the batch waits as before."""
        with writing(self.engine) as connection:
            if self._ended(connection, claim, AttemptState.UNSENT, detail):
                batch_rows.plan(connection, claim.batch_id)

    def mark_unknown(self, claim: Claim, detail: str) -> None:
        """The request may have been accepted: nobody tries it again until that is known."""
        with writing(self.engine) as connection:
            if self._ended(connection, claim, AttemptState.UNKNOWN, detail):
                batch_rows.mark_unknown(connection, claim.batch_id, claim.token, detail=detail)
                unanswered.pause_if_in_a_row(connection, claim.batch_id, detail)

    # What others left behind.

    def expire(self, *, repeatable: Transport | None = None) -> int:
        """Sort the batches whose lease has ended; how many.

        One without an intent was not written and waits again, and so does one of a ``repeatable`` transport.
        Any other is in doubt from now on.
        """
        with writing(self.engine) as connection:
            ended = connection.execute(
                select(batches.c.id, batches.c.token, attempts.c.state, attempts.c.transport)
                .join(attempts, attempts.c.token == batches.c.token)
                .where(batches.c.state == BatchState.CLAIMED.value, batches.c.lease_until_at < self.now())
                .with_for_update(of=batches, skip_locked=True)
            ).all()
            for batch_id, token, state, transport in ended:
                harmless = repeatable is not None and transport == repeatable.name
                if state == AttemptState.CLAIMED or harmless:
                    batch_rows.release(connection, batch_id, token, detail="the worker was lost")
                else:
                    batch_rows.mark_unknown(connection, batch_id, token, detail="the worker was lost")
            return len(ended)

    def unknown_batches(self) -> Sequence[UnknownBatch]:
        """The batches in doubt, oldest first."""
        with reading(self.engine) as connection:
            return unknown_batches(connection)

    def resolve(self, batch_id: int, *, sent: bool) -> None:
        """Settle a doubt by a person's word."""
        with writing(self.engine) as connection:
            token: str | None = connection.scalars(
                select(batches.c.token)
                .where(batches.c.id == batch_id, batches.c.state == BatchState.UNKNOWN.value)
                .with_for_update()
            ).one_or_none()
            if token is None:
                raise NotUnconfirmedError(
                    f"batch {batch_id}: is not in doubt; policy-notify status lists those that are"
                )
            if sent:
                batch_rows.settle_accepted(
                    connection, token, provider_id=None, now=self.now(), detail="by a person"
                )
            else:
                batch_rows.release(connection, batch_id, token, detail="unsent, by a person")

    # The provider as a whole.

    def pause_provider(
        self, transport: Transport, *, detail: str, first: timedelta, asked: float | None = None
    ) -> None:
        """Let nobody call it for the seconds it ``asked``, else for ``first``, doubled at each failure."""
        with writing(self.engine) as connection:
            provider_pause.pause_provider(
                connection, transport.name, now=self.now(), detail=detail, first=first, asked=asked
            )

    def slow_provider_down(self, transport: Transport, *, detail: str, first: timedelta) -> None:
        """Pause it as ``pause_provider`` does, once it has wanted less several times in a row."""
        with writing(self.engine) as connection:
            provider_pause.slow_down(connection, transport.name, now=self.now(), detail=detail, first=first)

    def provider_pause(self, transport: Transport) -> ProviderPause | None:
        """Why nobody may call the provider at present; None if it may be called."""
        with reading(self.engine) as connection:
            return provider_pause.current_pause(connection, transport.name, now=self.now())

    def end_provider_pause(self, transport: Transport) -> None:
        """Forget the provider's failures: it has answered well."""
        with reading(self.engine) as connection:
            if not provider_pause.has_failed(connection, transport.name):
                return
        with writing(self.engine) as connection:
            provider_pause.end_pause(connection, transport.name)

    def _hourly(self, connection: Connection, transport: Transport) -> int | None:
        """Recipients in an hour today; None without a pace."""
        if not self.hourly_limit.is_limited:
            return None
        today = self.now().date()
        if self._days is None or self._days[0] != today:
            self._days = today, days_with_mail(connection, transport.name, now=self.now())
        return self.hourly_limit.on_day(self._days[1])

    def _is_due(self) -> tuple[ColumnElement[bool], ...]:
        return (
            batches.c.state == BatchState.PLANNED.value,
            or_(batches.c.retry_at.is_(None), batches.c.retry_at <= self.now()),
        )

    def _ended(self, connection: Connection, claim: Claim, state: AttemptState, detail: str) -> bool:
        """Note how the attempt ended; whether the batch still is this attempt's."""
        own = connection.scalars(
            select(batches.c.id)
            .where(
                batches.c.id == claim.batch_id,
                batches.c.token == claim.token,
                batches.c.state.in_([BatchState.CLAIMED.value, BatchState.UNKNOWN.value]),
            )
            .with_for_update()
        ).one_or_none()
        if own is not None:
            batch_rows.note(connection, claim.token, state, detail=detail, ended_at=self.now())
        return own is not None

    def _halved(self, connection: Connection, claim: Claim) -> bool:
        """Whether the batch had several recipients; then each half is tried by itself."""
        if len(claim.recipients) == 1:
            return False
        batch_rows.plan(connection, claim.batch_id)
        if batch_rows.size_of(connection, claim.batch_id) > 1:
            batch_rows.split(connection, claim.batch_id, part=(len(claim.recipients) + 1) // 2)
        return True


def _recipients(connection: Connection, batch_id: int) -> Sequence[tuple[int, str, bytes]]:
    """Id, address and pseudonym key of each."""
    rows = connection.execute(
        select(deliveries.c.recipient_id, users.c.email, users.c.pseudonym_key)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(deliveries.c.batch_id == batch_id)
        .order_by(deliveries.c.recipient_id)
    )
    return [(person, address, key) for person, address, key in rows]


def _claim(
    connection: Connection,
    batch_id: int,
    recipients: Sequence[tuple[int, str, bytes]],
    *,
    token: str,
    claimed_at: datetime,
) -> Claim:
    row = connection.execute(
        select(
            batches.c.announcement_id,
            announcements.c.versions_sha256,
            contents.c.message_language,
            contents.c.subject,
            contents.c.text,
            contents.c.html,
        )
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .join(
            contents,
            and_(
                contents.c.announcement_id == batches.c.announcement_id,
                contents.c.language == batches.c.language,
                contents.c.last_notified_id == batches.c.last_notified_id,
            ),
        )
        .where(batches.c.id == batch_id)
    ).one()
    return Claim(
        batch_id=batch_id,
        token=token,
        claimed_at=claimed_at,
        publication=row.versions_sha256[:16],
        message=Message(language=row.message_language, subject=row.subject, text=row.text, html=row.html),
        recipients=tuple((f"{row.announcement_id}-{person}", address) for person, address, _ in recipients),
    )
