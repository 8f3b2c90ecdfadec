"""Settles unknown batches as far as there is evidence; one process and workers do it between batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from subscribers.delivery.canary import send_canary
from subscribers.delivery.log_evidence import LogEvidence
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import forget_bodies, release_unsent
from subscribers.settings import Sender
from subscribers.transports import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The rules of evidence: how long an unknown batch waits for events, and where the canary is sent.

    With the log of a mail server there are no events, and a message in the log takes their place.
    """

    window: timedelta
    canary: str
    retention: timedelta = timedelta()  # of raw posts
    log: LogEvidence | None = None

    def reconcile(self, ledger: Ledger, transport: Transport, *, sender: Sender) -> None:
        """Release batches that cannot have been sent, or send a canary to find out; drop old event bodies."""
        forget_bodies(ledger.engine, before=ledger.now() - self.retention)
        if self.log is not None:
            self.log.settle(ledger, transport, sender=sender)
        release_unsent(ledger.engine, window=self.window, now=ledger.now())
        if self.log is not None and not self.log.needs_later_message:
            return
        if ledger.canary_is_due(transport, window=self.window):
            send_canary(ledger, transport, sender=sender, address=self.canary)
