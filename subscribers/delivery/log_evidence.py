"""Settles unknown messages by the log of the mail server that they were handed to.

A log that names a message with its sender and its recipient shows that it was accepted. It shows the opposite
only if it covers the time without a gap: it begins earlier, some time has passed, a later message of ours is
in it, and so are the others around it that the server said it accepted. A server with one name can be several
machines, each with a log of its own: then all of these logs are needed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from subscribers.ledger.ledger import Ledger
from subscribers.ledger.logged_messages import UnknownMessage
from subscribers.settings import Sender
from subscribers.smtp_logs.following import CLOCKS_APART, LogFollower
from subscribers.smtp_logs.log_files import LogUnreadableError
from subscribers.smtp_logs.reading import Outcomes
from subscribers.smtp_logs.record import Fate
from subscribers.transports import Transport

# A sender may take a minute for the connection, 15 for the envelope and three for the data, and the server
# ten for its answer: the times in subscribers/transports/smtp.py.
QUIET = timedelta(minutes=30)
EARLIER = timedelta(hours=1)  # from which messages before the unknown one are compared
BETWEEN_PROOFS = timedelta(minutes=1)  # a proof reads the log since before the unknown message

log = logging.getLogger(__name__)


@dataclass
class LogEvidence:
    """The logs of the mail server, and how far they were read.

    ``quiet`` is how long a message may still be accepted after its sender was last heard of. ``zone`` is that
    of times without a zone; by default it is this machine's.
    """

    paths: tuple[Path, ...]
    quiet: timedelta = QUIET
    between_proofs: timedelta = BETWEEN_PROOFS
    zone: tzinfo | None = None
    # Whether a proof waits for a message that the server accepts later than the unknown one.
    needs_later_message: bool = False
    _watches: list[_Watch] = field(default_factory=list)
    _next_proof_at: datetime | None = None
    _said: set[str] = field(default_factory=set)

    def settle(self, ledger: Ledger, transport: Transport, *, sender: Sender) -> None:
        """Settle the messages that the logs know.

        A log that cannot be read settles nothing, and the problem is named once.
        """
        self.needs_later_message = False
        unknown = ledger.unknown_messages(transport, domain=sender.address.domain)
        self._watch(unknown)
        try:
            for watch in self._watches:
                watch.read_on()
            accepted = {message.token for message in unknown if self._is_accepted(message, sender)}
            for message in unknown:
                if message.token in accepted:
                    ledger.accept_logged(message)
            self._release_unsent([m for m in unknown if m.token not in accepted], ledger, transport, sender)
        except LogUnreadableError as error:
            self._watches.clear()
            if str(error) not in self._said:
                self._said.add(str(error))
                log.warning("%s", error)

    def _watch(self, unknown: Sequence[UnknownMessage]) -> None:
        """Follow the logs for each unknown message from its claim on; stop for those that are settled."""
        tokens = {message.token for message in unknown}
        self._watches = [watch for watch in self._watches if watch.tokens & tokens]
        watched = {token for watch in self._watches for token in watch.tokens}
        if new := [message for message in unknown if message.token not in watched]:
            self._watches.append(
                _Watch(
                    tokens={message.token for message in new},
                    logs=self._follow(
                        {message.message_id for message in new},
                        since=min(message.claimed_at for message in new),
                    ),
                )
            )

    def _follow(self, message_ids: set[str], *, since: datetime) -> list[LogFollower]:
        wanted = message_ids.__contains__
        return [LogFollower(path, since=since, wanted=wanted, zone=self.zone) for path in self.paths]

    def _is_accepted(self, message: UnknownMessage, sender: Sender) -> bool:
        senders = {sender.address.addr_spec}
        if sender.return_path is not None:
            senders |= sender.return_path.addresses_for(
                message.delivery, publication=message.publication, pseudonym_key=message.pseudonym_key
            )
        return any(
            outcome.fate.is_accepted
            and any(outcome.fits(message.address, sender=envelope) for envelope in senders)
            for watch in self._watches
            if message.token in watch.tokens
            for outcome in watch.outcomes.of(message.message_id)
        )

    def _release_unsent(
        self, unknown: Sequence[UnknownMessage], ledger: Ledger, transport: Transport, sender: Sender
    ) -> None:
        """Let those be sent again that the logs show not to be accepted."""
        now = ledger.now()
        ripe = [message for message in unknown if message.last_known_at + self.quiet <= now]
        if not ripe or (self._next_proof_at is not None and now < self._next_proof_at):
            return
        self._next_proof_at = now + self.between_proofs
        for message in ripe:
            before, after = ledger.accepted_message_ids(
                transport,
                domain=sender.address.domain,
                since=message.claimed_at - EARLIER,
                before=message.claimed_at,
                after=message.last_known_at + self.quiet,
            )
            if not after:
                self.needs_later_message = True
            elif self._is_missing(message, around={*before, *after}):
                ledger.release_logged(message)

    def _is_missing(self, message: UnknownMessage, *, around: set[str]) -> bool:
        """Whether the logs have no gap, know all messages around this one, and do not know this one."""
        logs = self._follow({message.message_id, *around}, since=message.claimed_at - EARLIER)
        outcomes = Outcomes(record for file in logs for record in file.read_on())
        begins_before = message.claimed_at - CLOCKS_APART
        for span in (file.span for file in logs):
            if span.begins_at is None or span.begins_at > begins_before or span.dropped_at:
                return False
        if any(not any(o.fate.is_accepted for o in outcomes.of(message_id)) for message_id in around):
            return False
        return all(outcome.fate is Fate.REFUSED for outcome in outcomes.of(message.message_id))


@dataclass
class _Watch:
    """Some unknown messages, the logs as far as they were read for them, and what they say."""

    tokens: set[str]
    logs: list[LogFollower]
    outcomes: Outcomes = field(default_factory=Outcomes)

    def read_on(self) -> None:
        for file in self.logs:
            for record in file.read_on():
                self.outcomes.add(record)
