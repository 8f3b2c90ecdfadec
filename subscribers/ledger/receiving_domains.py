"""Pauses and limits for a receiving domain, such as gmail.com, while the others go on.

If a domain refuses us several times in a row while another one accepts, it is that domain that rejects us: it
is paused, longer each time, and its recipients wait. If no other domain accepts, the refusals count for the
announcement as a whole: see :mod:`subscribers.ledger.refusals`.

The only module that writes the table ``receiving_domains``. For use inside a caller's transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from subscribers.ledger import batch_rows
from subscribers.ledger.domain_limits import DomainLimit, DomainLimits, limit_of
from subscribers.ledger.next_batches import is_due
from subscribers.model import (
    AttemptState,
    BatchState,
    Outcome,
    announcements,
    attempts,
    batches,
    deliveries,
    receiving_domains,
    users,
)
from subscribers.transports.status_codes import Fault, fault_of

IN_A_ROW = 3  # fewer than pause the announcement as a whole
REFUSED_FIRST = timedelta(minutes=15)  # doubled each time
BUSY_FIRST = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=4)
GIVEN_UP_AFTER = timedelta(days=5)  # RFC 5321, section 4.5.4.1: then refusals count against recipients again
LATELY = timedelta(minutes=10)
COMPARED = 20  # newest accepted messages
NEIGHBOURS = 2_000  # batches after one that is put off, among which others of its domain are put off too
BOUNCES = "bounces: "  # begins the reason of a pause because of them
FEWEST_BOUNCES = 10  # because of us; one recipient's own filter may refuse us too
JUDGED = 5_000  # newest accepted messages, of which those of the domain count
JUDGED_FOR = timedelta(hours=1)
FORGIVEN_AFTER = timedelta(days=1)  # without another pause
PUT_OFF = "receiving domain paused"
_ABOUT_SENDERS = re.compile(r"5\.(?!0\.0$)\d{1,3}\.\d{1,3}")
LIMITED = "limit of the receiving domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPause:
    """Until when a receiving domain gets nothing, and why: a code and its name."""

    domain: str
    until: datetime
    reason: str


def domain_of(address: str) -> str:
    """The domain of an email address, in small letters."""
    return address.rpartition("@")[2].lower()


def current_pauses(connection: Connection, transport: str, *, now: datetime) -> Sequence[DomainPause]:
    """The domains that get nothing at present."""
    rows = connection.execute(
        select(receiving_domains)
        .where(receiving_domains.c.transport == transport, receiving_domains.c.paused_until_at > now)
        .order_by(receiving_domains.c.domain)
    )
    return [
        DomainPause(domain=row.domain, until=row.paused_until_at, reason=row.reason or "") for row in rows
    ]


def put_off(
    connection: Connection, batch_id: int, transport: str, *, limits: DomainLimits, now: datetime
) -> bool:
    """Whether the batch has to wait for its domain; it is put off then, and so are its neighbours.

    If it need not wait, its place in the domain's limit is taken.
    """
    pauses = {pause.domain: pause.until for pause in current_pauses(connection, transport, now=now)}
    if not pauses and not limits:
        return False
    address = connection.scalars(
        select(users.c.email)
        .join(deliveries, deliveries.c.recipient_id == users.c.id)
        .where(deliveries.c.batch_id == batch_id, users.c.email.is_not(None))
    ).first()
    if address is None:
        return False
    domain = domain_of(address)
    if domain in pauses:
        those = _waiting_neighbours(connection, batch_id, domain, now=now)
        batch_rows.put_off(connection, those, retry_at=pauses[domain], reason=PUT_OFF)
        return True
    limit = limit_of(limits, domain)
    return limit is not None and _exceeds(connection, batch_id, transport, domain, limit, now=now)


def note_refusal(
    connection: Connection, address: str, transport: str, *, reason: str, first: timedelta, now: datetime
) -> datetime | None:
    """Count a refusal that is not about the recipient; return until when the domain is paused, if it is now.

    ``first`` is how long the first pause lasts.
    """
    domain = domain_of(address)
    row = _locked(connection, transport, domain)
    refused, since, pauses = row.refused + 1, row.first_refused_at or now, row.pauses
    values: dict[str, object] = {"refused": refused, "first_refused_at": since, "reason": reason}
    until = None
    if now - since < GIVEN_UP_AFTER and (
        pauses or (refused >= IN_A_ROW and _others_accept(connection, transport, domain, since=since))
    ):
        until = now + min(first * float(2 ** min(pauses, 20)), LONGEST_PAUSE)
        values |= {"pauses": pauses + 1, "paused_at": now, "paused_until_at": until}
    _set(connection, transport, domain, values)
    return until


def note_bounce(
    connection: Connection, address: str, transport: str, *, reason: str, now: datetime
) -> datetime | None:
    """Pause a domain if most messages that were accepted for it lately have bounced because of us.

    A server in between accepts everything, so that the domain's refusals come as bounces. An acceptance
    therefore does not end such a pause. Returns until when the domain is paused, if it is now.
    """
    domain = domain_of(address)
    newest = (
        select(attempts.c.batch_id)
        .where(
            attempts.c.state == AttemptState.ACCEPTED.value,
            attempts.c.claimed_at >= now - JUDGED_FOR,
            attempts.c.transport == transport,
            attempts.c.batch_id.is_not(None),
        )
        .order_by(attempts.c.claimed_at.desc())
        .limit(JUDGED)
        .subquery()
    )
    rows = connection.execute(
        select(deliveries.c.outcome, deliveries.c.detail)
        .join(newest, newest.c.batch_id == deliveries.c.batch_id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(has_domain(users.c.email, domain))
    ).all()
    ours = sum(row.outcome == Outcome.BOUNCED.value and is_ours(row.detail or "") for row in rows)
    if ours < FEWEST_BOUNCES or 2 * ours < len(rows):
        return None
    row = _locked(connection, transport, domain)
    if row.paused_until_at is not None and row.paused_until_at > now:
        return None
    is_forgiven = row.paused_until_at is not None and now - row.paused_until_at > FORGIVEN_AFTER
    pauses = 0 if is_forgiven else row.pauses
    until: datetime = now + min(REFUSED_FIRST * float(2 ** min(pauses, 20)), LONGEST_PAUSE)
    values = {
        "refused": row.refused + 1,
        "first_refused_at": row.first_refused_at or now,
        "pauses": pauses + 1,
        "paused_at": now,
        "paused_until_at": until,
        "reason": f"{BOUNCES}{reason}"[:80],
    }
    _set(connection, transport, domain, values)
    return until


def is_ours(words: str) -> bool:
    """Whether a bounce with these words, which begin with a status code, is or may be about the sender."""
    status = words.partition(" ")[0]
    return fault_of(status) in {Fault.SENDER, Fault.UNCLEAR} and bool(_ABOUT_SENDERS.fullmatch(status))


def is_failing(connection: Connection, transport: str) -> bool:
    """Whether any domain has refused us since it last accepted a message."""
    failing = select(receiving_domains.c.domain).where(
        receiving_domains.c.transport == transport, receiving_domains.c.refused > 0
    )
    return connection.scalars(failing.limit(1)).first() is not None


def note_acceptance(connection: Connection, address: str, transport: str) -> None:
    """Forget the refusals of a domain that has accepted a message."""
    by_bounces = receiving_domains.c.reason.startswith(BOUNCES)
    _forget(connection, *_row(transport, domain_of(address)), ~func.coalesce(by_bounces, False))


def forget_refusals(connection: Connection) -> None:
    """Let every domain be tried at once, as an operator wants it."""
    _forget(connection)


def has_domain(address: ColumnElement[str | None], domain: str) -> ColumnElement[bool]:
    """Whether an email address is at this domain."""
    return func.lower(address).endswith(f"@{domain}", autoescape=True)


def _exceeds(
    connection: Connection, batch_id: int, transport: str, domain: str, limit: DomainLimit, *, now: datetime
) -> bool:
    """Whether the domain's limit is used up for now; the batch then gets the next free moment."""
    row = _locked(connection, transport, domain)
    if limit.at_once is not None:
        under_way = (
            select(func.count())
            .select_from(batches)
            .join(deliveries, deliveries.c.batch_id == batches.c.id)
            .join(users, users.c.id == deliveries.c.recipient_id)
            .where(
                batches.c.announcement_id.in_(select(announcements.c.id)),  # so that the index is used
                batches.c.state == BatchState.CLAIMED.value,
                has_domain(users.c.email, domain),
            )
        )
        if connection.scalars(under_way).one() >= limit.at_once:
            batch_rows.put_off(connection, [batch_id], retry_at=now + timedelta(seconds=1), reason=LIMITED)
            return True
    if limit.hourly is None:
        return False
    gap = timedelta(hours=1) / limit.hourly
    if row.limited_until_at is not None and row.limited_until_at > now:
        # Each waiting batch gets a moment of its own, so that it need not be put off again.
        moment = max(row.next_moment_at or row.limited_until_at, row.limited_until_at)
        batch_rows.put_off(connection, [batch_id], retry_at=moment, reason=LIMITED)
        _set(connection, transport, domain, {"next_moment_at": moment + gap})
        return True
    # A moment that was used late does not move the next one.
    last = row.limited_until_at
    _set(
        connection,
        transport,
        domain,
        {"limited_until_at": last + gap if last is not None and now - last < gap else now + gap},
    )
    return False


