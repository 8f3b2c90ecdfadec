"""The ledger as the delivering processes use it: each method is one short transaction.

A batch goes ``planned → claimed → accepted``. It becomes ``unknown`` if its request may have been written and
no answer came. Whether a message goes out twice is decided in this package and nowhere else: a batch leaves
``unknown`` because of evidence or of what a person says, never because time has passed.

No transaction is open while the network is used. The other modules of this package do the work, as functions
that take a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, Engine

from subscribers.clock import clock_of
from subscribers.database import reading, writing
from subscribers.high_water_mark.chain import Link
from subscribers.high_water_mark.installation import read_installation
from subscribers.ledger import (
    answers,
    canary,
    claim,
    logged_messages,
    next_batches,
    provider_pause,
    receiving_domains,
    settle,
    unknown_batches,
)
from subscribers.ledger.claim import Claim
from subscribers.ledger.domain_limits import NO_DOMAIN_LIMITS, DomainLimits
from subscribers.ledger.fan_out import fan_out
from subscribers.ledger.hourly_limit import NO_LIMIT, HourlyLimit, days_with_mail
from subscribers.ledger.logged_messages import UnknownMessage
from subscribers.ledger.provider_pause import ProviderPause
from subscribers.ledger.receiving_domains import DomainPause
from subscribers.ledger.unknown_batches import NothingUnknownError, UnknownBatch
from subscribers.transports import RefusedError, Transport, UnclearRefusalError

LEASE = timedelta(seconds=45)  # renewed while an answer is awaited; a lost worker is noticed within a minute
FEW_AHEAD = 10  # batches offered at a time if the hourly limit lets hardly more than one through


class Mark(Protocol):
    """The high-water mark, as the ledger needs it."""

    def advance(self, link: Link) -> None:
        """Move the mark durably to a committed intent; raise MarkError if its request may not be written."""


class Ledger:
    """Delivery state in one database; any number of processes may each hold one of these.

    To send, each needs the database's high-water ``mark``. Without ``now`` they all use one clock, the
    database's, so that a lease ends for all of them at once.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        mark: Mark | None = None,
        now: Callable[[], datetime] | None = None,
        lease: timedelta = LEASE,
        hourly_limit: HourlyLimit = NO_LIMIT,
        domain_limits: DomainLimits = NO_DOMAIN_LIMITS,
    ) -> None:
        self.engine = engine
        self.mark = mark
        self.now = now or clock_of(engine)
        self.lease = lease
        self.hourly_limit = hourly_limit
        self.domain_limits = domain_limits
        self._days: tuple[date, int] | None = None  # today, and the days before it with accepted messages

    # The next announcement and the next batches.

    def fan_out(self, *, batch_limit: int) -> int | None:
        """Freeze the audience of the announcement whose turn it is; return its id, None without one."""
        with writing(self.engine) as connection:
            return fan_out(connection, batch_limit=batch_limit, now=self.now())

    def sendable(self, transport: Transport, *, limit: int = 100) -> Sequence[int]:
        """The batches that may be claimed now, in their order; none while the provider is paused."""
        if self.hourly_limit.is_limited:
            limit = min(limit, FEW_AHEAD)
        with reading(self.engine) as connection:
            return next_batches.sendable(connection, transport.name, now=self.now(), limit=limit)

    def next_chance(self, transport: Transport) -> datetime | None:
        """When a batch that cannot be sent now may become sendable; None if none will without a person."""
        with reading(self.engine) as connection:
            return next_batches.next_chance(connection, transport.name, now=self.now())

    # One attempt at a batch.

    def claim(self, batch_id: int, transport: Transport) -> Claim | None:
        """Reserve the batch for this process for the lease; return None if it cannot be claimed now."""
        with writing(self.engine) as connection:
            return claim.claim_batch(
                connection,
                batch_id,
                transport,
                now=self.now(),
                lease=self.lease,
                hourly=self._recipients_in_an_hour(connection, transport),
                domain_limits=self.domain_limits,
            )

    def intend(self, claimed: Claim, *, request_sha256: str) -> bool:
        """Record durably, also in the high-water mark, that the request may be written; renew the lease.

        Returns False if the claim was lost, and raises MarkError if the database is old: then nothing may be
        written.
        """
        with writing(self.engine) as connection:
            link = claim.intend(
                connection, claimed, request_sha256=request_sha256, now=self.now(), lease=self.lease
            )
        if link is None:
            return False
        self._follow(link)
        return True

    def renew(self, claimed: Claim) -> bool:
        """Renew the lease while the answer is awaited; return False if the claim was lost."""
        with writing(self.engine) as connection:
            return claim.renew(connection, claimed, now=self.now(), lease=self.lease)

    # The provider's answer to it, early or late.

    def accept(self, token: str, *, provider_id: str | None) -> None:
        """The provider has accepted the attempt's request."""
        with writing(self.engine) as connection:
            settle.accept(connection, token, provider_id=provider_id, now=self.now())

    def refuse(self, claimed: Claim, transport: Transport, error: RefusedError) -> None:
        """The provider refuses a recipient for good: halve the batch, or reject its only recipient."""
        with writing(self.engine) as connection:
            answers.refuse(connection, claimed, transport, error, now=self.now())

    def set_aside(self, claimed: Claim, transport: Transport, error: UnclearRefusalError) -> None:
        """The provider refuses for an unclear reason: halve the batch, or let its only recipient wait."""
        with writing(self.engine) as connection:
            answers.set_aside(connection, claimed, transport, error, now=self.now())

    def exclude_unsupported(self, claimed: Claim, detail: str) -> None:
        """Some email addresses cannot be carried: exclude those, and let the others wait as before."""
        with writing(self.engine) as connection:
            answers.exclude_unsupported(connection, claimed, detail, now=self.now())

    def defer(self, claimed: Claim, detail: str, *, reason: str) -> None:
        """The provider wants the request later: try again, at growing intervals, for days; then give up."""
        with writing(self.engine) as connection:
            answers.defer(connection, claimed, detail, reason=reason, now=self.now())

    def put_back(self, claimed: Claim, detail: str) -> None:
        """The request cannot have been written: the batch waits as before."""
        with writing(self.engine) as connection:
            answers.put_back(connection, claimed, detail, now=self.now())

    def mark_unknown(self, claimed: Claim, detail: str) -> None:
        """The request may have been accepted: nobody tries the batch again until that is known."""
        with writing(self.engine) as connection:
            answers.mark_unknown(connection, claimed, detail, now=self.now())

    # Unknown batches.

    def expire(self, *, repeatable: Transport | None = None) -> int:
        """Settle the claimed batches whose worker was lost; return how many.

        Batches of a ``repeatable`` transport wait again; of the others, those whose request may have been
        written become unknown.
        """
        with writing(self.engine) as connection:
            name = repeatable.name if repeatable is not None else None
            return unknown_batches.expire_leases(connection, repeatable=name, now=self.now())

    def unknown_batches(self) -> Sequence[UnknownBatch]:
        """The unknown batches, oldest first."""
        with reading(self.engine) as connection:
            return unknown_batches.unknown_batches(connection)

    def resolve(self, batch_id: int, *, sent: bool) -> None:
        """Settle an unknown batch as a person says."""
        with writing(self.engine) as connection:
            unknown_batches.resolve(connection, batch_id, sent=sent, now=self.now())

    def resolve_announcement(self, announcement_id: int, *, sent: bool) -> int:
        """Settle every unknown batch of an announcement as a person says; return the number of recipients."""
        with writing(self.engine) as connection:
            number = unknown_batches.resolve_all(connection, announcement_id, sent=sent, now=self.now())
        if number == 0:
            raise NothingUnknownError(announcement_id)
        return number

    # Unknown messages, and the log of the mail server.

    def unknown_messages(self, transport: Transport, *, domain: str) -> Sequence[UnknownMessage]:
        """The unknown messages of a transport that sends each by itself; ``domain`` is that of the sender."""
        with reading(self.engine) as connection:
            return logged_messages.unknown_messages(connection, transport.name, domain=domain)

    def accepted_message_ids(
        self, transport: Transport, *, domain: str, since: datetime, before: datetime, after: datetime
    ) -> tuple[Sequence[str], Sequence[str]]:
        """The Message-IDs of the last messages that the server accepted before, and of the first after."""
        with reading(self.engine) as connection:
            return logged_messages.accepted_message_ids(
                connection, transport.name, domain=domain, since=since, before=before, after=after
            )

    def accept_logged(self, message: UnknownMessage) -> None:
        """Settle the message as accepted, as the server's log says, if it is still unknown."""
        with writing(self.engine) as connection:
            logged_messages.accept(connection, message, now=self.now())

    def release_logged(self, message: UnknownMessage) -> None:
        """Let the message be sent, as the server's log shows that it was not accepted."""
        with writing(self.engine) as connection:
            logged_messages.release(connection, message)

    # The canary.

    def identity(self) -> str:
        """The identity of the database, which events repeat."""
        with reading(self.engine) as connection:
            return read_installation(connection).identity

    def canary_is_due(self, transport: Transport, *, window: timedelta) -> bool:
        """Whether a batch has been unknown for ``window``, and no request since then could bring evidence."""
        with reading(self.engine) as connection:
            return canary.is_due(connection, transport.name, window=window, now=self.now())

    def begin_canary(self, transport: Transport, token: str, *, request_sha256: str, now: datetime) -> None:
        """Record durably that the canary may be written from now on."""
        with writing(self.engine) as connection:
            link = canary.begin(connection, transport.name, token, request_sha256=request_sha256, now=now)
        self._follow(link)

    def end_canary(self, token: str, *, was: canary.Answer, detail: str | None) -> None:
        """Record what became of the canary, unless an event has said so before."""
        with writing(self.engine) as connection:
            canary.end(connection, token, was=was, detail=detail, now=self.now())

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

    def slow_domain_down(self, claimed: Claim, transport: Transport, *, reason: str) -> bool:
        """Count that the only recipient's domain wants less; return whether it is paused for that."""
        with writing(self.engine) as connection:
            return answers.slow_domain_down(connection, claimed, transport, reason=reason, now=self.now())

    def domain_pauses(self, transport: Transport) -> Sequence[DomainPause]:
        """The receiving domains that get nothing at present."""
        with reading(self.engine) as connection:
            return receiving_domains.current_pauses(connection, transport.name, now=self.now())

    def end_domain_pause(self, claimed: Claim, transport: Transport) -> None:
        """Forget the refusals of the only recipient's domain: it has accepted a message."""
        if len(claimed.recipients) > 1:
            return
        with reading(self.engine) as connection:
            if not receiving_domains.is_failing(connection, transport.name):
                return
        with writing(self.engine) as connection:
            receiving_domains.note_acceptance(connection, claimed.recipients[0].address, transport.name)

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

    def _follow(self, link: Link) -> None:
        assert self.mark is not None, "a ledger without a high-water mark cannot send"
        self.mark.advance(link)

    def _recipients_in_an_hour(self, connection: Connection, transport: Transport) -> int | None:
        """Today's hourly limit; None without one."""
        if not self.hourly_limit.is_limited:
            return None
        today = self.now().date()
        if self._days is None or self._days[0] != today:
            self._days = today, days_with_mail(connection, transport.name, now=self.now())
        return self.hourly_limit.on_day(self._days[1])
