"""Settles unknown batches as far as there is evidence; one process and workers do it between batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from subscribers.delivery.canary import send_canary
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import forget_bodies, release_unsent
from subscribers.settings import Sender
from subscribers.transports import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The rules of evidence: how long an unknown batch waits for events, and where the canary is sent."""

    window: timedelta
    canary: str
    retention: timedelta = timedelta()  # of raw posts

    def reconcile(self, ledger: Ledger, transport: Transport, *, sender: Sender) -> None:
        """Release batches that cannot have been sent, or send a canary to find out; drop old event bodies."""
        forget_bodies(ledger.engine, before=ledger.now() - self.retention)
        release_unsent(ledger.engine, window=self.window, now=ledger.now())
        if ledger.canary_is_due(transport, window=self.window):
            send_canary(ledger, transport, sender=sender, address=self.canary)