def _others_accept(connection: Connection, transport: str, domain: str, *, since: datetime) -> bool:
    """Whether another domain has accepted a message lately, and since the last pause of any other domain."""
    paused_at: datetime | None = connection.scalars(
        select(func.max(receiving_domains.c.paused_at)).where(
            receiving_domains.c.transport == transport,
            receiving_domains.c.domain != domain,
            receiving_domains.c.refused > 0,
        )
    ).one()
    accepted = (
        select(attempts.c.claimed_at, users.c.email)
        .join(deliveries, deliveries.c.batch_id == attempts.c.batch_id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(attempts.c.state == AttemptState.ACCEPTED.value, attempts.c.transport == transport)
        .order_by(attempts.c.claimed_at.desc())
        .limit(COMPARED)
    )
    return any(
        claimed_at >= since - LATELY
        and (paused_at is None or claimed_at > paused_at)
        and email is not None
        and domain_of(email) != domain
        for claimed_at, email in connection.execute(accepted)
    )


def _waiting_neighbours(
    connection: Connection, batch_id: int, domain: str, *, now: datetime
) -> Sequence[int]:
    """The batch, and the next ones of its announcement that would be tried now for the same domain.

    They are locked, except those that another worker has locked.
    """
    own = select(batches.c.announcement_id).where(batches.c.id == batch_id).scalar_subquery()
    return connection.scalars(
        select(batches.c.id)
        .join(deliveries, deliveries.c.batch_id == batches.c.id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(
            batches.c.id.between(batch_id, batch_id + NEIGHBOURS),
            batches.c.announcement_id == own,
            is_due(now),
            has_domain(users.c.email, domain),
        )
        .order_by(batches.c.id)
        .with_for_update(of=batches, skip_locked=True)
    ).all()


def _row(transport: str, domain: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (receiving_domains.c.transport == transport, receiving_domains.c.domain == domain)


def _locked(connection: Connection, transport: str, domain: str) -> Row[Any]:
    """The domain's row, made if there is none; other transactions that ask for it wait."""
    wanted = select(receiving_domains).where(*_row(transport, domain)).with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        with suppress(IntegrityError), connection.begin_nested():  # another worker may make it first
            connection.execute(insert(receiving_domains).values(transport=transport, domain=domain))
        row = connection.execute(wanted).one()
    return row


def _set(connection: Connection, transport: str, domain: str, values: Mapping[str, object]) -> None:
    connection.execute(update(receiving_domains).where(*_row(transport, domain)).values(values))


def _forget(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Forget refusals; the places in a limit stay."""
    connection.execute(
        update(receiving_domains)
        .where(receiving_domains.c.refused > 0, *which)
        .values(refused=0, pauses=0, first_refused_at=None, paused_at=None, paused_until_at=None, reason=None)
    )
